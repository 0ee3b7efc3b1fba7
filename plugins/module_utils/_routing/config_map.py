# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The document in a ConfigMap, for matchmakers that live in Kubernetes only."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import CONFIG_MAPS, Conflict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    Reader,
    Stored,
    parse_reader,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.kubernetes import (
    DOMAIN,
    Kube,
    age_seconds,
    conditional,
    version_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import CONDITIONAL, Moved

DOCUMENT_KEY = "destination"
READER_KEY = "reader"
READER_LABEL = f"{DOMAIN}/reader-of"


class ConfigMapStore:
    """The document's ConfigMap, and one of each reader, with the label `eks-bluegreen.gameops/reader-of`."""

    writes = CONDITIONAL

    def __init__(self, api: Kube, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._path = CONFIG_MAPS.path(namespace, name)
        self.where = f"ConfigMap {namespace}/{name} of {api.server}"

    def read(self) -> Stored | None:
        found = self._api.find(self._path)
        if found is None:
            return None
        value = (found.get("data") or {}).get(DOCUMENT_KEY)
        if value is None:
            raise BlueGreenError(f"{self.where} has no key {DOCUMENT_KEY}: put the session destination there")
        return Stored(str(value), version_of(found), age_seconds(found, self._api.server_time()))

    def write(self, value: str, if_version: str | None) -> None:
        try:
            self._api.patch(self._path, conditional({"data": {DOCUMENT_KEY: value}}, if_version))
        except Conflict:
            raise Moved(
                f"someone else wrote {self.where} while this run did, and this run's write was refused: find out who, "
                "then start again"
            ) from None

    def readers(self) -> list[Reader]:
        """The readers, with their ages by the API server's clock."""
        found, _version = self._api.list(CONFIG_MAPS.path(self._namespace), selector=f"{READER_LABEL}={self._name}")
        now = self._api.server_time()
        return [
            parse_reader(
                str(one["metadata"]["name"]), str((one.get("data") or {}).get(READER_KEY, "")), age_seconds(one, now)
            )
            for one in found
        ]
