from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.game import drain
from lab.game.arena import ArenaServer, Refused
from lab.game.protocol import Message, Ticket
from lab.game.sdk import GameServerView

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
REQUEST = drain.request_annotation()


class FakeSdk:
    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.players: Sequence[str] = []
        self.takes_annotations = True

    async def ready(self) -> None:
        self.calls.append(("ready",))

    async def shutdown(self) -> None:
        self.calls.append(("shutdown",))

    async def set_annotation(self, key: str, value: str) -> None:
        if not self.takes_annotations:
            await asyncio.Event().wait()
        answer = json.loads(value)
        self.calls.append((key, answer["phase"], str(answer["seq"])))

    def set_list(self, name: str, values: Sequence[str]) -> None:
        self.players = values


class FakeClient:
    def __init__(self, player: str) -> None:
        self.player = player
        self.heard: list[str] = []
        self.is_closed = False

    def send(self, message: Message) -> None:
        self.heard.append(json.dumps(message))

    def close(self) -> None:
        self.is_closed = True


class FakeTimer:
    def __init__(self, delay: float, work: Callable[[], None]) -> None:
        self.delay = delay
        self.work = work
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Rig:
    """A server with everything around it in hand."""

    def __init__(self, mean: float = 120.0) -> None:
        self.sdk = FakeSdk()
        self.timers: list[FakeTimer] = []
        self.server = ArenaServer(
            view(), self.sdk, mean, now=lambda: NOW, call_later=self._call_later, draw_seconds=lambda mean: mean
        )

    def _call_later(self, delay: float, work: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(delay, work))
        return self.timers[-1]

    @property
    def pending(self) -> list[float]:
        return [timer.delay for timer in self.timers if not timer.is_cancelled]

    async def fire(self, delay: float) -> None:
        next(timer for timer in self.timers if timer.delay == delay and not timer.is_cancelled).work()
        await settle()

    def join(self, player: str, *, session: str = "session-1", uid: str = "uid-1") -> FakeClient:
        client = FakeClient(player)
        client.send(self.server.join(client, Ticket(uid, session, ("a", "b", "c")).encode()))
        return client


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def view(state: str = "Allocated", allocation: str = "allocation-1", **annotations: str) -> GameServerView:
    own = {"agones.dev/last-allocated": allocation, "arena/session": "session-1"} if state == "Allocated" else {}
    return GameServerView(
        "arena", "arena-x", "uid-1", "1", state, "127.0.0.1", 7000, annotations={**own, **annotations}
    )


def signal(seq: int = 1, **changes: Any) -> dict[str, str]:
    fields = {
        "v": 1,
        "run": "run-1",
        "seq": seq,
        "state": "requested",
        "mode": "disconnect",
        "allocation": "allocation-1",
        "not_before": (NOW + timedelta(seconds=2)).isoformat(),
        "spread_seconds": 1,
    }
    return {REQUEST: json.dumps({**fields, **changes})}


def play(story: Callable[[Rig], Awaitable[None]], mean: float = 120.0) -> None:
    async def run() -> None:
        await story(Rig(mean))

    asyncio.run(run())


def test_a_scheduled_server_gets_ready_and_an_allocated_one_does_not() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view("Scheduled"))
        await settle()
        assert rig.sdk.calls == [("ready",)]
        rig.server.observe(view("Ready"))
        assert rig.pending == []

    play(story)


def test_a_server_that_is_drained_does_not_get_ready() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view("Scheduled", **signal(allocation="*")))
        await settle()
        assert rig.sdk.calls == [("drain-ack", "accepted", "1")]

    play(story)


def test_a_match_ends_players_are_told_and_the_server_goes() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        client = rig.join("a")
        assert rig.sdk.players == ["a"]
        await rig.fire(120.0)
        assert client.heard[-1] == '{"type": "over"}'
        assert client.is_closed
        assert rig.sdk.calls == [("shutdown",)]

    play(story)


def test_a_match_waits_for_its_first_player() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        assert rig.pending == [60.0]
        rig.join("a")
        assert rig.pending == [7.0]
        rig.join("b")
        assert rig.pending == [7.0]

    play(story, mean=7)


def test_a_match_of_mean_0_never_ends() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        assert rig.pending == []

    play(story, mean=0)


@pytest.mark.parametrize(("text", "pending"), [("70", [70.0]), ("0", []), ("x", [120.0])])
def test_an_annotation_sets_the_length_of_the_match(text: str, pending: list[float]) -> None:
    async def story(rig: Rig) -> None:
        own = view(**{"arena/match-seconds": text})
        server = ArenaServer(
            own, rig.sdk, 120.0, now=lambda: NOW, call_later=rig._call_later, draw_seconds=lambda mean: mean
        )
        server.start(own)
        assert rig.pending == pending

    play(story)


@pytest.mark.parametrize(
    ("player", "session", "uid", "reason"),
    [
        ("a", "session-1", "uid-2", "names another server"),
        ("x", "session-1", "uid-1", "does not name x"),
    ],
)
def test_a_wrong_ticket_is_refused(player: str, session: str, uid: str, reason: str) -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        with pytest.raises(Refused, match=reason):
            rig.join(player, session=session, uid=uid)

    play(story)


def test_a_player_may_come_before_the_server_has_heard_of_its_allocation() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view("Ready"))
        client = rig.join("a")
        rig.server.observe(view())
        assert rig.pending == [7.0]
        successor = {"address": "127.0.0.9", "port": 7009, "uid": "uid-9"}
        rig.server.observe(view(**signal(mode="handoff", successor=successor)))
        await settle()
        await rig.fire(2.0)
        farewell = json.loads(client.heard[-1])
        assert Ticket.decode(farewell["successor"]["ticket"]).members == ("a", "b", "c")

    play(story, mean=7)


def test_handoff_introduces_the_whole_party_to_the_successor() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        client = rig.join("a")
        successor = {"address": "127.0.0.9", "port": 7009, "uid": "uid-9"}
        rig.server.observe(view(**signal(mode="handoff", successor=successor)))
        await settle()
        await rig.fire(2.0)
        farewell = json.loads(client.heard[-1])
        ticket = Ticket.decode(farewell["successor"].pop("ticket"))
        assert farewell["successor"] == {"address": "127.0.0.9", "port": 7009}
        assert (ticket.server_uid, ticket.session, ticket.members) == ("uid-9", "session-1", ("a", "b", "c"))

    play(story)


def test_disconnect_keeps_the_notice_then_moves_the_players() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        client = rig.join("a")
        rig.server.observe(view(**signal()))
        await settle()
        assert rig.sdk.calls == [("drain-ack", "accepted", "1")]
        assert not client.is_closed
        await rig.fire(2.0)
        assert client.heard[-1] == '{"type": "move", "retry_within_seconds": 1.0}'
        assert client.is_closed
        assert rig.sdk.calls[1:] == [("drain-ack", "closing", "1"), ("shutdown",)]

    play(story)


def test_during_a_drain_only_members_of_the_session_come_in() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        rig.server.observe(view(**signal()))
        rig.join("a")
        with pytest.raises(Refused, match="closing"):
            rig.join("b", session="session-2")

    play(story)


def test_at_match_end_waits_for_the_match() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        client = rig.join("a")
        rig.server.observe(view(**signal(mode="at_match_end")))
        await settle()
        assert rig.pending == [120.0]
        await rig.fire(120.0)
        assert client.heard[-1] == '{"type": "over"}'
        assert [call[1:2] for call in rig.sdk.calls] == [("accepted",), ("closing",), ()]

    play(story)


def test_a_cancelled_drain_lets_the_match_go_on() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        rig.server.observe(view(**signal()))
        rig.server.observe(view(**signal(2, state="cancelled")))
        await settle()
        assert rig.sdk.calls[-1] == ("drain-ack", "cancelled", "2")
        assert rig.pending == [120.0]
        rig.join("b", session="session-2")

    play(story)


def test_a_request_is_answered_once_however_often_it_is_seen() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        for _ in range(3):
            rig.server.observe(view(**signal()))
        rig.server.observe(view(**signal(allocation="allocation-0", seq=9)))
        await settle()
        assert rig.sdk.calls == [("drain-ack", "accepted", "1")]

    play(story)


def test_an_acknowledgement_that_nobody_takes_does_not_keep_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(rig: Rig) -> None:
        monkeypatch.setattr("lab.game.arena.ACKNOWLEDGEMENT_SECONDS", 0.001)
        rig.server.start(view())
        client = rig.join("a")
        rig.sdk.takes_annotations = False
        rig.server.observe(view(**signal()))
        await rig.fire(2.0)
        async with asyncio.timeout(1):
            while not rig.sdk.calls:
                await asyncio.sleep(0)
        assert rig.sdk.calls == [("shutdown",)]
        assert client.is_closed
        rig.server.stop()

    play(story)


@pytest.mark.parametrize(("phase", "pending"), [("accepted", [120.0, 2.0]), ("closing", [0.0, 120.0])])
def test_a_server_started_again_goes_on_with_its_drain(phase: str, pending: list[float]) -> None:
    async def story(rig: Rig) -> None:
        acknowledged = {"run": "run-1", "seq": 1, "phase": phase, "accepted_at": NOW.isoformat()}
        rig.server.start(view(**signal(), **{drain.ACKNOWLEDGEMENT_ANNOTATION: json.dumps(acknowledged)}))
        await settle()
        assert sorted(rig.pending) == sorted(pending)
        assert rig.sdk.calls == []

    play(story)


def test_a_player_who_comes_back_replaces_the_broken_connection() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        first = rig.join("a")
        second = rig.join("a")
        assert first.is_closed
        rig.server.leave(first)
        assert rig.sdk.players == ["a"]
        rig.server.leave(second)
        assert rig.sdk.players == []

    play(story)


def test_a_killed_server_tells_nobody_anything() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        client = rig.join("a")
        rig.server.stop()
        assert client.is_closed
        assert len(client.heard) == 1
        assert rig.pending == []
        assert rig.sdk.calls == []

    play(story)


def test_an_unreadable_request_changes_nothing() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view(**{REQUEST: "?"}))
        await settle()
        assert rig.sdk.calls == []

    play(story)


def test_a_new_match_on_the_server_is_not_drained_by_an_old_signal() -> None:
    async def story(rig: Rig) -> None:
        rig.server.start(view())
        rig.server.observe(view(**signal()))
        rig.server.observe(view(allocation="allocation-2", **signal()))
        await settle()
        assert rig.pending == [120.0]
        assert rig.sdk.calls == [("drain-ack", "accepted", "1")]

    play(story)
