"""The document as a provider, over a store of the test's own. The kit runs over it in test_config_map."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import Reader, Stored
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Moved

FIRST = {
    "v": 1,
    "revision": 6,
    "token": "seed",
    "weights": {"blue": 100, "green": 0},
    "clusters": {"blue": "arena-blue", "green": "arena-green"},
    "motd": "hello",
}
GREEN = {"blue": 0, "green": 100}


class Store:
    where = "drawer 3"
    writes = "conditional"

    def __init__(self) -> None:
        self.value: str | None = json.dumps(FIRST)
        self.written: list[str | None] = []
        self.found: Sequence[Reader] | Exception = [Reader("pod-1", "blue", 6, 0.5, 2, 4.0)]

    def read(self) -> Stored | None:
        return None if self.value is None else Stored(self.value, "v3", 12.0)

    def write(self, value: str, if_version: str | None) -> None:
        self.value = value
        self.written.append(if_version)

    def readers(self) -> Sequence[Reader]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def provider_on(store: Store, clusters: dict[str, str] | None = None, queue: str = "none") -> DocumentProvider:
    return DocumentProvider(store, DocumentSettings(clusters or {}, 10, queue))


def test_a_reading_has_the_readers_for_evidence() -> None:
    reading = provider_on(Store()).read()
    assert (reading.weights, reading.revision, reading.token, reading.age_seconds) == (
        FIRST["weights"],
        "6",
        "seed",
        12,
    )
    assert (reading.evidence.followed, reading.evidence.text) == (True, "revision 6: read back by 1 of 1 readers")
    assert reading.evidence.details["readers"]["current"][0]["id"] == "pod-1"
    assert not reading.differs


def test_readers_that_cannot_be_listed_are_no_evidence_and_no_failure() -> None:
    store = Store()
    store.found = BlueGreenError("AccessDenied")
    evidence = provider_on(store).read().evidence
    assert (evidence.followed, evidence.text) == (False, "revision 6: its readers cannot be listed: AccessDenied")


def test_a_write_keeps_the_games_own_fields_and_is_conditional_on_the_version() -> None:
    store = Store()
    assert provider_on(store).set(GREEN, "6", "run-1") == "7"
    assert json.loads(store.value or "") == {**FIRST, "revision": 7, "token": "run-1", "weights": GREEN}
    provider_on(store).set(GREEN, None, "run-1")
    assert store.written == ["v3", None]


def test_a_stale_revision_writes_nothing() -> None:
    store = Store()
    with pytest.raises(Moved, match="drawer 3 is at revision 6 with weights blue 100, green 0, set by seed"):
        provider_on(store).set(GREEN, "5", "run-1")
    assert store.written == []


def test_another_cluster_name_is_a_difference() -> None:
    reading = provider_on(Store(), {"green": "arena-green-2"}).read()
    assert reading.differs
    assert reading.will_hold == {"clusters": {"blue": "arena-blue", "green": "arena-green-2"}}


def test_a_queue_is_a_field_of_the_document() -> None:
    store = Store()
    provider = provider_on(store, queue="per_slot")
    assert (provider.queue("blue").depth, provider.queue("blue").oldest_seconds) == (2, 4.0)
    provider.close("blue")
    provider.close("blue")
    assert json.loads(store.value or "")["queues"] == {"blue": "closed"}
    assert json.loads(store.value or "")["revision"] == 7
    assert store.written == ["v3"]


def test_a_queue_is_switched_in_what_another_has_written_meanwhile() -> None:
    store = Store()
    write = store.write

    def rival_first(value: str, if_version: str | None) -> None:
        store.value = json.dumps({**FIRST, "revision": 9, "weights": GREEN})
        store.write = write  # type: ignore[method-assign]
        raise Moved("somebody else wrote")

    store.write = rival_first  # type: ignore[method-assign]
    provider_on(store, queue="per_slot").close("blue")
    found = json.loads(store.value or "")
    assert (found["weights"], found["revision"], found["queues"]) == (GREEN, 10, {"blue": "closed"})


def test_a_queue_that_is_never_left_alone_is_an_error() -> None:
    store = Store()

    def rival(value: str, if_version: str | None) -> None:
        raise Moved("somebody else wrote")

    store.write = rival  # type: ignore[method-assign]
    with pytest.raises(Moved):
        provider_on(store, queue="per_slot").close("blue")


def test_a_document_that_is_not_there_names_the_variables() -> None:
    store = Store()
    store.value = None
    with pytest.raises(
        BlueGreenError, match=r"no drawer 3: correct its name \(eks_bluegreen_routing_document_parameter or"
    ):
        provider_on(store).read()
