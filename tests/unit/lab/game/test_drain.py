from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.game import drain
from lab.game.drain import Drain, Match, Mode, Phase, Request

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=2)
MATCH = Match("allocation-1", players=5, ends_at=NOW + timedelta(seconds=90))


def request_text(**changes: Any) -> str:
    fields = {
        "v": 1,
        "run": "run-1",
        "seq": 1,
        "state": "requested",
        "mode": "disconnect",
        "allocation": "allocation-1",
        "not_before": "2026-11-23T12:00:02Z",
        "deadline": "2026-11-23T12:05:00Z",
        "spread_seconds": 10,
        "reason": "upgrade",
    }
    return json.dumps({name: value for name, value in {**fields, **changes}.items() if value is not None})


def request(**changes: Any) -> Request:
    return drain.parse_request(request_text(**changes))


def test_a_request_is_read() -> None:
    assert request() == Request("run-1", 1, "allocation-1", mode=Mode.DISCONNECT, not_before=SOON, spread_seconds=10.0)


def test_a_handoff_names_a_successor_and_closes_at_the_end_of_the_notice() -> None:
    successor = {"address": "127.0.0.9", "port": 7009, "uid": "uid-9"}
    heard = drain.hear(Drain(), request(mode="handoff", successor=successor), MATCH, NOW)
    assert heard is not None
    assert heard.request is not None
    assert heard.request.successor == drain.Successor("127.0.0.9", 7009, "uid-9")
    assert drain.closes_at(heard, MATCH) == SOON


@pytest.mark.parametrize("text", ["", "no", "[]", "null", '{"run": "r"}', '{"run": "r", "seq": "x"}'])
def test_a_request_that_does_not_say_whom_to_answer_is_unreadable(text: str) -> None:
    with pytest.raises(drain.Unreadable):
        drain.parse_request(text)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"v": 2}, "version 2"),
        ({"state": "maybe"}, "unknown state 'maybe'"),
        ({"mode": "handover"}, "handover"),
        ({"mode": "handoff"}, "without address, port and uid"),
        ({"mode": "handoff", "successor": {"address": "127.0.0.1", "uid": "x"}}, "without address, port and uid"),
        ({"not_before": "soon"}, "soon"),
        ({"not_before": None}, "fromisoformat"),
        ({"not_before": "2026-11-23T12:00:02"}, "no time zone"),
        ({"spread_seconds": "x"}, "x"),
    ],
)
def test_what_a_server_cannot_do_is_refused(changes: dict[str, Any], part: str) -> None:
    heard = drain.hear(Drain(), request(**changes), MATCH, NOW)
    assert heard is not None
    assert heard.phase is Phase.REFUSED
    assert heard.request is not None
    assert part in heard.request.problem


ACCEPTED = Drain(Phase.ACCEPTED, request(), accepted_at=NOW)
CLOSING = Drain(Phase.CLOSING, request(), accepted_at=NOW, closing_at=SOON)
CANCELLED = Drain(Phase.CANCELLED, request(seq=2, state="cancelled"))


@pytest.mark.parametrize(
    ("before", "changes", "phase"),
    [
        (Drain(), {}, Phase.ACCEPTED),
        (Drain(), {"mode": "at_match_end"}, Phase.ACCEPTED),
        (Drain(), {"allocation": "*"}, Phase.ACCEPTED),
        (Drain(), {"allocation": "allocation-0"}, None),
        (Drain(), {"allocation": "allocation-0", "state": "cancelled"}, None),
        (Drain(), {"state": "cancelled"}, Phase.CANCELLED),
        (ACCEPTED, {}, None),
        (ACCEPTED, {"state": "cancelled"}, None),  # a sequence that was seen
        (ACCEPTED, {"seq": 0}, None),
        (ACCEPTED, {"seq": 2}, Phase.ACCEPTED),
        (ACCEPTED, {"seq": 1, "run": "run-2"}, Phase.ACCEPTED),
        (ACCEPTED, {"seq": 2, "state": "cancelled"}, Phase.CANCELLED),
        (CANCELLED, {"seq": 3}, Phase.ACCEPTED),
        (CANCELLED, {"seq": 1}, None),
        (CLOSING, {"seq": 2, "state": "cancelled"}, Phase.CLOSING),
        (CLOSING, {"seq": 2}, Phase.CLOSING),
        (CLOSING, {"seq": 2, "v": 7}, Phase.CLOSING),
    ],
)
def test_hearing(before: Drain, changes: dict[str, Any], phase: Phase | None) -> None:
    heard = drain.hear(before, request(**changes), MATCH, NOW)
    assert (heard and heard.phase) == phase
    if heard:
        assert heard.request is not None
        assert (heard.request.run, heard.request.seq) == (changes.get("run", "run-1"), changes.get("seq", 1))


def test_a_new_signal_renews_the_notice() -> None:
    later = "2026-11-23T12:01:00Z"
    heard = drain.hear(ACCEPTED, request(seq=2, not_before=later), MATCH, NOW)
    assert heard is not None
    assert drain.closes_at(heard, MATCH) == datetime.fromisoformat(later)


@pytest.mark.parametrize(
    ("state", "closes"),
    [
        (Drain(), None),
        (ACCEPTED, SOON),
        (Drain(Phase.ACCEPTED, request(mode="at_match_end")), MATCH.ends_at),
        (CLOSING, None),
        (CANCELLED, None),
    ],
)
def test_when_the_clients_are_closed(state: Drain, closes: datetime | None) -> None:
    assert drain.closes_at(state, MATCH) == closes


def test_only_an_accepted_drain_begins_to_close() -> None:
    closing = drain.begin_closing(ACCEPTED, SOON)
    assert (closing.phase, closing.closing_at, closing.accepted_at) == (Phase.CLOSING, SOON, NOW)
    assert drain.begin_closing(CANCELLED, SOON) == CANCELLED
    assert drain.begin_closing(Drain(), SOON) == Drain()


@pytest.mark.parametrize(
    ("state", "own_member", "allowed"),
    [
        (Drain(), False, True),
        (CANCELLED, False, True),
        (ACCEPTED, True, True),
        (ACCEPTED, False, False),
        (CLOSING, True, False),
    ],
)
def test_joining_during_a_drain(state: Drain, own_member: bool, allowed: bool) -> None:
    assert drain.may_join(state, own_member=own_member) is allowed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ACCEPTED, Drain()),
        (CLOSING, CLOSING),
        (Drain(Phase.ACCEPTED, request(allocation="*")), Drain(Phase.ACCEPTED, request(allocation="*"))),
        (Drain(), Drain()),
    ],
)
def test_a_request_lapses_with_its_match(before: Drain, after: Drain) -> None:
    assert drain.begin_match(before) == after


def test_an_acknowledgement_carries_all_timestamps() -> None:
    assert json.loads(drain.acknowledgement(ACCEPTED, MATCH)) == {
        "run": "run-1",
        "seq": 1,
        "phase": "accepted",
        "players": 5,
        "accepted_at": "2026-11-23T12:00:00.000Z",
        "closing_at": None,
        "eta": "2026-11-23T12:00:02.000Z",
    }
    closing = json.loads(drain.acknowledgement(CLOSING, MATCH))
    assert (closing["accepted_at"], closing["closing_at"]) == ("2026-11-23T12:00:00.000Z", "2026-11-23T12:00:02.000Z")


@pytest.mark.parametrize("state", [ACCEPTED, CLOSING, CANCELLED])
def test_a_server_started_again_takes_up_what_it_acknowledged(state: Drain) -> None:
    assert state.request is not None
    acknowledged = json.loads(drain.acknowledgement(state, MATCH))
    assert drain.resume(state.request, acknowledged, MATCH) == state


def test_an_acknowledgement_of_another_signal_means_nothing() -> None:
    acknowledged = json.loads(drain.acknowledgement(ACCEPTED, MATCH))
    assert drain.resume(request(seq=2), acknowledged, MATCH) == Drain()
    assert drain.resume(request(), acknowledged, Match("allocation-2")) == Drain()
