# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The provider `document`: a session destination in a store, with readers that write back what they act on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.config_map import ConfigMapStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    CLOSED,
    OPEN,
    Destination,
    DocumentStore,
    ReaderState,
    Stored,
    describe_readers,
    parse_document,
    plan_queue,
    plan_weights,
    queue_of,
    render_document,
    sort_readers,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.kubernetes import (
    PLACE_ARGUMENTS,
    cluster_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.parameter_store import ParameterStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    MATCH,
    NO_QUEUE,
    PER_SLOT,
    SHARED,
    Capabilities,
    ClientMaker,
    Evidence,
    Moved,
    Queue,
    Reading,
    moved,
    no_queue,
)

SWITCH_ATTEMPTS = 3
UNSEEN = Evidence(False, "its readers were not listed")


@dataclass(frozen=True)
class DocumentSettings:
    """What the user says about the document: cluster names by slot, when a reader counts as gone, and its game."""

    clusters: Mapping[str, str]
    reader_ttl_seconds: float
    queue: str = NO_QUEUE
    endpoint_ttl_seconds: float = 0.0


class DocumentProvider:
    """Routing by a document."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "type": "dict",
        "options": {
            "parameter": {"type": "str"},
            "config_map": {"type": "dict", "options": {**PLACE_ARGUMENTS, "name": {"type": "str", "required": True}}},
            "clusters": {"type": "dict", "default": {}},
            "reader_ttl_seconds": {"type": "float", "default": 15.0},
            "queue": {"type": "str", "choices": [NO_QUEUE, SHARED, PER_SLOT], "default": NO_QUEUE},
            "endpoint_ttl_seconds": {"type": "float", "default": 0.0},
        },
        "mutually_exclusive": [("parameter", "config_map")],
        "required_one_of": [("parameter", "config_map")],
    }

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> DocumentProvider:
        named = ("clusters", "reader_ttl_seconds", "queue", "endpoint_ttl_seconds")
        return cls(_store_of(given, clients, clock), DocumentSettings(**{name: given[name] for name in named}))

    def __init__(self, store: DocumentStore, settings: DocumentSettings) -> None:
        self._store = store
        self._settings = settings
        self.where = store.where

    def capabilities(self) -> Capabilities:
        return Capabilities(
            granularity=MATCH,
            weighted=True,
            atomic=True,
            cross_slot_allocation=True,
            queue=self._settings.queue,
            endpoint_ttl_seconds=self._settings.endpoint_ttl_seconds,
            writes=self._store.writes,
        )

    def read(self) -> Reading:
        stored, current = self._read()
        return self._reading(stored, current, self._evidence(current))

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        stored, current = self._read()
        if if_revision is not None and str(current.revision) != if_revision:
            raise moved(self.where, self._reading(stored, current, UNSEEN), if_revision)
        planned = plan_weights(current, weights, self._settings.clusters, token)
        self._store.write(render_document(planned), None if if_revision is None else stored.version)
        return str(planned.revision)

    def queue(self, slot: str) -> Queue:
        self._require_queue(slot)
        current = self._read()[1]
        return queue_of(current, self._readers(current), slot, per_slot=self._settings.queue == PER_SLOT)

    def open(self, slot: str) -> None:
        self._switch(slot, OPEN)

    def close(self, slot: str) -> None:
        self._switch(slot, CLOSED)

    def _switch(self, slot: str, state: str) -> None:
        """Someone else's write in between is kept: the queue is then switched in what they wrote."""
        self._require_queue(slot)
        for attempt in range(1, SWITCH_ATTEMPTS + 1):
            stored, current = self._read()
            planned = plan_queue(self.where, current, slot, state)
            if planned is None:
                return
            try:
                self._store.write(render_document(planned), stored.version)
            except Moved:
                if attempt == SWITCH_ATTEMPTS:
                    raise
            else:
                return

    def _require_queue(self, slot: str) -> None:
        if self._settings.queue == NO_QUEUE:
            raise no_queue(self.where, slot)

    def _read(self) -> tuple[Stored, Destination]:
        stored = self._store.read()
        if stored is None:
            raise BlueGreenError(
                f"there is no {self.where}: correct its name (eks_bluegreen_routing_document_parameter or "
                "eks_bluegreen_routing_document_config_map), or create it as the README of role session_routing shows"
            )
        return stored, parse_document(self.where, stored.value)

    def _readers(self, current: Destination) -> ReaderState:
        ttl = self._settings.reader_ttl_seconds
        return sort_readers(self._store.readers(), revision=current.revision, ttl_seconds=ttl)

    def _evidence(self, current: Destination) -> Evidence:
        """Who follows. Failing to see that ends no wait, and must never hold up a rollback."""
        try:
            readers = self._readers(current)
        except (BlueGreenError, AnsibleAWSError) as error:
            return Evidence(False, f"revision {current.revision}: its readers cannot be listed: {error}")
        text = describe_readers(readers, current.revision)
        return Evidence(readers.all_current, text, {"readers": _shown(readers)})

    def _reading(self, stored: Stored, current: Destination, evidence: Evidence) -> Reading:
        named = {**current.clusters, **self._settings.clusters}
        return Reading(
            weights=current.weights,
            revision=str(current.revision),
            token=current.token,
            evidence=evidence,
            age_seconds=stored.age_seconds,
            holds={"clusters": dict(current.clusters)},
            will_hold={"clusters": named},
        )


def _store_of(given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> DocumentStore:
    config_map = given["config_map"]
    if config_map:
        return ConfigMapStore(cluster_of(config_map["kubeconfig"]), config_map["namespace"], config_map["name"])
    return ParameterStore(clients("ssm"), given["parameter"], clock)


def _shown(state: ReaderState) -> dict[str, Any]:
    groups = {"current": state.current, "behind": state.behind, "gone": state.gone}
    return {
        name: [{**asdict(reader), "age_seconds": round(reader.age_seconds, 1)} for reader in readers]
        for name, readers in groups.items()
    }
