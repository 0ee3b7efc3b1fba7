"""Which quota an instance type counts against."""

from __future__ import annotations

import re

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import (
    ACTION_GROUPS,
    BALANCER_GROUPS,
    BALANCER_TARGETS,
    CLASSES,
    LOAD_BALANCING,
    ON_DEMAND,
    RULES,
    SERVICE_QUOTAS,
    SPOT,
    TARGET_GROUPS,
    VCPUS,
    class_of,
    vcpu_quota,
)

BALANCING = [
    TARGET_GROUPS,
    *(quota for table in (RULES, BALANCER_GROUPS, BALANCER_TARGETS, ACTION_GROUPS) for quota in table.values()),
]


@pytest.mark.parametrize(
    ("instance_type", "found"),
    [
        ("c7i.2xlarge", "standard"),
        ("im4gn.large", "standard"),
        ("m7i-flex.large", "standard"),
        ("g5.xlarge", "g"),
        ("gr6.4xlarge", "g"),
        ("vt1.3xlarge", "g"),
        ("inf2.xlarge", "inf"),
        ("hpc7g.4xlarge", "hpc"),
        ("u-6tb1.metal", "u"),
        ("x2gd.medium", "x"),
        ("", ""),
    ],
)
def test_classes_of_instance_types(instance_type: str, found: str) -> None:
    assert class_of(instance_type) == found


def test_spot_has_a_quota_of_its_own() -> None:
    codes = [quota.code for quota in (vcpu_quota("c7i.large", one) for one in ("ON_DEMAND", "SPOT")) if quota]
    assert codes == ["L-1216C47A", "L-34B43A08"]
    assert vcpu_quota("hpc7g.4xlarge", "SPOT") is None


def test_a_kind_that_the_table_does_not_know_has_no_quota() -> None:
    assert vcpu_quota("quantum1.large", ON_DEMAND) is None
    assert vcpu_quota("", SPOT) is None


def test_every_class_of_the_table_has_a_quota_on_demand() -> None:
    assert {(kind, ON_DEMAND) for kind in CLASSES.values()} <= set(VCPUS)
    assert {market for _kind, market in VCPUS} == {ON_DEMAND, SPOT}


def test_a_code_names_one_quota_as_its_service_writes_it() -> None:
    service_quotas = [*SERVICE_QUOTAS, *VCPUS.values()]
    codes = [quota.code for quota in service_quotas]
    assert len(codes) == len(set(codes))
    assert [code for code in codes if not re.fullmatch("L-[0-9A-F]{8}", code)] == []
    assert {quota.service for quota in BALANCING} == {LOAD_BALANCING}
    assert len({quota.code for quota in BALANCING}) == len(BALANCING)
