from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lab.agones import workqueue
from lab.agones.workqueue import WorkQueue
from lab.world.kube import Key

A, B = ("arena", "a"), ("arena", "b")


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workqueue, "FIRST_DELAY", 0.0)


def work(sync: Callable[[Key], Awaitable[None]], play: Callable[[WorkQueue], Awaitable[None]]) -> None:
    async def both() -> None:
        queue = WorkQueue("test", sync)
        task = asyncio.create_task(queue.run())
        await play(queue)
        task.cancel()

    asyncio.run(both())


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_waiting_key_is_worked_on_once() -> None:
    seen: list[Key] = []

    async def sync(key: Key) -> None:
        seen.append(key)

    async def play(queue: WorkQueue) -> None:
        for key in (A, A, B, A):
            queue.add(key)
        await turns()

    work(sync, play)
    assert seen == [A, B]


def test_what_comes_during_the_work_is_worked_on_afterwards() -> None:
    running: list[int] = []
    seen: list[int] = []
    more = 3

    async def sync(key: Key) -> None:
        running.append(1)
        seen.append(len(running))
        await turns(3)
        running.pop()

    async def play(queue: WorkQueue) -> None:
        queue.add(A)
        await turns(2)
        for _ in range(more):
            queue.add(A)
        await turns(40)

    work(sync, play)
    # Twice in all, and never two at a time.
    assert seen == [1, 1]


def test_a_failure_is_tried_again() -> None:
    tries: list[Key] = []

    async def sync(key: Key) -> None:
        tries.append(key)
        if len(tries) < 3:
            raise RuntimeError("not yet")

    async def play(queue: WorkQueue) -> None:
        queue.add(A)
        await turns(60)

    work(sync, play)
    assert tries == [A, A, A]
