"""What one session is asked next, and how a request escalates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    CANCELLED,
    CLOSING,
    DISCONNECT,
    HANDOFF,
    REASON_DEADLINE,
    REASON_DRAIN,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import FORCE_AFTER_SECONDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Session
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    ASK_NOTHING,
    DeletePod,
    DrainAction,
    ShutDown,
    Signal,
    ask,
    deadline_of,
    escalation,
    is_unanswered,
    wanted,
)

from tests.unit.plugins.module_utils._drain.world import START

POLICY = Policy("run-1", mode=AT_MATCH_END, notice=30.0, deadline=600.0, close_grace=10.0, resignal=(10.0, 25.0))
HARD = replace(POLICY, interrupt_at_deadline=True)
REQUEST = Request("run-1", 1, "requested", AT_MATCH_END, "*", START + 30, START + 600, 10.0)
LATE = replace(REQUEST, seq=2, mode=DISCONNECT, reason=REASON_DEADLINE, deadline=START + 640)
SEAT = {"address": "a", "port": 1, "uid": "seat"}
BY_NAME = replace(REQUEST, mode=HANDOFF, successor=SEAT)


def session(**changes: Any) -> Session:
    known = Session(
        "arena", "s", "uid-s", "arena", "", START, version="7", request=REQUEST, delivered=True, phase="accepted"
    )
    return replace(known, signals=1, signalled_at=START, **changes)


DRAIN = (AT_MATCH_END, REASON_DRAIN)


@pytest.mark.parametrize(
    ("changes", "policy", "seconds", "due"),
    [
        pytest.param({"request": None}, POLICY, 0, DRAIN, id="never asked"),
        pytest.param({"request": replace(REQUEST, state=CANCELLED)}, POLICY, 0, DRAIN, id="taken back"),
        pytest.param({}, POLICY, 0, ASK_NOTHING, id="answered"),
        pytest.param({"phase": CLOSING}, replace(POLICY, mode=DISCONNECT), 0, ASK_NOTHING, id="closes already"),
        pytest.param({"request": None, "ending_at": START}, POLICY, 0, ASK_NOTHING, id="ends already"),
        pytest.param({"phase": ""}, POLICY, 9, ASK_NOTHING, id="no answer yet"),
        pytest.param({"phase": ""}, POLICY, 10, DRAIN, id="no answer"),
        pytest.param({"phase": "refused"}, POLICY, 900, ASK_NOTHING, id="refused"),
        pytest.param({"delivered": False}, POLICY, 0, DRAIN, id="not delivered"),
        pytest.param({}, replace(POLICY, mode=DISCONNECT), 0, (DISCONNECT, REASON_DRAIN), id="another mode today"),
        pytest.param({}, replace(POLICY, deadline_at=START + 900), 0, DRAIN, id="another deadline today"),
        pytest.param({}, replace(POLICY, deadline_at=START + 600.009), 0, ASK_NOTHING, id="the same to a millisecond"),
        pytest.param({}, POLICY, 600, ASK_NOTHING, id="overdue, and may stay"),
        pytest.param({}, HARD, 599, ASK_NOTHING, id="not overdue yet"),
        pytest.param({}, HARD, 600, (DISCONNECT, REASON_DEADLINE), id="overdue"),
        pytest.param({"request": BY_NAME}, replace(HARD, mode=HANDOFF), 600, (HANDOFF, REASON_DEADLINE), id="has seat"),
        pytest.param({"request": LATE}, HARD, 700, ASK_NOTHING, id="interrupted and answered"),
        pytest.param({"request": LATE, "phase": ""}, HARD, 10, (DISCONNECT, REASON_DEADLINE), id="interrupted, silent"),
        pytest.param({"request": LATE}, POLICY, 700, DRAIN, id="an interruption that is no longer wanted"),
        pytest.param(
            {"request": LATE, "delivered": False}, HARD, 0, (DISCONNECT, REASON_DEADLINE), id="planned interruption"
        ),
        pytest.param({"request": LATE, "delivered": False}, POLICY, 0, DRAIN, id="planned, and no longer wanted"),
        pytest.param(
            {"delivered": False},
            replace(POLICY, mode=DISCONNECT),
            0,
            (DISCONNECT, REASON_DRAIN),
            id="by today",
        ),
    ],
)
def test_what_is_due(changes: dict[str, Any], policy: Policy, seconds: float, due: tuple[str, str]) -> None:
    assert wanted(session(**changes), policy, START + seconds) == due


@pytest.mark.parametrize(
    ("request_", "deadline_at", "deadline"),
    [
        (REQUEST, None, START + 600),
        (REQUEST, START + 900, START + 900),
        # Not before the notice is over.
        (REQUEST, START + 10, START + 30),
        (LATE, START + 900, START + 640),
    ],
)
def test_the_deadline_is_that_of_today_s_policy(request_: Request, deadline_at: float | None, deadline: float) -> None:
    assert deadline_of(request_, replace(POLICY, deadline_at=deadline_at)) == deadline


@pytest.mark.parametrize(
    ("signals", "seconds", "due"),
    [(1, 9.9, False), (1, 10.0, True), (2, 14.9, False), (2, 15.0, True), (3, 900.0, False)],
)
def test_repetitions_come_at_their_times_and_end(signals: int, seconds: float, due: bool) -> None:
    one = replace(session(phase=""), signals=signals)
    assert is_unanswered(one, POLICY, START + seconds) is due


def test_an_answered_request_is_not_repeated() -> None:
    assert not is_unanswered(session(), POLICY, START + 900)


def test_a_first_request_has_full_notice_and_is_of_the_version_that_was_seen() -> None:
    one = session(request=None, delivered=False, phase="", allocation="2026-11-23T11:58:00Z")
    made = ask(one, POLICY, AT_MATCH_END, REASON_DRAIN, START + 5)
    assert made == Signal("uid-s", "arena", "s", "7", made.request, "arena", 30.0)
    assert made.request == Request(
        run="run-1",
        seq=1,
        state="requested",
        mode=AT_MATCH_END,
        allocation="2026-11-23T11:58:00Z",
        not_before=START + 35,
        deadline=START + 605,
        spread_seconds=POLICY.spread,
        reason=REASON_DRAIN,
    )
    assert (one.request, one.delivered, one.phase, one.signalled_at) == (made.request, False, "", START + 5)
    assert one.signals == 1


@pytest.mark.parametrize(
    ("changes", "mode", "reason", "seq", "signals"),
    [
        pytest.param({}, AT_MATCH_END, REASON_DRAIN, 2, 2, id="repeated"),
        pytest.param({"delivered": False}, AT_MATCH_END, REASON_DRAIN, 1, 1, id="the same one, not delivered"),
        pytest.param({}, DISCONNECT, REASON_DRAIN, 2, 1, id="another mode"),
        pytest.param({}, AT_MATCH_END, REASON_DEADLINE, 2, 1, id="another reason"),
        pytest.param({"request": replace(REQUEST, state=CANCELLED)}, AT_MATCH_END, REASON_DRAIN, 2, 1, id="anew"),
    ],
)
def test_the_number_of_a_request_and_how_often_it_was_made(
    changes: dict[str, Any], mode: str, reason: str, seq: int, signals: int
) -> None:
    one = session(**changes)
    assert ask(one, POLICY, mode, reason, START + 20).request.seq == seq
    assert one.signals == signals


@pytest.mark.parametrize(
    ("old", "policy", "reason", "deadline"),
    [
        pytest.param(None, POLICY, REASON_DRAIN, START + 700, id="the longest match from now"),
        pytest.param(REQUEST, POLICY, REASON_DRAIN, START + 600, id="a repetition puts nothing off"),
        pytest.param(replace(REQUEST, deadline=START + 40), POLICY, REASON_DRAIN, START + 130, id="after its notice"),
        pytest.param(replace(REQUEST, state=CANCELLED), POLICY, REASON_DRAIN, START + 700, id="anew"),
        pytest.param(LATE, POLICY, REASON_DRAIN, START + 700, id="after an interruption"),
        pytest.param(REQUEST, replace(POLICY, deadline_at=START + 900), REASON_DRAIN, START + 900, id="a time"),
        pytest.param(REQUEST, replace(POLICY, deadline_at=START), REASON_DRAIN, START + 130, id="a time that is over"),
        pytest.param(REQUEST, HARD, REASON_DEADLINE, START + 140, id="an interruption: notice, then time to close"),
    ],
)
def test_the_deadline_of_a_request(old: Request | None, policy: Policy, reason: str, deadline: float) -> None:
    one = session(request=old, delivered=old is not None)
    assert ask(one, policy, AT_MATCH_END, reason, START + 100).request.deadline == deadline


@pytest.mark.parametrize(
    ("old", "mode", "successor"),
    [
        (BY_NAME, HANDOFF, SEAT),
        (BY_NAME, DISCONNECT, None),
        (replace(BY_NAME, state=CANCELLED), HANDOFF, None),
        (REQUEST, HANDOFF, None),
    ],
)
def test_a_seat_by_name_is_kept_as_long_as_it_is_handed_over(old: Request, mode: str, successor: Any) -> None:
    assert ask(session(request=old), POLICY, mode, REASON_DRAIN, START + 20).request.successor == successor


def test_a_match_that_the_game_shares_is_asked_whatever_was_allocated() -> None:
    one = session(named=True, allocation="2026-11-23T11:58:00Z")
    assert ask(one, POLICY, DISCONNECT, REASON_DRAIN, START).request.allocation == "*"


FORCED_AFTER = 30.0 + FORCE_AFTER_SECONDS
SHUT = {"request": LATE, "shutdown_at": START + 650, "ending_at": START + 651}


@pytest.mark.parametrize(
    ("changes", "seconds", "action"),
    [
        pytest.param({"request": LATE}, 639, None, id="has time to close"),
        pytest.param({"request": LATE}, 640, ShutDown, id="has not closed"),
        pytest.param({"request": LATE, "delivered": False}, 900, None, id="was not told"),
        pytest.param({"request": None}, 900, None, id="was not asked"),
        pytest.param({}, 900, None, id="was not interrupted"),
        pytest.param({"phase": CLOSING}, 609, None, id="closes"),
        pytest.param({"phase": CLOSING}, 610, ShutDown, id="closes and closes"),
        pytest.param(SHUT, 650 + FORCED_AFTER - 1, None, id="its pod has its grace period"),
        pytest.param(SHUT, 650 + FORCED_AFTER, DeletePod, id="its pod stays"),
        pytest.param({**SHUT, "shutdown_at": None}, 9000, None, id="ends by itself"),
        pytest.param({**SHUT, "forced_at": START + 710}, 710 + FORCED_AFTER - 1, None, id="deleted a moment ago"),
        pytest.param({**SHUT, "forced_at": START + 710}, 710 + FORCED_AFTER, DeletePod, id="deleted, and stays"),
    ],
)
def test_what_is_done_to_a_session_that_has_not_gone(
    changes: dict[str, Any], seconds: float, action: type[DrainAction] | None
) -> None:
    one = session(**changes)
    done = escalation(one, HARD, START + seconds)
    assert (type(done) if done else None) is action
    which = "uid-s", "arena", "s"
    assert done in (None, ShutDown(*which, "7", "arena"), DeletePod(*which, "arena", START + 650, 30.0))
    assert escalation(one, POLICY, START + seconds) is None, "the operator did not choose to interrupt"
