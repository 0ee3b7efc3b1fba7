"""What the feeds tell, and what has to be asked for: pods, and how many are playing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Changed, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain import intake as intake_module
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.intake import POD_SECONDS, Intake
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import ReleaseSuccessor, ShutDown

from tests.unit.plugins.module_utils._drain.parts import Drain, drain
from tests.unit.plugins.module_utils._drain.world import START, FakeClock, game_server

Json = dict[str, Any]


@dataclass
class Pods:
    """The source, as far as pods go."""

    there: set[str]
    asked: list[str] = field(default_factory=list)

    def has_pod(self, _namespace: str, name: str) -> bool:
        self.asked.append(name)
        return name in self.there

    def delete_pod(self, namespace: str, name: str) -> None:
        raise NotImplementedError

    def patch_server(self, namespace: str, name: str, body: Any) -> Json:
        raise NotImplementedError

    def find_server(self, namespace: str, name: str) -> Json | None:
        raise NotImplementedError


def taking(one: Drain, settings: Settings | None = None) -> tuple[Intake, FakeClock]:
    clock = FakeClock()
    return Intake(one.state, one.sight, settings or Settings(["arena"]), clock), clock


def listed(*objects: Json) -> Listed:
    return Listed("arena", list(objects), START)


def counted(name: str, players: int, state: str = "Allocated", version: int = 1) -> Json:
    found = game_server(name, state, players=None, version=version)
    found["status"]["counters"] = {"players": {"count": players, "capacity": 9}}
    return found


@pytest.fixture(autouse=True)
def _in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "in_parallel", lambda function, arguments: [*map(function, arguments)])


@pytest.mark.parametrize(
    "goes",
    [
        lambda one: one.take_source([Changed(game_server("s0", version=2), True, START)]),
        lambda one: one.take_source([listed(game_server("s1"))]),
        lambda one: one.miss("uid-s0"),
    ],
)
def test_a_session_is_over_once_its_pod_is_gone_too(goes: Callable[[Intake], None]) -> None:
    one, pods = drain(), Pods({"s0", "s1"})
    taken, clock = taking(one)
    taken.take_source([listed(game_server("s0"), game_server("s1"))])
    goes(taken)
    taken.confirm_missing(pods)
    taken.confirm_missing(pods)
    assert (pods.asked, sorted(one.memory.active)) == (["s0"], ["uid-s0", "uid-s1"]), "not asked again at once"
    pods.there.clear()
    clock.seconds = POD_SECONDS
    taken.confirm_missing(pods)
    assert sorted(one.memory.active) == ["uid-s1"]
    clock.seconds = 9 * POD_SECONDS
    taken.confirm_missing(pods)
    assert pods.asked == ["s0", "s0"], "what is gone is not asked for"


def test_one_more_that_is_missing_is_asked_for_at_once() -> None:
    one, pods = drain(), Pods({"s0", "s1"})
    taken, _clock = taking(one)
    taken.take_source([listed(game_server("s0"), game_server("s1"))])
    for name in ("s0", "s1"):
        taken.miss(f"uid-{name}")
        taken.confirm_missing(pods)
    assert pods.asked == ["s0", "s0", "s1"]


def test_what_no_one_knows_is_not_missed() -> None:
    pods = Pods(set())
    taken, _clock = taking(drain())
    taken.miss("uid-unknown")
    taken.confirm_missing(pods)
    assert pods.asked == []


def test_the_target_is_listed_changes_and_goes() -> None:
    one = drain(seats=0)
    taken, _clock = taking(one)
    fleet = ("arena", "arena")
    taken.take_target([listed(game_server("a", "Ready"), game_server("b", "Ready"))])
    assert one.state.target.seats(fleet) == 2
    taken.take_target([Changed(game_server("a", version=2), False, START)])
    assert (one.state.target.seats(fleet), one.state.target.sessions) == (1, 1)
    taken.take_target([Changed(game_server("b", "Ready", version=3), True, START)])
    assert one.state.target.seats(fleet) == 0


def test_the_answer_to_a_write_is_of_the_slot_that_it_was_written_to() -> None:
    one = drain(seats=0)
    taken, _clock = taking(one)
    which = "uid", "arena", "s0"
    taken.take_written(ShutDown(*which, "1", "arena"), game_server("s0"))
    assert (list(one.memory.active), one.state.target.servers) == (["uid-s0"], {})
    taken.take_written(ReleaseSuccessor(*which, "1", "arena", ""), game_server("t0"))
    assert (list(one.memory.active), list(one.state.target.servers)) == (["uid-s0"], ["uid-t0"])


def test_players_without_ids_are_counted_by_the_counters_of_both_slots() -> None:
    one = drain(seats=0)
    taken, clock = taking(one)
    taken.take_source([listed(counted("s0", 3), game_server("ids", players=["a", "b"]))])
    taken.take_target([listed(counted("t0", 4), counted("t1", 0, "Ready"))])
    taken.count_online(None, START)
    assert one.memory.ledger.flow.online == 7
    taken.take_target([Changed(counted("t0", 9, version=2), False, START)])
    taken.count_online(None, START)
    assert one.memory.ledger.flow.online == 7, "once a second is enough"
    clock.seconds = 1.0
    taken.count_online(None, START + 1)
    assert one.memory.ledger.flow.online == 12


def test_the_metric_of_the_game_comes_before_counters() -> None:
    one = drain(seats=0)
    taken, _clock = taking(one)
    taken.take_source([listed(counted("s0", 3))])
    taken.count_online(lambda: 55.0, START)
    assert one.memory.ledger.flow.online == 55


def test_without_counters_nothing_is_read() -> None:
    one = drain(seats=0)
    taken, _clock = taking(one)
    taken.take_source([listed(game_server("s0", players=["a"]), game_server("s1", players=None))])
    taken.count_online(None, START)
    assert one.memory.ledger.flow.readings == 0


def test_game_servers_are_read_by_the_names_that_the_game_uses() -> None:
    one = drain(seats=0)
    taken, _clock = taking(one, Settings(["arena"], players_list="guests", players_counter="heads"))
    obj = game_server("s0", players=None)
    obj["status"] |= {"lists": {"guests": {"values": ["a"]}}, "counters": {"heads": {"count": 2}}}
    found = taken.read(obj)
    assert (len(found.players or ()), found.counted) == (1, 2)
    assert found.players != ("a",), "ids are hashes"
