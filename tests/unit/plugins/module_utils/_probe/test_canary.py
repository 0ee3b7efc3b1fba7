from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import Request
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary import Times, Trial

from tests.unit.plugins.module_utils._drain.world import START, game_server

SUCCESSOR = {"address": "127.0.0.1", "port": 7000, "uid": "uid-next"}
TIMES = Times(notice=3.0, answer=16.0, close=20.0)
ANSWER = "agones.dev/sdk-drain-ack"


def server(phase: str = "", seq: int = 1, state: str = "Allocated", run: str = "run-1", **more: Any) -> Server:
    answer = {ANSWER: json.dumps({"run": run, "seq": seq, "phase": phase})} if phase else {}
    return read_server(game_server("s", state, annotations=answer, **more))


class Story:
    """A trial on a clock of its own."""

    def __init__(self, successor: bool = True) -> None:
        self.trial = Trial(server(), "run-1", TIMES, SUCCESSOR if successor else None)

    def ask(self, after: float) -> Request | None:
        """What is due, written at once."""
        request = self.trial.next_request(START + after)
        if request:
            self.trial.note_asked(request, START + after)
        return request

    def see(self, after: float, phase: str = "", seq: int = 1, **more: Any) -> None:
        self.trial.see(server(phase, seq, **more), START + after)

    def is_over(self, after: float) -> bool:
        return self.trial.is_over(START + after)

    @property
    def answers(self) -> dict[str, str]:
        return dict(self.trial.seen().answers)


def test_the_most_is_asked_first_with_notice_and_a_successor() -> None:
    request = Story().ask(0)
    assert request is not None
    assert (request.mode, request.seq, request.successor) == ("handoff", 1, SUCCESSOR)
    assert request.not_before == START + 3.0
    assert request.allocation == "2026-11-23T11:58:20.000Z"


def test_without_a_successor_it_is_asked_to_disconnect() -> None:
    story = Story(successor=False)
    request = story.ask(0)
    assert request is not None
    assert (request.mode, request.successor) == ("disconnect", None)
    assert not story.trial.seen().had_successor


def test_a_server_that_hands_over_is_asked_once_and_is_over_when_it_is_gone() -> None:
    story = Story()
    story.ask(0)
    story.see(0.1, "accepted")
    assert story.ask(30) is None
    story.see(3.0, "closing")
    assert not story.is_over(3.1)
    story.see(3.1, "closing", state="Shutdown")
    assert story.is_over(3.1)
    seen = story.trial.seen()
    assert (seen.answers, seen.ended_as) == ({"handoff": "accepted"}, "Shutdown")
    assert [seen.acknowledged, seen.closing, seen.ended] == pytest.approx([0.1, 3.0, 3.1], abs=0.01)


def test_what_is_refused_is_followed_by_less() -> None:
    story = Story()
    modes = []
    for number in (1, 2, 3):
        request = story.ask(number)
        assert request is not None
        modes.append((request.mode, request.seq))
        story.see(number + 0.5, "refused", number)
        assert story.is_over(number + 0.6) == (number == 3)
    assert modes == [("handoff", 1), ("disconnect", 2), ("at_match_end", 3)]
    assert set(story.answers.values()) == {"refused"}


def test_the_end_of_a_match_is_not_waited_for() -> None:
    story = Story(successor=False)
    story.ask(0)
    story.see(0.1, "refused")
    story.ask(0.2)
    story.see(0.3, "accepted", 2)
    assert story.is_over(0.3)
    assert story.answers == {"disconnect": "refused", "at_match_end": "accepted"}


def test_a_silent_server_is_asked_twice_and_not_for_the_end_of_its_match() -> None:
    story = Story()
    story.ask(0)
    assert story.ask(15.9) is None
    request = story.ask(16)
    assert request is not None
    assert request.mode == "disconnect"
    assert not story.is_over(31.9)
    assert story.is_over(32)
    assert story.ask(32) is None
    assert story.answers == {"handoff": "silent", "disconnect": "silent"}


def test_a_late_answer_to_the_first_request_counts() -> None:
    story = Story()
    story.ask(0)
    story.ask(16)
    story.see(16.1, "accepted", 1)
    story.see(16.2, "accepted", 2)
    story.see(19.1, "closing", 2, state="Shutdown")
    assert story.answers == {"handoff": "accepted", "disconnect": "accepted"}


def test_a_server_that_answers_and_does_not_go_is_given_up() -> None:
    story = Story()
    story.ask(0)
    story.see(0.1, "accepted")
    assert not story.is_over(22.9)
    assert story.is_over(23)
    assert story.trial.seen().ended is None


@pytest.mark.parametrize(
    "strange",
    [{"run": "run-0"}, {"seq": 7}, {"seq": 0}, {"phase": "cancelled"}, {"phase": "dancing"}],
    ids=str,
)
def test_an_answer_to_something_else_is_none(strange: dict[str, Any]) -> None:
    story = Story()
    story.ask(0)
    story.see(0.1, **{"phase": "accepted", **strange})
    assert story.answers == {"handoff": "silent"}


@pytest.mark.parametrize(
    ("more", "how"),
    [({"state": "Shutdown"}, "Shutdown"), ({"state": "Unhealthy"}, "Unhealthy"), ({"deleting": True}, "deleted")],
)
def test_how_it_ended_is_what_was_seen_first(more: dict[str, Any], how: str) -> None:
    story = Story()
    story.ask(0)
    story.see(3.1, **more)
    story.trial.see_gone(START + 3.2, watched=True)
    assert (story.trial.ended_as, story.trial.ended_at) == (how, START + 3.1)


@pytest.mark.parametrize(("watched", "how"), [(True, "deleted"), (False, "Shutdown")])
def test_one_that_is_gone_at_once_is_believed_only_if_nobody_watched(watched: bool, how: str) -> None:
    story = Story()
    story.ask(0)
    story.trial.see_gone(START + 5, watched)
    assert story.trial.ended_as == how


@pytest.mark.parametrize(
    ("ended", "over"), [(None, 3.0), (1.0, 3.0), (2.1, 3.0), (17.9, 3.0), (18.1, 19.0), (20.0, 19.0)]
)
def test_a_silent_server_may_have_followed_the_last_request_whose_notice_was_over(
    ended: float | None, over: float
) -> None:
    story = Story()
    story.ask(0)
    story.ask(16)
    if ended is not None:
        story.see(ended, state="Shutdown")
    assert story.trial.seen().notice_over == pytest.approx(over)


def test_the_notice_is_that_of_the_request_that_was_accepted() -> None:
    story = Story()
    story.ask(0)
    story.ask(16)
    story.see(16.5, "accepted", 2)
    assert story.trial.seen().notice_over == pytest.approx(19.0)


def test_a_session_that_was_not_asked_is_not_over_until_it_is_gone() -> None:
    story = Story()
    assert not story.is_over(100)
    story.see(101, state="Shutdown")
    assert story.is_over(101)
    assert story.ask(102) is None


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        (Times(notice=1.0), "notice_seconds is 1; below 2"),
        (Times(notice=5.0, answer=5.0), "answer_timeout (5) must be longer"),
        (Times(close=0), "close_timeout is 0"),
    ],
)
def test_times_that_can_show_nothing_are_named(times: Times, problem: str) -> None:
    assert problem in "; ".join(times.problems())


def test_the_usual_times_are_fine() -> None:
    assert Times().problems() == []
