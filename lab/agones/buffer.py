"""The Buffer policy of a FleetAutoscaler."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


class CannotScale(Exception):
    """Why a policy gives no size."""


@dataclass(frozen=True)
class Desired:
    """Replicas that a policy wants; `limited` if minimum or maximum had a say."""

    replicas: int
    limited: bool


def desired(policy: dict[str, Any], allocated: int) -> Desired:
    """Replicas for a Fleet with `allocated` Allocated servers.

    A percentage is of the future size: with 30 %, Allocated must be 70 % of the Fleet.
    """
    size = policy.get("bufferSize", 0)
    if isinstance(size, str):
        wanted = math.ceil(allocated * 100 / (100 - int(size.rstrip("%"))))
    else:
        wanted = allocated + int(size)
    bounded = min(max(wanted, int(policy.get("minReplicas") or 0)), int(policy["maxReplicas"]))
    return Desired(bounded, bounded != wanted)
