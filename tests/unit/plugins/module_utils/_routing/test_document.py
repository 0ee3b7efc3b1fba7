"""The session destination document: parsing, planning, readers."""

from __future__ import annotations

import json

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    CLOSED,
    OPEN,
    Destination,
    Reader,
    describe_readers,
    document_of,
    parse_document,
    parse_reader,
    plan_queue,
    plan_weights,
    queue_of,
    render_document,
    sort_readers,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Queue

NAME = "parameter /arena/session-destination"
CLUSTERS = {"blue": "arena-blue", "green": "arena-green"}
GREEN = {"blue": 0, "green": 100}
BLUE = Destination(revision=6, token="seed", weights={"blue": 100, "green": 0}, clusters=CLUSTERS)


def test_a_document_survives_the_round_trip_with_the_games_own_fields() -> None:
    text = json.dumps(
        {"v": 1, "revision": 6, "token": "seed", "weights": {"blue": 1}, "clusters": {"blue": "b"}, "motd": "hello"}
    )
    destination = parse_document(NAME, text)
    assert destination.extra == {"motd": "hello"}
    assert json.loads(render_document(destination)) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "not JSON"),
        ("[]", 'no "v": 1'),
        ('{"v": 2}', 'no "v": 1'),
        ('{"v": 1, "revision": "7"}', "revision is '7'"),
        ('{"v": 1, "revision": 7, "weights": {}}', "weights are {}"),
        ('{"v": 1, "revision": 7, "weights": {"blue": 1.5}}', "weights are"),
        ('{"v": 1, "revision": 7, "weights": {"blue": 1}, "clusters": null}', "clusters are None"),
        ('{"v": 1, "revision": 7, "weights": {"blue": 1}, "clusters": {}, "queues": {"blue": true}}', "queues are"),
    ],
)
def test_a_parameter_that_is_no_destination_says_why(text: str, problem: str) -> None:
    with pytest.raises(BlueGreenError, match=NAME) as caught:
        parse_document(NAME, text)
    assert problem in caught.value.message


def test_a_move_is_the_next_revision_with_the_callers_token() -> None:
    assert plan_weights(BLUE, GREEN, {}, "run-1") == Destination(7, "run-1", GREEN, CLUSTERS)


def test_a_move_names_the_clusters_anew() -> None:
    planned = plan_weights(BLUE, BLUE.weights, {"blue": "arena-blue-2"}, "run-1")
    assert planned.clusters == {"blue": "arena-blue-2", "green": "arena-green"}


def test_a_slot_without_a_cluster_gets_no_weight() -> None:
    with pytest.raises(BlueGreenError, match="no cluster is named for green"):
        plan_weights(BLUE, GREEN, {"green": ""}, "run-1")


def test_a_queue_is_the_next_revision_of_the_same_writer() -> None:
    closed = plan_queue(NAME, BLUE, "blue", CLOSED)
    assert closed
    assert (closed.revision, closed.token, closed.is_open("blue"), closed.is_open("green")) == (7, "seed", False, True)
    assert document_of(closed)["queues"] == {"blue": "closed"}
    assert parse_document(NAME, render_document(closed)) == closed
    assert plan_queue(NAME, closed, "blue", CLOSED) is None
    opened = plan_queue(NAME, closed, "blue", OPEN)
    assert opened
    assert opened.is_open("blue")


def test_a_queue_of_no_slot_is_refused() -> None:
    with pytest.raises(BlueGreenError, match="has the slots blue, green, but no red whose queue could be closed"):
        plan_queue(NAME, BLUE, "red", CLOSED)


@pytest.mark.parametrize(
    ("readers", "per_slot", "queue"),
    [
        ([], True, Queue(None, 0.0, True)),
        ([("blue", 2, 3.0), ("blue", 1, 9.0), ("green", 7, 99.0)], True, Queue(3, 9.0, True)),
        ([("blue", 2, 3.0), ("blue", None, 0.0)], True, Queue(None, 3.0, True)),
        ([("green", 7, 1.0)], True, Queue(None, 0.0, True)),
        ([("blue", 4, 2.0), ("green", 5, 3.0)], False, Queue(5, 3.0, True)),
    ],
)
def test_what_waits_is_what_the_live_readers_of_the_queue_tell(
    readers: list[tuple[str, int | None, float]], per_slot: bool, queue: Queue
) -> None:
    told = [Reader(f"r{number}", slot, 6, 1.0, *rest) for number, (slot, *rest) in enumerate(readers)]  # type: ignore[arg-type]
    gone = Reader("gone", "blue", 6, 99.0, 50, 50.0)
    state = sort_readers([*told, gone], revision=6, ttl_seconds=10)
    assert queue_of(BLUE, state, "blue", per_slot=per_slot) == queue


@pytest.mark.parametrize(
    ("text", "revision", "slot"),
    [
        ('{"revision": 7, "slot": "blue", "at": "2026-11-01T00:00:00Z"}', 7, "blue"),
        ('{"revision": "7"}', 0, ""),
        ("broken", 0, ""),
        ("[]", 0, ""),
    ],
)
def test_a_reader_that_cannot_be_read_has_read_back_nothing(text: str, revision: int, slot: str) -> None:
    assert parse_reader("pod-1", text, 2.0) == Reader("pod-1", slot, revision, 2.0)


@pytest.mark.parametrize(
    ("readers", "all_current", "text"),
    [
        ([], False, "revision 7: no live reader has read it back"),
        ([("a", 7, 99.0)], False, "revision 7: no live reader has read it back"),
        ([("a", 7, 1.0), ("b", 8, 1.0)], True, "revision 7: read back by 2 of 2 readers"),
        ([("a", 7, 1.0), ("b", 6, 99.0)], True, "revision 7: read back by 1 of 1 readers"),
        ([("a", 7, 1.0), ("b", 6, 1.0)], False, "revision 7: read back by 1 of 2 readers, missing b (at 6)"),
        (
            [(f"r{n}", 6, 1.0) for n in range(7)],
            False,
            "revision 7: read back by 0 of 7 readers, missing r0 (at 6), r1 (at 6), r2 (at 6), r3 (at 6), r4 (at 6)"
            " and 2 more",
        ),
    ],
)
def test_readers(readers: list[tuple[str, int, float]], all_current: bool, text: str) -> None:
    state = sort_readers([Reader(name, "blue", rev, age) for name, rev, age in readers], revision=7, ttl_seconds=10)
    assert state.all_current is all_current
    assert describe_readers(state, 7) == text
