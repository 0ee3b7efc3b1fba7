# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Look at a slot before a drain writes to it: what the runner may do there, and what is there."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    FLEETS,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import (
    Access,
    missing_access,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import refuse_unknown
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import (
    Slot,
    agones_version,
    denials,
    needed_on_source,
    needed_on_target,
    refusals,
    refuse_drain,
    what_charts_bring,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings

LIST_FLEETS = ("list", "fleets")
GET_NAMESPACES = ("get", "namespaces")


def look_at(api: KubeApi, title: str, namespaces: Sequence[str], needed: Sequence[Access]) -> Slot:
    """One slot as the review takes it. Nothing is read without the right to it: the missing verb says enough."""
    missing = missing_access(api, needed)
    denied = {(access.verb, access.resource) for access in missing}
    unknown = [] if GET_NAMESPACES in denied else [name for name in namespaces if not _exists(api, name)]
    if LIST_FLEETS in denied:
        return Slot(title, missing, unknown, None)
    try:
        found = [(name, fleet) for name in namespaces for fleet in api.list(FLEETS.path(name))[0]]
    except NotFound:
        return Slot(title, missing, unknown, None, installed=False)
    return Slot(
        title,
        missing,
        unknown,
        frozenset((namespace, str(fleet["metadata"]["name"])) for namespace, fleet in found),
        agones=agones_version(fleet for _namespace, fleet in found),
    )


def review_slots(
    source: KubeApi, target: KubeApi, policies: Policies, settings: Settings, clock: Clock, *, begins: bool
) -> None:
    """Look at both slots; raises BlueGreenError with all that is wrong."""
    slots = [_look_at_source(source, policies, settings), _look_at_target(target, policies, settings)]
    refuse_drain(refusals(policies, slots, clock.now().timestamp(), begins=begins))
    _refuse_unknown_predicate(source, settings)


def preview_slots(
    source: KubeApi, target: KubeApi | None, policies: Policies, settings: Settings, clock: Clock
) -> list[str]:
    """As review_slots, before the target is built or made ready; returns what would be refused as it is now.

    A target that does not exist yet (None), or has no Agones, is not judged.
    """
    on_source = _look_at_source(source, policies, settings)
    on_target = _look_at_target(target, policies, settings) if target else None
    wrong = refusals(policies, [on_source], clock.now().timestamp(), begins=True)
    if on_target is None or not on_target.installed:
        refuse_drain(wrong)
        lacking = []
    else:
        # The same plan may yet install the charts that bring a Fleet, a namespace or a newer Agones, and must not fail
        # while they are missing. No chart changes the runner's rights: a missing verb is refused now.
        refuse_drain([*wrong, *denials(on_target)])
        lacking = what_charts_bring(policies, on_source, on_target)
    _refuse_unknown_predicate(source, settings)
    return [f"{problem}; the drain will be refused unless the release's charts change that" for problem in lacking]


def _look_at_source(api: KubeApi, policies: Policies, settings: Settings) -> Slot:
    return look_at(api, settings.source_slot, settings.namespaces, needed_on_source(policies, settings.namespaces))


def _look_at_target(api: KubeApi, policies: Policies, settings: Settings) -> Slot:
    needed = needed_on_target(policies, settings.namespaces, settings.reserve_seats is None)
    return look_at(api, settings.target_slot, settings.namespaces, needed)


def _refuse_unknown_predicate(source: KubeApi, settings: Settings) -> None:
    if settings.predicate:
        fleets = [one for name in settings.namespaces for one in KubeFleets(source).fleets(name)]
        refuse_unknown(settings.predicate, fleets)


def _exists(api: KubeApi, namespace: str) -> bool:
    return api.find(f"/api/v1/namespaces/{namespace}") is not None
