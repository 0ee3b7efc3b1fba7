from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary import Times
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary_round import Canary
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.round import SessionProbe
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import Synthetic

from tests.unit.plugins.module_utils._drain.world import FakeKeeper
from tests.unit.plugins.module_utils._probe.cluster import LABEL, Cluster, Game

Json = dict[str, Any]
TIMES = Times(notice=3.0, answer=16.0, close=20.0)


class Rig:
    """A probe with a canary over a cluster."""

    def __init__(self, cluster: Cluster, mode: str = "at_match_end", accepted: Mapping[str, str] | None = None) -> None:
        self.cluster = cluster
        self.keeper = FakeKeeper()
        synthetic = Synthetic(cluster, "run-1", DEFAULT_DOMAIN, cluster.clock)
        policies = Policies(Policy("run-1", mode=mode))
        canary = Canary(synthetic, lambda: cluster, self.keeper, cluster.clock, policies, accepted or {}, TIMES)
        self.probe = SessionProbe(
            synthetic, ["arena"], self.keeper, cluster.clock, connect=cluster.connect, canary=canary
        )

    def run(self) -> Json:
        return self.probe.run()


def assert_all_released(cluster: Cluster) -> None:
    left = [one for one in cluster.servers.values() if LABEL in one["metadata"]["labels"]]
    assert all(one["status"]["state"] == "Shutdown" for one in left), "a synthetic session was left"


def test_a_fleet_that_hands_over_has_level_3() -> None:
    cluster = Cluster(ready=3)
    rig = Rig(cluster, "handoff")
    result = rig.run()
    (one,) = result["probes"]
    assert (one["level"], one["level_reason"]) == ("L3", "")
    assert one["observed"]["answers"] == {"handoff": "accepted"}
    assert one["observed"]["ended_seconds"] == pytest.approx(3.0, abs=0.2)
    assert (result["passed"], result["round"]["finished"], result["warnings"]) == (True, True, [])
    assert cluster.states() == ["Shutdown", "Shutdown", "Ready"]
    assert cluster.clock.seconds < 4, "it costs the notice and little more"


def test_the_session_is_asked_by_the_contract_and_its_successor_is_marked() -> None:
    cluster = Cluster(ready=3)
    Rig(cluster).run()
    ((name, request),) = cluster.requests
    session, successor = cluster.servers["s0"], cluster.servers["s1"]
    assert name == "s0"
    assert request.allocation == session["metadata"]["annotations"]["agones.dev/last-allocated"]
    assert request.successor == {"address": "127.47.101.1", "port": 7001, "uid": "uid-s1"}
    assert successor["metadata"]["annotations"][f"{DEFAULT_DOMAIN}/successor-of"] == "uid-s0/run-1"


@pytest.mark.parametrize(
    ("game", "level", "answers"),
    [
        (Game(refuses=frozenset({"handoff"})), "L2", {"handoff": "refused", "disconnect": "accepted"}),
        (Game(answers=False), "L1", {"handoff": "silent"}),
        (Game(answers=False, shuts_down=False), "L0", {"handoff": "silent", "disconnect": "silent"}),
        (Game(shuts_down=False), "L0", {"handoff": "accepted"}),
    ],
    ids=["refuses handoff", "does not answer", "deaf", "does not shut down"],
)
def test_a_fleet_that_does_less_has_a_lower_level(game: Game, level: str, answers: dict[str, str]) -> None:
    cluster = Cluster(ready=3, game=game)
    (one,) = Rig(cluster).run()["probes"]
    assert (one["level"], one["observed"]["answers"]) == (level, answers)
    assert_all_released(cluster)


def test_a_deaf_fleet_takes_no_longer_than_two_answers() -> None:
    cluster = Cluster(ready=3, game=Game(answers=False, shuts_down=False))
    Rig(cluster).run()
    assert cluster.clock.seconds < 2 * TIMES.answer + 1


def test_without_a_second_server_handoff_is_not_tried() -> None:
    cluster = Cluster(ready=1)
    (one,) = Rig(cluster).run()["probes"]
    assert (one["level"], one["observed"]["answers"]) == ("L2", {"disconnect": "accepted"})
    assert "no second server was free" in one["level_reason"]


def test_a_level_that_is_too_low_fails_and_nothing_is_left() -> None:
    cluster = Cluster(ready=6, fleets=2, game=Game(answers=False, shuts_down=False))
    with pytest.raises(BlueGreenError) as raised:
        Rig(cluster, "disconnect").run()
    assert [one.split(" (")[0] for one in raised.value.details["problems"]] == [
        "Fleet arena/fleet-0 has level L0 of the drain contract",
        "Fleet arena/fleet-1 has level L0 of the drain contract",
    ]
    assert [one["level"] for one in raised.value.details["probes"]] == ["L0", "L0"]
    assert_all_released(cluster)


def test_a_level_that_is_put_up_with_is_a_warning() -> None:
    cluster = Cluster(ready=3, game=Game(answers=False, shuts_down=False))
    result = Rig(cluster, "disconnect", {"fleet-0": "L0"}).run()
    assert result["passed"]
    assert ["accepted_levels allows L0" in text for text in result["warnings"]] == [True]


def test_the_levels_stand_in_the_run_s_journal() -> None:
    cluster = Cluster(ready=6, fleets=2)
    cluster.games["fleet-1"] = Game(answers=False)
    rig = Rig(cluster)
    rig.run()
    text = "levels of the drain contract: arena/fleet-0 L3, arena/fleet-1 L1"
    assert rig.keeper.entries == [("note", {"event": "levels", "text": text})]


def test_the_lease_is_kept_while_a_deaf_fleet_is_waited_for() -> None:
    rig = Rig(Cluster(ready=3, game=Game(answers=False, shuts_down=False)))
    rig.run()
    assert rig.keeper.kept >= 10


def test_a_request_that_lost_a_race_is_written_again() -> None:
    cluster = Cluster(ready=3)
    cluster.conflicts = 2
    (one,) = Rig(cluster).run()["probes"]
    assert one["level"] == "L3"


def test_a_session_of_somebody_else_is_not_touched() -> None:
    cluster = Cluster(ready=4)
    real = cluster.servers["s0"]
    real["status"]["state"] = "Allocated"
    Rig(cluster).run()
    assert cluster.servers["s0"] is real
    assert "s0" not in [name for name, _request in cluster.requests]


def test_a_server_that_somebody_deletes_shows_no_shutdown() -> None:
    cluster = Cluster(ready=3)
    cluster.on_request = lambda name: cluster.later(1.0, lambda: cluster.vanish(name))
    cluster.games["fleet-0"] = Game(shuts_down=False)
    (one,) = Rig(cluster).run()["probes"]
    assert (one["level"], one["observed"]["ended_as"]) == ("L0", "deleted")


def test_a_session_that_is_gone_too_early_is_tried_again() -> None:
    cluster = Cluster(ready=3)
    cluster.on_connect = lambda: cluster.vanish("s0")
    result = Rig(cluster).run()
    assert not result["round"]["finished"]
    assert result["round"]["progress"] == "fleet-0: s0 was gone before it could be asked"
    assert_all_released(cluster)


@pytest.mark.parametrize("status", [403, 0])
def test_whatever_fails_everything_is_released(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(ready=3)

    def refuse(*_: Any) -> Json:
        monkeypatch.undo()
        raise ApiFailure("refused", status)

    monkeypatch.setattr(cluster, "patch_server", refuse)
    result = Rig(cluster).run()
    assert result["round"]["finished"] == (status == 0), "no answer is tried again in the same round"
    assert_all_released(cluster)


def test_a_runner_that_loses_its_lease_leaves_nothing() -> None:
    cluster = Cluster(ready=3, game=Game(answers=False, shuts_down=False))
    rig = Rig(cluster)

    def lose() -> None:
        rig.keeper.kept += 1
        if rig.keeper.kept > 2:
            raise BlueGreenError("the lease is somebody else's")

    rig.keeper.keep = lose  # type: ignore[method-assign]
    with pytest.raises(BlueGreenError, match="lease"):
        rig.run()
    assert_all_released(cluster)


def test_what_was_left_is_released_first() -> None:
    cluster = Cluster(ready=4)
    cluster.servers["s0"]["status"]["state"] = "Allocated"
    cluster.servers["s0"]["metadata"]["labels"][LABEL] = "run-1"
    Rig(cluster).run()
    assert cluster.states() == ["Shutdown", "Shutdown", "Shutdown", "Ready"]
