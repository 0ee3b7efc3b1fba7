from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.game import players
from lab.game.accounting import Accounts, End
from lab.game.players import Connection, Farewell, Lost, NoMatch, NotAdmitted, Party, Player, Session
from lab.game.protocol import Message
from lab.world.config import LabConfig, LabError

SESSION = Session("127.40.101.1", 7001, "ticket", "blue")
OVER = {"type": "over"}
MOVE = {"type": "move", "retry_within_seconds": 0}


class FakeConnection:
    def __init__(self, *messages: Message | Exception) -> None:
        self._messages = list(messages)

    async def receive(self) -> Message:
        if not self._messages:
            await asyncio.Event().wait()
        message = self._messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return message

    def close(self) -> None:
        pass


Script = list[FakeConnection | Exception]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "RECONNECT_PAUSE_SECONDS", 0)
    monkeypatch.setattr(players, "LOBBY_SECONDS", (0, 0))
    monkeypatch.setattr(players, "STRAGGLER_SECONDS", 0.001)


def connect_to(monkeypatch: pytest.MonkeyPatch, scripts: dict[str, Script]) -> None:
    async def join(session: Session, player: str) -> tuple[FakeConnection, str]:
        step = scripts[player].pop(0) if scripts[player] else Lost("refused")
        if isinstance(step, Exception):
            raise step
        return step, f"server-of-{session.ticket}"

    monkeypatch.setattr(Connection, "join", join)


def play_one(monkeypatch: pytest.MonkeyPatch, *script: FakeConnection | Exception) -> tuple[Farewell, Accounts]:
    accounts = Accounts(["a"])
    connect_to(monkeypatch, {"a": list(script)})
    return asyncio.run(Player("a", accounts).play(SESSION)), accounts


def test_a_player_stays_until_the_match_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    farewell, accounts = play_one(monkeypatch, FakeConnection({"type": "tick"}, OVER))
    assert farewell == Farewell(End.ENDED_ALONE)
    assert accounts.status(0)["connections"]["lost"] == 0


def test_a_player_who_loses_the_connection_comes_back_with_the_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FakeConnection(Lost("reset"))
    farewell, accounts = play_one(monkeypatch, broken, Lost("refused"), FakeConnection(MOVE))
    assert farewell.end is End.MOVED
    assert accounts.status(0)["connections"] == {"lost": 1, "found_again": 1}


def test_a_player_gives_up_when_another_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    farewell, accounts = play_one(monkeypatch, FakeConnection(Lost("reset")), NotAdmitted("another server"))
    assert farewell.end is End.LOST
    assert accounts.status(0)["connections"] == {"lost": 1, "found_again": 0}


@pytest.mark.parametrize("script", [[], [FakeConnection(Lost("reset"))]])
def test_a_player_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    monkeypatch.setattr(players, "RECONNECT_SECONDS", 0.005)
    farewell, _ = play_one(monkeypatch, *script)
    assert farewell.end is End.LOST


class Asked:
    """A matchmaker with prepared answers; after the last one it does not answer any more."""

    def __init__(self, *answers: Session | NoMatch) -> None:
        self.answers = list(answers)
        self.moved_from: list[str] = []
        self.is_empty = asyncio.Event()

    async def __call__(self, party: str, members: Sequence[str], moved_from: str) -> Session:
        if not self.answers:
            self.is_empty.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        self.moved_from.append(moved_from)
        if isinstance(answer, NoMatch):
            raise answer
        return answer


def play_party(
    monkeypatch: pytest.MonkeyPatch,
    scripts: dict[str, Script],
    *answers: Session | NoMatch,
    never_return_share: float = 0.0,
) -> Accounts:
    async def run() -> Accounts:
        accounts = Accounts(scripts)
        connect_to(monkeypatch, scripts)
        ask = Asked(*answers)
        party = Party("party", [Player(name, accounts) for name in scripts], accounts, ask, never_return_share)
        task = asyncio.create_task(party.run())
        async with asyncio.timeout(2):
            await ask.is_empty.wait()
        task.cancel()
        return accounts

    return asyncio.run(run())


def test_a_party_asks_again_after_a_failure_and_after_each_session(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts: dict[str, Script] = {name: [FakeConnection(MOVE), FakeConnection(OVER)] for name in "ab"}
    green = Session("127.40.102.1", 7001, "other", "green")
    status = play_party(monkeypatch, scripts, NoMatch("HTTP 503", 0), SESSION, green).status(0)
    assert status["match_requests"] == {"made": 3, "failed": 1}
    assert status["sessions"] == {"total": 2, "running": 0, "ended_alone": 1, "moved": 1, "lost": 0}
    assert status["parties"]["together"] == 2
    assert status["players"]["by_slot"] == {"green": 2}
    assert status["downtime_seconds"]["count"] == 2


def test_a_party_follows_its_server_to_the_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    move = {**MOVE, "successor": {"address": "127.40.102.1", "port": 7002, "ticket": "new"}}
    scripts: dict[str, Script] = {name: [FakeConnection(move), FakeConnection(OVER)] for name in "ab"}
    status = play_party(monkeypatch, scripts, SESSION).status(0)
    assert status["match_requests"] == {"made": 1, "failed": 0}
    assert status["sessions"] == {"total": 2, "running": 0, "ended_alone": 1, "moved": 1, "lost": 0}
    assert status["parties"]["together"] == 2
    assert status["downtime_seconds"]["count"] == 2


def test_those_who_quit_when_they_are_moved_leave_the_party(monkeypatch: pytest.MonkeyPatch) -> None:
    lots = iter([0.05, 0.5])
    monkeypatch.setattr("lab.game.players.random.random", lambda: next(lots))
    scripts: dict[str, Script] = {"a": [FakeConnection(MOVE)], "b": [FakeConnection(MOVE), FakeConnection(OVER)]}
    green = Session("127.40.102.1", 7001, "other", "green")
    status = play_party(monkeypatch, scripts, SESSION, green, never_return_share=0.1).status(0)
    assert (status["players"]["total"], status["players"]["quit"]) == (1, 1)
    assert status["players"]["by_slot"] == {"green": 1}
    assert status["downtime_seconds"]["count"] == 1
    assert status["parties"] == {"together": 2, "apart": 0, "incomplete": 0}


def test_a_party_of_which_everybody_quits_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        connect_to(monkeypatch, {"a": [FakeConnection(MOVE)]})
        accounts = Accounts(["a"])
        party = Party("party", [Player("a", accounts)], accounts, Asked(SESSION), never_return_share=1.0)
        await asyncio.wait_for(party.run(), 2)

    asyncio.run(run())


def test_a_party_names_the_match_that_it_was_moved_out_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[str]:
        scripts: dict[str, Script] = {"a": [FakeConnection(MOVE), FakeConnection(OVER)]}
        connect_to(monkeypatch, scripts)
        first = Session("127.40.101.1", 7001, "ticket", "blue", "match-1")
        ask, accounts = Asked(first, NoMatch("HTTP 503", 0), SESSION, SESSION), Accounts(scripts)
        task = asyncio.create_task(Party("party", [Player("a", accounts)], accounts, ask).run())
        async with asyncio.timeout(3):
            while len(ask.moved_from) < 4:
                await asyncio.sleep(0.01)
        task.cancel()
        return ask.moved_from

    monkeypatch.setattr(players, "LOBBY_SECONDS", (0.0, 0.0))
    assert asyncio.run(run()) == ["", "match-1", "match-1", ""]


def test_nobody_waits_for_a_member_who_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts: dict[str, Script] = {"a": [FakeConnection(MOVE)], "b": [FakeConnection()]}
    status = play_party(monkeypatch, scripts, SESSION).status(0)
    assert status["sessions"]["moved"] == 1
    assert status["players"]["playing"] == 0
    assert status["connections"]["lost"] == 1


def test_a_session_that_all_members_lost_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: Script = [FakeConnection(Lost("reset")), NotAdmitted("another server")]
    status = play_party(monkeypatch, {"a": list(gone), "b": [NotAdmitted("no")]}, SESSION).status(0)
    assert status["sessions"]["lost"] == 1
    assert status["parties"]["incomplete"] == 1


@pytest.mark.parametrize(("text", "seconds"), [(None, 1.0), ("3", 3.0), ("Mon, 23 Nov 2026 12:00:00 GMT", 1.0)])
def test_retry_after(text: str | None, seconds: float) -> None:
    assert players.retry_after(text) == seconds


def test_the_load_balancer_is_found_in_the_labs_state(tmp_path: Path) -> None:
    config = LabConfig.from_environment({"LAB_STATE": str(tmp_path)})
    with pytest.raises(LabError, match="is the lab up"):
        players.find_url(config)
    (tmp_path / "alb.json").write_text(json.dumps({"arena": {"address": "127.40.2.1", "listeners": [8080]}}))
    assert players.find_url(config) == "http://127.40.2.1:8080/match"


@pytest.mark.parametrize("option", ["--parties=0", "--party-size=0", "--never-return-share=-1"])
def test_a_bad_option_is_refused(option: str) -> None:
    with pytest.raises(LabError, match=option.split("=")[0]):
        asyncio.run(players.main([option]))


def test_a_crowd_has_parties_of_the_wanted_size(tmp_path: Path) -> None:
    config = LabConfig.from_environment({"LAB_STATE": str(tmp_path)})
    status = players.Crowd(config, 2, Asked(), party_size=4).status(lists=False)
    assert (status["players"]["total"], status["players"]["party_size"]) == (8, 4)
    assert "downtimes" not in status
