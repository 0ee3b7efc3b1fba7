# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a drain would begin with, seen without a write."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi, NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import NoFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import preview_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import DrainRound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.reserves import reserves
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json


def preview_drain(
    source: KubeApi, target: KubeApi | None, settings: Settings, policies: Policies, clock: Clock
) -> Json:
    """What a drain would begin with. A target that does not exist yet (None), or has no Agones, has no seats."""
    warnings = preview_slots(source, target, policies, settings, clock)
    source_feed = WatchFeed(source, settings.namespaces, 0.0, clock)
    target_feed = WatchFeed(target or source, settings.namespaces if target else [], 0.0, clock)
    try:
        first_target = target_feed.relist()
        reserve = (
            reserves(target, settings.namespaces, settings.reserve_seats, first_target, policies.default.domain)
            if target
            else {}
        )
    except (NotFound, NoFleets):
        first_target, reserve = [], {}
    one = DrainRound(
        policies=policies,
        source=KubeSource(source),
        target=KubeTarget(target or source),
        source_feed=source_feed,
        target_feed=target_feed,
        keeper=NullKeeper(),
        clock=clock,
        reserve=reserve,
        settings=settings,
    )
    return {**one.preview(source_feed.relist(), first_target), "warnings": warnings}
