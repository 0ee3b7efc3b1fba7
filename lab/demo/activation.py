"""What only the active slot may do, as things are now: let the matchmakers allocate, and call the game's events."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from lab.world import seed
from lab.world.config import LabConfig, LabError

MATCHMAKERS = "arena-matchmakers"


def may_allocate(config: LabConfig, cluster: str) -> bool:
    """Whether a cluster's API server lets the matchmakers allocate. Raises LabError."""
    facts = json.loads((config.cluster_dir(cluster) / "cluster.json").read_text())
    command = [
        *(str(config.binary("kubectl")), "--kubeconfig", facts["kubeconfig"]),
        *("auth", "can-i", "create", "gameserverallocations.allocation.agones.dev"),
        *("--namespace", seed.GAME, "--as", "a-matchmaker", "--as-group", MATCHMAKERS),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    answer = result.stdout.strip()
    if answer not in ("yes", "no"):
        raise LabError(f"{cluster} does not say who may allocate: {result.stderr.strip()[-300:]}")
    return answer == "yes"


def last_event(config: LabConfig) -> Any:
    """The last event that a director has called; its schema is in lab.game.director."""
    parameter = seed.Account(config).client("ssm").get_parameter(Name=seed.DIRECTOR_DOCUMENT)
    return json.loads(parameter["Parameter"]["Value"])


def exclusive(config: LabConfig) -> dict[str, Any]:
    """How exclusive the active slot is: for the demo's figures."""
    event = last_event(config)
    return {
        "may_allocate_on": [slot for slot, name in seed.CLUSTER_NAMES.items() if may_allocate(config, name)],
        "director_in": event["slot"],
        "directors_at_once": event["overlaps"],
    }
