from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev.iam_policies import DOCS
from lab.aws.operator_policies import operator_policies, policies_for
from lab.aws.permissions import Check, is_allowed
from lab.world.config import LabConfig

EKS = "arn:aws:eks:eu-west-1:123456789012:"
CONFIG = LabConfig(number=76, state=Path("/nowhere"), cache=Path("/nowhere"), images=Path("/nowhere"))


def test_the_operator_has_the_policies_of_all_phases() -> None:
    phases = {name.rsplit("-", 1)[0] if name[-1].isdigit() else name for name in operator_policies(CONFIG)}
    assert phases == {path.stem for path in DOCS.glob("*.json")} - {"upgrade"}


def test_the_upgrade_s_own_policy_grants_nothing_more() -> None:
    together = operator_policies(CONFIG).values()
    for document in policies_for("upgrade", CONFIG).values():
        for statement in json.loads(document)["Statement"]:
            context = tuple(
                (key, values[0]) for key, values in statement.get("Condition", {}).get("StringEquals", {}).items()
            )
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    assert is_allowed(together, Check(action, resource, context)), action


@pytest.mark.parametrize(
    ("playbook", "check", "allowed"),
    [
        ("provision", Check("eks:UpdateClusterConfig", f"{EKS}cluster/arena-green"), True),
        ("provision", Check("eks:UpdateClusterConfig", f"{EKS}cluster/prod"), False),
        ("provision", Check("eks:DeleteCluster", f"{EKS}cluster/arena-green"), False),
        ("decommission", Check("eks:DeleteCluster", f"{EKS}cluster/arena-green"), True),
        ("status", Check("s3:PutObject", "arn:aws:s3:::arena-eks-bluegreen/eks-bluegreen/arena/run.json"), False),
        ("rollback", Check("s3:PutObject", "arn:aws:s3:::arena-eks-bluegreen/eks-bluegreen/arena/run.json"), True),
    ],
)
def test_a_playbook_s_policy_reaches_as_far_as_the_playbook(playbook: str, check: Check, allowed: bool) -> None:
    assert is_allowed(policies_for(playbook, CONFIG).values(), check) is allowed
