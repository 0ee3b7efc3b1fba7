"""The quotas that an upgrade counts against, and how they are read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import SERVICE_QUOTAS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_quotas import (
    needed_quotas,
    read_fargate_vcpus,
    read_limits,
)

from tests.unit.plugins.module_utils._preflight.account import NOW, Aws
from tests.unit.plugins.module_utils._preflight.worlds import NODEGROUP, WANTED


@pytest.mark.parametrize(
    ("groups", "codes"),
    [
        ([], set()),
        ([NODEGROUP], {"L-1216C47A"}),
        ([NODEGROUP, {**NODEGROUP, "name": "other"}], {"L-1216C47A"}),
        ([NODEGROUP, {**NODEGROUP, "capacity_type": "spot"}], {"L-1216C47A", "L-34B43A08"}),
        # Only the first type counts: AWS takes that one while there is capacity.
        ([{**NODEGROUP, "instance_types": ["g5.xlarge", "c7i.large"]}], {"L-DB2E81BA"}),
        ([{**NODEGROUP, "instance_types": ["quantum1.large"]}], set()),
        ([{**NODEGROUP, "instance_types": None}], set()),
    ],
)
def test_vcpus_count_by_class_and_market(groups: list[dict[str, object]], codes: set[str]) -> None:
    needed = needed_quotas(replace(WANTED, nodegroups=groups))
    assert needed[: len(SERVICE_QUOTAS)] == list(SERVICE_QUOTAS)
    assert {quota.code for quota in needed[len(SERVICE_QUOTAS) :]} == codes


def test_a_quota_that_was_never_raised_is_the_default() -> None:
    limits = read_limits(Aws(), WANTED, Reads())
    assert set(limits) == {quota.code for quota in needed_quotas(WANTED)}
    # This account has no value of its own for Fargate.
    assert (limits["L-1216C47A"], limits["L-3032A538"]) == (100.0, 6.0)


def test_what_may_not_be_read_is_told_once_and_the_rest_is_known() -> None:
    class NoFargate(Aws):
        def get_aws_default_service_quota(self, ServiceCode: str, QuotaCode: str) -> dict[str, object]:  # noqa: N803
            raise self.error("AccessDeniedException")

    reads = Reads()
    limits = read_limits(NoFargate(), WANTED, reads)
    assert "L-3032A538" not in limits
    assert limits["L-1216C47A"] == 100.0
    (problem,) = reads.problems
    assert (problem.severity, problem.check, problem.resource) == ("warning", "quota_readable", "Service Quotas")
    assert "more that could not be read" not in problem.finding


def test_the_newest_figure_of_fargate_counts() -> None:
    assert read_fargate_vcpus(Aws(), NOW, Reads()) == 3.5
    assert read_fargate_vcpus(Aws("get_metric_statistics"), NOW, Reads()) is None
