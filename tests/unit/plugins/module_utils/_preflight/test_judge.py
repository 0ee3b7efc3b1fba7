"""All findings together."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.judge import is_conformant, judge_upgrade

from tests.unit.plugins.module_utils._preflight.worlds import (
    BALANCER,
    WANTED,
    WORLD,
    findings,
    forward,
    group,
)


def test_a_sound_environment_has_no_finding() -> None:
    assert findings() == []
    assert is_conformant([])


def test_errors_come_first_once_and_can_be_accepted() -> None:
    world = replace(
        WORLD,
        balancers=[replace(BALANCER, forwards=[forward("arn:mm-blue", sticky=300)])],
        groups=[group("blue", {"stickiness.enabled": "true"})],
    )
    known = [Finding("error", "subnet_exists", "subnets", "none", "Name some")]
    found = judge_upgrade(WANTED, world, known * 2, ["stickiness"])
    assert [(one.severity, one.check) for one in found] == [
        ("error", "subnet_exists"),
        ("warning", "stickiness"),
        ("warning", "target_stickiness"),
    ]
