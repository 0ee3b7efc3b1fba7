# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the providers that keep their state in Kubernetes objects have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping, Protocol

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import IMPORT_ERROR, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

DOMAIN = "eks-bluegreen.gameops"
# Where an object is, in the options of a provider.
PLACE_ARGUMENTS = {"kubeconfig": {"type": "path", "required": True}, "namespace": {"type": "str", "required": True}}


class Kube(Protocol):
    """The part of KubeApi that is used."""

    server: str

    def get(self, path: str) -> Json: ...

    def find(self, path: str) -> Json | None: ...

    def list(self, path: str, *, selector: str = "") -> tuple[list[Json], str]: ...

    def patch(self, path: str, body: Mapping[str, Any]) -> Json: ...

    def server_time(self) -> datetime: ...


def cluster_of(kubeconfig: str) -> Kube:
    """The cluster of a kubeconfig file."""
    if IMPORT_ERROR:
        raise BlueGreenError(missing_required_lib("kubernetes"))
    return connect(kubeconfig)


def version_of(obj: Json) -> str:
    """The resource version, which changes with each write."""
    return str(obj["metadata"]["resourceVersion"])


def conditional(body: Json, if_version: str | None) -> Json:
    """A merge patch that the API server refuses with a conflict when the object has another version by then."""
    if if_version is None:
        return body
    return {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": if_version}}


def written_at(obj: Json) -> datetime | None:
    """When a field of the object last changed, by the API server's clock."""
    fields = obj["metadata"].get("managedFields") or []
    times = [str(one["time"]) for one in fields if one.get("time")] or [obj["metadata"].get("creationTimestamp")]
    latest = max((text for text in times if text), default=None)
    return datetime.fromisoformat(latest.replace("Z", "+00:00")) if latest else None


def age_seconds(obj: Json, now: datetime) -> float:
    """How long ago the object was last changed."""
    written = written_at(obj)
    return max(0.0, (now - written).total_seconds()) if written else 0.0
