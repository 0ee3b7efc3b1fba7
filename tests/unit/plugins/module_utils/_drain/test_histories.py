"""The rules of the drain in every history.

`make test` plays the same 2,000 each time. `make nightly` plays 100,000 others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import intake, take_back, writes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import round as rounds
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from hypothesis import HealthCheck, given, settings

from tests.unit.plugins.module_utils._drain.histories.draw import Event, History, Party, histories, policies_of
from tests.unit.plugins.module_utils._drain.histories.judge import RULES, kinds_of
from tests.unit.plugins.module_utils._drain.histories.play import Play, play
from tests.unit.plugins.module_utils._drain.world import Habits

OTHERS = int(os.environ.get("DRAIN_HISTORIES", "0"))
# In parts, which several processes can play side by side; a dot for each.
PARTS = max(1, OTHERS // 2000)


def in_turn(function: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """Instead of threads, so that a history can be played again."""
    return [function(argument) for argument in arguments]


class InTurn(Executor):
    """Instead of a pool: while a thread works, the history's clock would go on as fast as this machine is idle."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (take_back, intake):
        monkeypatch.setattr(module, "in_parallel", in_turn)
    monkeypatch.setattr(writes, "ThreadPoolExecutor", lambda _threads: InTurn())
    monkeypatch.setattr(rounds, "TICK_SECONDS", 0.5)


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("_part", range(PARTS))
@settings(
    max_examples=OTHERS // PARTS or 2000,
    derandomize=not OTHERS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=histories())
def test_the_rules_hold_in_every_history(_part: int, history: History) -> None:
    play(history)


LIMITS = {"deadline": 12.0, "canary": 0}
SEATS = {"arena": 2, "lobby": 0}
DEAF = Party(Habits(acknowledges_after=None, pod_stays=100.0))
# Between them, all that the rules judge is seen in these: sessions that are ended by force, one that is never over, and
# handoffs that are taken back, that take place, or that are in vain because the match is over first.
HAND_MADE = (
    History((DEAF,), Policies(policies_of("at_match_end", {**LIMITS, "interrupt_at_deadline": True})), SEATS),
    History((Party(Habits()),), Policies(policies_of("at_match_end", LIMITS)), SEATS),
    History(
        (Party(Habits()), Party(Habits(ends_after=8.0))),
        Policies(policies_of("handoff", LIMITS, 6.0)),
        SEATS,
        events=(Event(5.0, "rollback"),),
    ),
    History((Party(Habits(ends_after=1.0)), Party(Habits())), Policies(policies_of("handoff", LIMITS)), SEATS),
)


@pytest.mark.usefixtures("_one_thread")
def test_every_rule_is_in_play() -> None:
    seen = set()
    for history in HAND_MADE:
        one = Play(history)
        one.to_the_end()
        seen |= {type(each) for each in one.world.story}
    assert {kind for rule in RULES for kind in kinds_of(rule)} <= seen
