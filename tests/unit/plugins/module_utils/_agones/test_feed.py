"""What a round asks of an API server to know its game servers: one list, then watches."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, Expired
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Changed, Listed, WatchFeed

from tests.unit.plugins.module_utils._drain.world import FakeClock, game_server

Json = dict[str, Any]
SLICE = 20.0


class Inline:
    """A thread that has ended when it has been started."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> None:
        self._target, self._arguments = target, args

    def start(self) -> None:
        self._target(*self._arguments)


class ScriptedApi:
    """Watches that end as written, each after so many seconds; then quiet ones."""

    def __init__(self, clock: FakeClock, *script: tuple[float, list[Json] | ApiFailure]) -> None:
        self._clock = clock
        self._script = list(script)
        self.lists = 0
        self.alive = True
        self.watched: list[tuple[str, float]] = []

    def list(self, path: str, *, selector: str = "", trim: Callable[[Json], Json]) -> tuple[list[Json], str]:
        self.lists += 1
        return [trim(game_server("a"))], str(100 * self.lists)

    def is_alive(self, seconds: float) -> bool:
        return self.alive

    def watch(self, path: str, version: str, seconds: float, *, selector: str = "") -> Iterator[tuple[str, Json]]:
        self.watched.append((version, seconds))
        after, what = self._script.pop(0) if self._script else (seconds, [])
        self._clock.seconds += after
        if isinstance(what, ApiFailure):
            raise what
        yield from (("MODIFIED", server) for server in what)


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", Inline)
    monkeypatch.setattr(gc, "freeze", lambda: None)


def play(*script: tuple[float, list[Json] | ApiFailure]) -> tuple[ScriptedApi, WatchFeed, list[Any]]:
    clock = FakeClock()
    clock.on_sleep = lambda seconds: setattr(clock, "seconds", clock.seconds + seconds)
    api: Any = ScriptedApi(clock, *script)
    one = WatchFeed(api, ["arena"], SLICE, clock)
    return api, one, one.start()


def test_a_quiet_slot_is_listed_once_and_watched_once_a_round() -> None:
    api, one, first = play()
    assert [type(event) for event in first] == [Listed]
    assert (api.lists, api.watched, one.take(), one.fresh) == (1, [("100", SLICE)], [], True)


def test_a_watch_that_ends_goes_on_from_its_last_change() -> None:
    api, one, _first = play((8.0, [game_server("a", version=104), game_server("a", version=107)]))
    assert (api.lists, api.watched) == (1, [("100", SLICE), ("107", 12.0)])
    events = one.take()
    assert [event.obj["metadata"]["resourceVersion"] for event in events if isinstance(event, Changed)] == [
        "104",
        "107",
    ]


def test_a_version_that_is_too_old_is_listed_again() -> None:
    api, one, _first = play((5.0, Expired("gone", 410)))
    assert (api.lists, api.watched) == (2, [("100", SLICE), ("200", 15.0)])
    assert [type(event) for event in one.take()] == [Listed]
    assert one.fresh


def test_after_a_broken_watch_the_view_is_stale_until_it_has_been_listed() -> None:
    api, one, _first = play((SLICE, ApiFailure("broke", 0)))
    assert (api.lists, one.fresh) == (1, False)
    api, one, _first = play((5.0, ApiFailure("broke", 0)))
    assert (api.lists, one.fresh, api.watched[1]) == (2, True, ("200", 14.5))


def test_a_server_that_hangs_makes_the_view_stale_although_its_watch_is_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    clock.on_sleep = lambda seconds: setattr(clock, "seconds", clock.seconds + seconds)
    api: Any = ScriptedApi(clock)
    api.alive = False
    # The watch hangs, and the other thread goes on.
    monkeypatch.setattr(WatchFeed, "_follow", lambda *_: None)
    one = WatchFeed(api, ["arena"], SLICE, clock)
    one.start()
    assert not one.fresh


class WatchedApi:
    """A KubeApi whose watch ends the slice when it has told what it knows."""

    def __init__(self, clock: FakeClock, *steps: Any) -> None:
        self.clock = clock
        self.steps = list(steps)
        self.lists = 0
        self.selectors: list[str] = []

    def list(self, path: str, *, selector: str = "", **more: Any) -> tuple[list[Json], str]:
        self.lists += 1
        self.selectors.append(selector)
        return [game_server("a")], str(self.lists)

    def watch(self, path: str, version: str, seconds: float, *, selector: str = "") -> Any:
        self.selectors.append(selector)
        if not self.steps:
            self.clock.seconds = 1000.0
            return
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        yield step


def followed(*steps: Any) -> tuple[list[Any], WatchedApi, WatchFeed]:
    clock = FakeClock()
    fake = WatchedApi(clock, *steps)
    feed = WatchFeed(fake, ["arena"], 20.0, clock)  # type: ignore[arg-type]
    feed._follow("arena", "1")
    return feed.take(), fake, feed


def test_changes_are_taken_in_order_and_once() -> None:
    events, _api, feed = followed(("MODIFIED", game_server("a", version=5)), ("DELETED", game_server("a", version=6)))
    assert [(type(event), event.gone) for event in events] == [(Changed, False), (Changed, True)]
    assert feed.take() == []


def test_a_feed_of_one_label_asks_for_no_others() -> None:
    clock = FakeClock()
    fake = WatchedApi(clock, ("ADDED", game_server("b")))
    feed = WatchFeed(fake, ["arena"], 20.0, clock, selector="mark=run-1")  # type: ignore[arg-type]
    feed.relist()
    feed._follow("arena", "1")
    assert set(fake.selectors) == {"mark=run-1"}


def test_a_watch_that_broke_is_listed_again() -> None:
    events, fake, feed = followed(ApiFailure("broke", 0), ("ADDED", game_server("b", version=7)))
    assert [type(event) for event in events] == [Listed, Changed]
    assert (fake.lists, feed.fresh) == (1, True)


def test_a_watch_that_expired_is_listed_again_at_once() -> None:
    events, _api, _feed = followed(Expired("old", 410))
    assert [type(event) for event in events] == [Listed]
