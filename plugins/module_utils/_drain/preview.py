# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain would begin with, found without writing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.intake import Intake
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import preview_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.plan import Planner
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.seats import Seats
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.sight import Sight
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.state import DrainState
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.tell import (
    figures,
    figures_text,
    round_result,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.reserves import reserves
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json


def preview_drain(
    source: KubeApi, target: KubeApi | None, settings: Settings, policies: Policies, clock: Clock
) -> Json:
    """What a drain would begin with. A target that does not exist yet (None), or has no Agones, has no seats."""
    warnings = preview_slots(source, target, policies, settings, clock)
    first_target, reserve = _look_at_seats(target, settings, policies, clock) if target else ([], {})
    first = WatchFeed(source, settings.namespaces, 0.0, clock).relist()
    return {**preview(policies, settings, reserve, clock, first, first_target), "warnings": warnings}


def _look_at_seats(
    target: KubeApi, settings: Settings, policies: Policies, clock: Clock
) -> tuple[list[Event], dict[Key, int]]:
    try:
        first = WatchFeed(target, settings.namespaces, 0.0, clock).relist()
        kept = reserves(target, settings.namespaces, settings.reserve_seats, first, policies.default.domain)
    except (NotFound, NoFleets):
        return [], {}
    return first, kept


def preview(
    policies: Policies,
    settings: Settings,
    reserve: Mapping[Key, int],
    clock: Clock,
    first: Sequence[Event],
    first_target: Sequence[Event],
) -> Json:
    """The module's result in check mode, given the lists of both slots."""
    now = clock.now().timestamp()
    state = DrainState(policies, Memory(policies.default.run, now), reserve)
    intake, planner = Intake(state, Sight(state), settings, clock), Planner(state, Seats(state))
    intake.take_target(first_target)
    intake.take_source(first)
    before = len(state.memory.active)
    signals = [action for action in planner.plan(now) if isinstance(action, Signal)]
    told = figures(state, planner.held, now)
    result = round_result(told, figures_text(told, settings.source_slot), before, changed=bool(before), finished=True)
    at_once = len(signals) if state.target.servers else "unknown: the target has no game servers yet"
    diff = {
        "before": {"sessions": before},
        "after": {"sessions": 0, "signalled_at_once": at_once, "mode": policies.default.mode},
    }
    return {**result, "drained": not before, "diff": diff}
