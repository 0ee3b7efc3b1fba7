# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The seats of a slot that are kept for players who arrive by themselves, as its autoscalers keep them."""

from __future__ import annotations

from typing import Iterable, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    count_by_fleet,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import buffer_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold import fleet_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import all_autoscalers


def reserves(
    api: KubeApi, namespaces: Sequence[str], seats: int | None, events: Iterable[Event], domain: str
) -> dict[Key, int]:
    """Seats to keep per Fleet: as many as the operator says, or (None) the buffers of the slot's autoscalers.

    An autoscaler that a hold has detached keeps no buffer now, and will again.
    """
    found: dict[Key, int] = {}
    servers = [read_server(item) for event in events if isinstance(event, Listed) for item in event.items]
    counts = count_by_fleet(servers)
    if seats is not None:
        return dict.fromkeys(counts, seats)
    slot = KubeFleets(api)
    for namespace in namespaces:
        fleets = {str(fleet["metadata"]["name"]): fleet for fleet in slot.fleets(namespace)}
        for autoscaler in all_autoscalers(slot, namespace, domain):
            name = fleet_of(autoscaler)
            allocated = counts.get((namespace, name), {}).get("Allocated", 0)
            found[(namespace, name)] = buffer_of(autoscaler, fleets.get(name, {}), allocated)
    return found
