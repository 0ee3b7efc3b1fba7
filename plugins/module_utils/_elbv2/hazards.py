# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What keeps clients where they are, whatever the weights say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward, TargetGroup

GROUP_STICKINESS = "group_stickiness"
TARGET_STICKINESS = "target_stickiness"
SHOWN_IN_A_WARNING = 3

_EFFECTS = {
    GROUP_STICKINESS: "a cookie binds clients to a target group, even at weight 0",
    TARGET_STICKINESS: "clients stay with one target of the group",
}
_REMEDIES = {
    GROUP_STICKINESS: "turn TargetGroupStickinessConfig off, and wait that long before the swap",
    TARGET_STICKINESS: "set stickiness.enabled to false (module elbv2_target_group, attributes)",
}


@dataclass(frozen=True)
class Hazard:
    """One place with stickiness; `seconds` is how long it lasts, 0 where AWS sets no end."""

    kind: str
    resource: str
    seconds: int

    def shown(self) -> dict[str, Any]:
        """As the modules return it."""
        return {**asdict(self), "message": _EFFECTS[self.kind], "remedy": _REMEDIES[self.kind]}


def group_stickiness(forwards: Sequence[Forward]) -> list[Hazard]:
    """Listeners and rules that bind clients to the target group that served them first."""
    found = []
    for forward in forwards:
        for action in forward.actions:
            config = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
            if config.get("Enabled"):
                resource = f"{forward.load_balancer} {forward.where}"
                found.append(Hazard(GROUP_STICKINESS, resource, int(config.get("DurationSeconds", 0))))
    return found


def target_stickiness(group: TargetGroup, attributes: Mapping[str, str]) -> list[Hazard]:
    """The stickiness that a target group's attributes ask for."""
    if attributes.get("stickiness.enabled") != "true":
        return []
    seconds = attributes.get(f"stickiness.{attributes.get('stickiness.type')}.duration_seconds", "0")
    return [Hazard(TARGET_STICKINESS, f"target group {group.name}", int(seconds))]


def warnings(hazards: Sequence[Hazard]) -> list[str]:
    """One line for each kind, however many places there are."""
    lines = []
    for kind, effect in _EFFECTS.items():
        places = [hazard for hazard in hazards if hazard.kind == kind]
        if places:
            named = ", ".join(place.resource for place in places[:SHOWN_IN_A_WARNING])
            more = len(places) - SHOWN_IN_A_WARNING
            longest = max(place.seconds for place in places)
            lasting = f" for up to {longest} s" if longest else ""
            lines.append(
                f"stickiness beats weights: {effect}{lasting}: {named}"
                f"{f' and {more} more' if more > 0 else ''}; {_REMEDIES[kind]}"
            )
    return lines
