from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from lightkube import ApiError
from lightkube.models.meta_v1 import Status

from lab.world.kube import GameServer, Informer, build


def obj(name: str, version: int) -> Any:
    return build(GameServer, {"metadata": {"name": name, "namespace": "arena", "resourceVersion": str(version)}})


class Listed:
    """A list as the client gives it: items, and the version of the whole."""

    def __init__(self, version: int, items: list[Any]) -> None:
        self.resourceVersion = str(version)
        self._items = items

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._items:
            yield item


class FakeClient:
    """Answers lists in order; each watch sends its events, then fails with its error (or waits for ever)."""

    def __init__(self, lists: list[Listed], watches: list[tuple[list[tuple[str, Any]], Exception | None]]) -> None:
        self._lists = iter(lists)
        self._watches = iter(watches)
        self.watched_from: list[str] = []

    def list(self, _: Any, **__: Any) -> Listed:
        return next(self._lists)

    async def watch(self, _: Any, *, resource_version: str, **__: Any) -> AsyncIterator[tuple[str, Any]]:
        self.watched_from.append(resource_version)
        events, error = next(self._watches)
        for event in events:
            yield event
        if error:
            raise error
        await asyncio.Event().wait()


def heard(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> tuple[Informer, list[tuple[str, str]]]:
    """The informer after all that the client has to say, and what its handlers heard."""
    monkeypatch.setattr(asyncio, "sleep", real_turn)
    events: list[tuple[str, str]] = []
    informer = Informer(client, GameServer)  # type: ignore[arg-type]
    informer.on_change(lambda kind, one: events.append((kind, one["metadata"]["name"])))

    async def run() -> None:
        task = asyncio.create_task(informer.run())
        for _ in range(60):
            await real_turn(0)
        task.cancel()

    asyncio.run(run())
    return informer, events


turn = asyncio.sleep


async def real_turn(_: float) -> None:
    await turn(0)


def test_list_then_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [("ADDED", obj("b", 3)), ("MODIFIED", obj("a", 4)), ("DELETED", obj("b", 5))]
    informer, events = heard(FakeClient([Listed(2, [obj("a", 1)])], [(changes, None)]), monkeypatch)
    assert events == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert list(informer.objects) == [("arena", "a")]
    assert informer.synced.is_set()


@pytest.mark.parametrize(
    "error",
    [
        ApiError(status=Status(code=410, message="too old resource version")),
        httpx2.RemoteProtocolError("peer closed connection"),
        msgspec.DecodeError("Input data was truncated"),
    ],
)
def test_a_lost_watch_is_made_good_by_a_list(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [Listed(2, [obj("a", 1), obj("b", 2)]), Listed(9, [obj("b", 7), obj("c", 8)])]
    client = FakeClient(lists, [([], error), ([], None)])
    _, events = heard(client, monkeypatch)
    assert events[2:] == [("DELETED", "a"), ("MODIFIED", "b"), ("ADDED", "c")]
    assert client.watched_from == ["2", "9"]


def test_a_write_of_ones_own_is_seen_at_once_and_not_undone_by_older_news(monkeypatch: pytest.MonkeyPatch) -> None:
    informer, _ = heard(FakeClient([Listed(2, [obj("a", 1)])], [([], None)]), monkeypatch)
    informer.remember(obj("a", 5))
    informer._apply("MODIFIED", obj("a", 4))
    assert informer.get("arena", "a") == obj("a", 5)
    informer._apply("MODIFIED", obj("a", 6))
    assert informer.get("arena", "a") == obj("a", 6)


def test_what_was_deleted_meanwhile_is_not_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    informer, _ = heard(FakeClient([Listed(2, [obj("a", 1)])], [([("DELETED", obj("a", 7))], None)]), monkeypatch)
    informer.remember(obj("a", 6))
    assert informer.get("arena", "a") is None
