# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The provider `follows_traffic`: each slot's matchmaker allocates on its own cluster, so requests decide.

It writes nothing: the load balancers' weights are moved by module elbv2_target_group_swap, and proven here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, ClassVar, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import PAIRS_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import read_weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    NO_QUEUE,
    NOTHING,
    REQUEST,
    Capabilities,
    ClientMaker,
    Evidence,
    Reading,
    WithoutQueue,
    listed,
)

# {"forwards": [...], "shares": {slot: {"lowest", "highest"}}}, as module elbv2_target_group_swap_info returns them.
ReadShares = Callable[[], Mapping[str, Any]]


class FollowsTrafficProvider(WithoutQueue):
    """Routing by the load balancers' weights."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {"type": "dict", "options": PAIRS_ARGUMENTS}

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> FollowsTrafficProvider:
        del clock
        api = SwapApi(clients("elbv2"))
        pairs = [(pair["blue"], pair["green"]) for pair in given["pairs"]]
        return cls(lambda: read_weights(api, given["load_balancers"], pairs))

    def __init__(self, read_shares: ReadShares) -> None:
        self._read_shares = read_shares
        self.where = "the load balancers' weights"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            granularity=REQUEST,
            weighted=True,
            atomic=False,
            cross_slot_allocation=False,
            queue=NO_QUEUE,
            endpoint_ttl_seconds=0.0,
            writes=NOTHING,
        )

    def read(self) -> Reading:
        found = self._read_shares()
        shares = found["shares"]
        text = json.dumps([found["forwards"], shares], sort_keys=True, default=str)
        return Reading(
            weights={slot: int(share["lowest"]) for slot, share in shares.items()},
            revision=hashlib.sha256(text.encode()).hexdigest()[:12],
            token="",
            evidence=_evidence(found),
        )

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        """Prove that the weights are there; nothing is written, so no write can be stale or carry a token."""
        del if_revision, token
        reading = self.read()
        if dict(reading.weights) != dict(weights):
            raise BlueGreenError(
                f"{self.where} are {listed(reading.weights)} in percent, not {listed(weights)}: let role traffic_shift "
                "move them first"
            )
        return reading.revision


def _evidence(found: Mapping[str, Any]) -> Evidence:
    number = len(found["forwards"])
    if not number:
        return Evidence(False, "no listener or rule forwards to the target groups")
    uneven = [slot for slot, share in found["shares"].items() if share["lowest"] != share["highest"]]
    text = f"weights of {number} listener actions and rules"
    return Evidence(not uneven, f"{text}, which differ for {', '.join(uneven)}" if uneven else text)
