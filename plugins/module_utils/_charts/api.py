# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Helm's releases in a cluster, read with one call: Helm keeps each revision in a Secret."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock

SECRETS = "/api/v1/secrets"
SELECTOR = "owner=helm,status!=superseded"
GZIP = b"\x1f\x8b"


class HelmReleases:
    """The releases of one cluster."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def newest(self) -> list[HelmRelease]:
        """The newest revision of every release, whatever its status."""
        secrets = self._api.list(SECRETS, selector=SELECTOR)[0]
        now = self._clock.now()
        return newest_of(release_of(secret, now) for secret in secrets)


def release_of(secret: Mapping[str, Any], now: datetime) -> HelmRelease:
    """A release from its Secret, which holds base64 in base64, compressed since Helm 3."""
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    fields: dict[str, Any] = json.loads(gzip.decompress(packed) if packed.startswith(GZIP) else packed)
    created = datetime.fromisoformat(secret["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return HelmRelease(
        name=fields["name"],
        namespace=fields["namespace"],
        revision=int(fields["version"]),
        status=fields["info"]["status"],
        version=fields["chart"]["metadata"]["version"],
        values=fields.get("config") or {},
        age_seconds=max(0.0, (now - created).total_seconds()),
    )


def newest_of(releases: Iterable[HelmRelease]) -> list[HelmRelease]:
    """Of each release the highest revision."""
    newest: dict[tuple[str, str], HelmRelease] = {}
    for release in releases:
        key = (release.namespace, release.name)
        if key not in newest or newest[key].revision < release.revision:
            newest[key] = release
    return list(newest.values())
