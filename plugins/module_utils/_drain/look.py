# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Look at a slot before a drain writes to it: what the runner may do there, and what there is."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    FLEETS,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import (
    Access,
    missing_access,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import Slot, agones_version

LIST_FLEETS = ("list", "fleets")
GET_NAMESPACES = ("get", "namespaces")


def look_at(api: KubeApi, title: str, namespaces: Sequence[str], needed: Sequence[Access]) -> Slot:
    """One slot as the review takes it. What may not be read is not read: the missing verb says enough."""
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


def _exists(api: KubeApi, namespace: str) -> bool:
    return api.find(f"/api/v1/namespaces/{namespace}") is not None
