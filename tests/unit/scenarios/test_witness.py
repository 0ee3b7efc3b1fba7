"""What a witness makes of what he sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.witness import Notes

START = 1_000_000.0


def at(seconds: float) -> str:
    """A moment of 1970-01-12, as RFC 3339; `seconds` after START."""
    minutes, rest = divmod(46 * 60 + 40 + seconds, 60)
    return f"1970-01-12T13:{int(minutes):02d}:{rest:06.3f}+00:00"


def server(state: str = "Allocated", uid: str = "u1", allocated: str = "a1", **notes: Any) -> dict[str, Any]:
    names = {"drain": "eks-bluegreen.gameops/drain", "ack": "agones.dev/sdk-drain-ack"}
    annotations = {
        "agones.dev/last-allocated": allocated,
        **{names[key]: json.dumps(one) for key, one in notes.items()},
    }
    return {"metadata": {"name": f"arena-{uid}", "uid": uid, "annotations": annotations}, "status": {"state": state}}


def asked(seq: int, not_before: float) -> dict[str, Any]:
    return {"seq": seq, "state": "requested", "not_before": at(not_before)}


def closing(seq: int, closing_at: float) -> dict[str, Any]:
    return {"seq": seq, "phase": "closing", "closing_at": at(closing_at)}


def memory(*ended: tuple[str, str], active: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "started_at": START,
        "active": dict.fromkeys(active),
        "ended": [{"uid": uid, "allocation": allocation} for uid, allocation in ended],
    }


@pytest.mark.parametrize(
    ("seen_at", "not_before", "closed_at", "problems"),
    [
        pytest.param(0.2, 4.0, 4.0, 0, id="full notice"),
        pytest.param(0.2, 4.0, 3.9, 1, id="closed before its time"),
        pytest.param(3.0, 4.0, 4.0, 1, id="asked a second before"),
        pytest.param(3.0, 4.0, 3.5, 2, id="both"),
    ],
)
def test_a_shortened_notice_is_told(seen_at: float, not_before: float, closed_at: float, problems: int) -> None:
    notes = Notes()
    notes.see(server(drain=asked(1, not_before)), START + seen_at, gone=False)
    notes.see(server(drain=asked(1, not_before), ack=closing(1, closed_at)), START + closed_at, gone=False)
    assert len(notes.shortened(4.0)) == problems


def test_the_notice_is_that_of_the_request_by_which_it_closed() -> None:
    notes = Notes()
    notes.see(server(drain=asked(1, 4.0)), START, gone=False)
    notes.see(server(drain=asked(2, 14.0)), START + 10, gone=False)
    notes.see(server("Shutdown", drain=asked(2, 14.0), ack=closing(2, 14.1)), START + 14.1, gone=False)
    assert notes.shortened(4.0) == []


def test_who_ended_before_the_drain_or_never_was_in_use_is_no_session_of_it() -> None:
    notes = Notes()
    notes.see(server("Ready", uid="u0", allocated=""), START - 9, gone=False)
    notes.see(server(uid="u1"), START - 9, gone=False)
    notes.see(server("Shutdown", uid="u1"), START - 5, gone=False)
    notes.see(server(uid="u2"), START - 9, gone=False)
    notes.see(server(uid="u2"), START + 20, gone=True)
    assert notes.miscounted(memory(("u2", "a1"))) == []


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        pytest.param(memory(("u1", "a1")), 0, id="once"),
        pytest.param(memory(), 1, id="missing"),
        pytest.param(memory(("u1", "a1"), ("u1", "a1")), 1, id="twice"),
        pytest.param(memory(("u1", "a1"), ("u2", "a1")), 1, id="no one has seen it"),
        pytest.param(memory(("u1", "a2")), 2, id="another match"),
        pytest.param(memory(("u1", "a1"), active=("u1",)), 1, id="not ended"),
    ],
)
def test_each_session_is_counted_once(found: dict[str, Any], problems: int) -> None:
    notes = Notes()
    notes.see(server(), START - 1, gone=False)
    assert len(notes.miscounted(found)) == problems
