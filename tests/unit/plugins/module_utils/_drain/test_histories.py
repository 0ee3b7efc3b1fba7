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
from hypothesis import HealthCheck, given, settings

from tests.unit.plugins.module_utils._drain.histories.draw import History, histories
from tests.unit.plugins.module_utils._drain.histories.play import play

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
