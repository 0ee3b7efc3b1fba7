"""Writes of a drain one after the other, so that its story is the same each time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import writes


class InTurn:
    """Instead of a ThreadPoolExecutor: what is submitted is done at once."""

    def __init__(self, _workers: int) -> None:
        """No threads."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures: bool) -> None:
        """Nothing is under way."""


@pytest.fixture(autouse=True)
def _one_write_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "ThreadPoolExecutor", InTurn)
    monkeypatch.setattr(writes, "WRITES_AHEAD", 1)
