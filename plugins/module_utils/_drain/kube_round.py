# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the drain, on the API servers of both slots."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SteadyClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import review_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import (
    DRAIN_SLICE_SECONDS,
    MORE_SECONDS,
    DrainRound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.skew import refuse_wrong_clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.reserves import reserves
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json


def drain_once(
    source: KubeApi,
    target: KubeApi,
    settings: Settings,
    policies: Policies,
    keeper: Keeper,
    clock: Clock,
    online: Callable[[], float] | None = None,
) -> Json:
    """One round of a drain, on API servers."""
    refuse_wrong_clock(source, clock, settings.source_slot)
    steady = SteadyClock(clock)
    source_feed = WatchFeed(source, settings.namespaces, DRAIN_SLICE_SECONDS + MORE_SECONDS, steady)
    target_feed = WatchFeed(target, settings.namespaces, DRAIN_SLICE_SECONDS + MORE_SECONDS, steady)
    one = DrainRound(
        policies=policies,
        source=KubeSource(source),
        target=KubeTarget(target),
        source_feed=source_feed,
        target_feed=target_feed,
        keeper=keeper,
        clock=steady,
        settings=settings,
        online=online,
    )
    one.review(lambda begins: review_slots(source, target, policies, settings, steady, begins=begins))
    first_target, first = in_parallel(lambda feed: feed.start(), [target_feed, source_feed])
    one.reserve = reserves(target, settings.namespaces, settings.reserve_seats, first_target, policies.default.domain)
    return one.run(first, first_target)
