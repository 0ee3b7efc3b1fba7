"""What the lab's operator may do: the policies of docs/iam, filled in with the names of the lab's inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dev.iam_policies import DOCS, named, render
from lab.world import seed
from lab.world.config import ACCOUNT_ID, LabConfig

# Grants what the other policies grant together.
WHOLE = "upgrade"


def operator_policies(config: LabConfig) -> Mapping[str, str]:
    """The policy documents of all phases, by name."""
    phases = sorted(path.stem for path in DOCS.glob("*.json"))
    return {name: text for phase in phases if phase != WHOLE for name, text in policies_for(phase, config).items()}


def policies_for(playbook: str, config: LabConfig) -> dict[str, str]:
    """The policy documents of one playbook, by name."""
    parts = render(json.loads((DOCS / f"{playbook}.json").read_text()), names(config))
    return {name: json.dumps(part) for name, part in named(playbook, parts)}


def names(config: LabConfig) -> dict[str, list[str]]:
    """The values of the placeholders; empty for what the lab does not use."""
    wanted = seed.inventory()

    def role(kind: str) -> list[str]:
        return [wanted[f"eks_bluegreen_{kind}_role_arn"].rpartition("role/")[2]]

    return {
        "region": [config.region],
        "account": [ACCOUNT_ID],
        "cluster": [slot["cluster_name"] for slot in wanted["eks_bluegreen_slots"].values()],
        "cluster role": role("cluster"),
        "node role": role("node"),
        "fargate role": role("fargate"),
        # No release of the lab has pod identities; these are roles that programs could wear.
        "pod role": [f"{seed.GAME}-matchmaker", f"{seed.GAME}-node"],
        "load balancer": wanted["eks_bluegreen_load_balancers"],
        "target group": [
            name for service in wanted["eks_bluegreen_services"] for name in service["target_groups"].values()
        ],
        "state bucket": [wanted["eks_bluegreen_state_bucket"]],
        "state prefix": ["eks-bluegreen"],
        "state key": [],
        "secrets key": [],
        "session document": [wanted["eks_bluegreen_routing_document_parameter"].removeprefix("/")],
        "token role": [],
        "launch template": [],
    }
