# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A cluster's Fleets, their autoscalers and game servers, through its API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    ALLOCATION_POLICIES,
    AUTOSCALERS,
    CONFIG_MAPS,
    FLEETS,
    GAME_SERVERS,
    PODS,
    ApiFailure,
    Conflict,
    KubeApi,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access, missing_access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    NO_PREDICATE,
    Predicate,
    Server,
    read_server,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json


class NoFleets(BlueGreenError):
    """The cluster has no Agones yet, or no Fleet of the game."""


class KubeFleets:
    """A cluster's Fleets through its API server."""

    def __init__(self, api: KubeApi, predicate: Predicate = NO_PREDICATE) -> None:
        self._api = api
        self._predicate = predicate

    def fleets(self, namespace: str) -> list[Json]:
        try:
            return self._api.list(FLEETS.path(namespace))[0]
        except NotFound as error:
            raise NoFleets(
                f"{self._api.server} does not know the kind Fleet: install the release's Agones chart first "
                "(role platform_charts)"
            ) from error

    def autoscalers(self, namespace: str) -> list[Json]:
        return self._api.list(AUTOSCALERS.path(namespace))[0]

    def autoscaler(self, namespace: str, name: str) -> Json | None:
        return self._api.find(AUTOSCALERS.path(namespace, name))

    def policies(self, namespace: str) -> list[Json]:
        try:
            return self._api.list(ALLOCATION_POLICIES.path(namespace))[0]
        except NotFound:
            return []

    def servers(self, namespace: str) -> list[Server]:
        items, _version = self._api.list(GAME_SERVERS.path(namespace))
        return [read_server(item, predicate=self._predicate) for item in items]

    def pending(self, namespace: str, name: str) -> str:
        try:
            pod = self._api.find(PODS.path(namespace, name)) or {}
        except ApiFailure:
            # Pods need not be readable for anything else here.
            return ""
        conditions = (pod.get("status") or {}).get("conditions") or []
        unscheduled = (one for one in conditions if one.get("type") == "PodScheduled" and one.get("status") == "False")
        return next((str(one.get("message") or "") for one in unscheduled), "")

    def sessions(self, namespaces: Sequence[str]) -> int:
        """How many sessions some namespaces have."""
        return sum(server.is_session for namespace in namespaces for server in self.servers(namespace))

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        self._api.patch(FLEETS.path(namespace, name, "scale"), {"spec": {"replicas": replicas}})

    def patch_autoscaler(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        return self._api.patch(AUTOSCALERS.path(namespace, name), body)

    def create_autoscaler(self, namespace: str, body: Mapping[str, Any]) -> Json:
        return self._api.create(AUTOSCALERS.path(namespace), body)

    def delete_autoscaler(self, autoscaler: Mapping[str, Any]) -> None:
        metadata = autoscaler["metadata"]
        preconditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        self._api.delete(AUTOSCALERS.path(metadata["namespace"], metadata["name"]), preconditions=preconditions)

    def kept(self, namespace: str, shelf: str) -> dict[str, str]:
        return dict((self._api.find(CONFIG_MAPS.path(namespace, shelf)) or {}).get("data") or {})

    def keep(self, namespace: str, shelf: str, name: str, text: str) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": shelf}, "data": {name: text}}
        try:
            self._api.patch(CONFIG_MAPS.path(namespace, shelf), {"data": {name: text}})
        except NotFound:
            self._api.create(CONFIG_MAPS.path(namespace), body)

    def forget(self, namespace: str, shelf: str, name: str) -> None:
        path = CONFIG_MAPS.path(namespace, shelf)
        try:
            left = self._api.patch(path, {"data": {name: None}})
            if not left.get("data"):
                self._api.delete(path, preconditions={"resourceVersion": left["metadata"]["resourceVersion"]})
        except (NotFound, Conflict):
            # It is gone, or someone else has added something since.
            return

    def annotate_fleet(self, namespace: str, name: str, annotation: str, value: str | None) -> Json:
        return self._api.patch(FLEETS.path(namespace, name), {"metadata": {"annotations": {annotation: value}}})

    def missing(self, needed: Sequence[Access]) -> list[Access]:
        return missing_access(self._api, needed)
