"""The session destination document: parsing, planning, readers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    Destination,
    Reader,
    Want,
    check_name,
    describe_readers,
    parse_document,
    parse_reader,
    plan_write,
    render_document,
    sort_readers,
    weights_of,
)

NAME = "/arena/session-destination"
CLUSTERS = {"blue": "arena-blue", "green": "arena-green"}
BLUE = Destination(revision=6, token="seed", weights={"blue": 100, "green": 0}, clusters=CLUSTERS)


def want(**changes: Any) -> Want:
    return Want(**{"weights": {"blue": 0, "green": 100}, "clusters": {}, "token": "run-1", **changes})


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
    ],
)
def test_a_parameter_that_is_no_destination_says_why(text: str, problem: str) -> None:
    with pytest.raises(BlueGreenError, match=NAME) as caught:
        parse_document(NAME, text)
    assert problem in caught.value.message


def test_a_move_is_the_next_revision_with_the_callers_token() -> None:
    planned = plan_write(NAME, BLUE, want(if_revision=6))
    assert planned == Destination(7, "run-1", {"blue": 0, "green": 100}, CLUSTERS)


@pytest.mark.parametrize(
    "asked",
    [
        want(weights={"blue": 100, "green": 0}),
        want(weights={"blue": 100, "green": 0}, clusters={"green": "arena-green"}),
        want(weights={"blue": 100, "green": 0}, if_revision=3, token="another"),
    ],
)
def test_a_destination_that_is_already_there_is_not_written(asked: Want) -> None:
    assert plan_write(NAME, BLUE, asked) is None


def test_the_second_call_of_the_same_write_finds_it_done() -> None:
    asked = want(if_revision=6)
    planned = plan_write(NAME, BLUE, asked)
    assert planned
    assert plan_write(NAME, planned, asked) is None


def test_a_renamed_cluster_is_a_change() -> None:
    planned = plan_write(NAME, BLUE, want(weights=BLUE.weights, clusters={"blue": "arena-blue-2"}))
    assert planned
    assert planned.clusters == {"blue": "arena-blue-2", "green": "arena-green"}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (want(if_revision=5), "somebody else moved it"),
        (want(weights={"green": 100}), "slots green, but .* slots blue, green"),
        (want(weights={"blue": 0, "green": 0}), "send sessions nowhere"),
        (want(weights={"blue": -1, "green": 101}), "send sessions nowhere"),
        (want(clusters={"green": ""}), "no cluster is named for green"),
    ],
)
def test_a_destination_that_cannot_be_is_refused(asked: Want, problem: str) -> None:
    with pytest.raises(BlueGreenError, match=problem):
        plan_write(NAME, BLUE, asked)


@pytest.mark.parametrize("name", ["", "arena", "/arena/"])
def test_a_name_that_is_no_path_names_the_variable(name: str) -> None:
    with pytest.raises(BlueGreenError, match="set session_routing_document_parameter"):
        check_name(name)


def test_weights_may_arrive_as_text() -> None:
    assert weights_of({"blue": "0", "green": 100}) == {"blue": 0, "green": 100}
    with pytest.raises(BlueGreenError, match="whole number"):
        weights_of({"blue": "half"})


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
    assert parse_reader(f"{NAME}/readers/pod-1", text, 2.0) == Reader("pod-1", slot, revision, 2.0)


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
