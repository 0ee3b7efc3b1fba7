"""Upgrades with players in which something breaks while the source drains.

Each of them loses no session that the fault did not end itself, and accounts for each session of the source once.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.world import faults, seed, world
from tests.scenarios.figures import ENOUGH_RECONNECTS, Moved, check_pace
from tests.scenarios.stage import SHORT, Stage
from tests.scenarios.witness import Notes, Witness
from tests.theatre import Run

PARTIES = 30
# Long enough that the drain, and not the end of their match, takes most players away.
MATCH_SECONDS = 300.0
VERY_LONG_MATCH_SECONDS = 6000.0
NOTICE_SECONDS = 4.0
# Nothing here breaks before the drain, so what comes before it is as short as can be.
MOVES: dict[str, Any] = {
    "eks_bluegreen_drain_mode": "disconnect",
    "session_drain_notice_seconds": NOTICE_SECONDS,
    "cluster_verify_canary": False,
    "eks_bluegreen_traffic_steps": [100],
}
# A drain that goes on for long enough that something can happen to it.
SLOW: dict[str, Any] = {**MOVES, "session_drain_most_at_once": 4}
# As fast as the seats, and two cores, allow.
UNPACED = {"session_drain_most_at_once": "", "session_drain_players_per_second": 50, "session_drain_spread_seconds": 10}
DOWN_SECONDS = 30.0
KILLS = 20
# Every other runner is killed within so many seconds of draining, the others within so many of their start.
LONGEST_LIFE_SECONDS = 3.0
LONGEST_START_SECONDS = 8.0
EMPTIES = "TASK [gameops.eks_bluegreen.session_drain : Empty the source of its sessions]"
# Requests that were on their way to a dead target when the source served again have ended by then.
UNDER_WAY_SECONDS = 15.0
# A drain reads its flag every two seconds, or when its next round begins.
OBEYED_SECONDS = 6.0


@pytest.fixture
def crowded(stage: Stage) -> Stage:
    stage.conduct(match_seconds=MATCH_SECONDS)
    stage.crowd(PARTIES)
    return stage


@pytest.fixture
def settled(stage: Stage) -> Stage:
    """No one asks for a match except players who are sent away."""
    stage.conduct(match_seconds=VERY_LONG_MATCH_SECONDS)
    stage.crowd(PARTIES)
    return stage


@pytest.fixture
def witness(stage: Stage) -> Iterator[Witness]:
    """Watches the slot that is about to be drained."""
    found = Witness(kubeconfig(stage, stage.active))
    yield found
    found.leave()


def kubeconfig(stage: Stage, slot: str) -> str:
    return str(world.cluster_facts(stage.config, stage.cluster(slot))["kubeconfig"])


def read_object(stage: Stage, name: str) -> Any:
    """An object that the run keeps in the state bucket."""
    run_id = stage.theatre.record()["run_id"]
    found = stage.theatre.account.client("s3").get_object(
        Bucket=seed.BUCKET, Key=f"eks-bluegreen/{seed.GAME}/runs/{run_id}/{name}.json"
    )
    return json.loads(found["Body"].read())


def patch(stage: Stage, slot: str, what: str, body: dict[str, Any]) -> None:
    """Merge patch of an object of the game, by kind."""
    stage.theatre.kubectl(stage.cluster(slot), "patch", what, seed.GAME, "--type", "merge", "-p", json.dumps(body))


def conclude(stage: Stage, scenario: str, moved: Moved, notes: Notes, **more: Any) -> None:
    """What every one of these upgrades owes, and its figures."""
    assert moved.code == 0, moved.output[-3000:]
    row = stage.record(scenario, moved, **more)
    outcomes = moved.outcomes
    assert outcomes["interrupted"] == outcomes["forced"] == outcomes["lost"] == 0
    assert outcomes["total"] == outcomes["moved"] + outcomes["ended_alone"] > 0
    memory = read_object(stage, "drain")
    assert notes.miscounted(memory) == []
    assert outcomes["total"] == len(memory["ended"])
    assert notes.shortened(NOTICE_SECONDS) == []
    assert moved.change("sessions", "lost") == 0
    assert moved.change("parties", "apart") == 0
    assert moved.least_free_seats is None or moved.least_free_seats >= 0
    if row["quiet_reconnect"]["count"] >= ENOUGH_RECONNECTS:
        check_pace(row)
    assert stage.theatre.serves(moved.target)


def nobody_was_refused(moved: Moved) -> None:
    assert moved.change("match_requests", "failed") == 0


# The source's Fleet


def test_a_new_template_of_the_sources_fleet(crowded: Stage, witness: Witness) -> None:
    def change(value: str | None) -> None:
        template = {"metadata": {"annotations": {"scenario/change": value}}}
        patch(crowded, move.source, "fleet", {"spec": {"template": template}})

    def sets() -> set[str]:
        return set(crowded.theatre.kubectl(crowded.cluster(move.source), "get", "gss", "-o", "name").split())

    move = crowded.begin(**SLOW)
    move.wait_for_drain()
    before = sets()
    change("made while the drain was under way")
    try:
        crowded.theatre.wait("a new GameServerSet", lambda: bool(sets() - before), move.run, timeout=30.0)
        rolled_at = len(crowded.sessions_on(move.source))
        moved = move.finish()
    finally:
        change(None)
    conclude(crowded, "rolling change of the source", moved, witness.leave(), sessions_left_when_changed=rolled_at)
    nobody_was_refused(moved)


# Agones


def test_both_controllers_down_for_half_a_minute(crowded: Stage, witness: Witness) -> None:
    clusters = [crowded.cluster(slot) for slot in seed.CLUSTER_NAMES]
    move = crowded.begin(**SLOW)
    move.wait_for_drain()
    for cluster in clusters:
        faults.stop_program(crowded.config, cluster, "agones-controller")
    try:
        time.sleep(DOWN_SECONDS)
    finally:
        for cluster in clusters:
            faults.start_program(crowded.config, cluster, "agones-controller")
    moved = move.finish()
    conclude(crowded, "both Agones controllers down for 30 s", moved, witness.leave())
    nobody_was_refused(moved)


def test_extensions_down(crowded: Stage, witness: Witness) -> None:
    """The source's all the time: nothing of the drain needs them. Then the target's, as its floors are to go."""

    def stop(slot: str) -> None:
        faults.stop_program(crowded.config, crowded.cluster(slot), "agones-extensions")

    def start(slot: str) -> None:
        faults.start_program(crowded.config, crowded.cluster(slot), "agones-extensions")

    # No one asks for a match while the target cannot allocate: matches do not end.
    crowded.conduct(match_seconds=0)
    move = crowded.begin(**SLOW)
    try:
        move.wait_for_drain()
        stop(move.source)
        crowded.theatre.wait("the source is empty", lambda: crowded.theatre.record()["current"] == "complete", move.run)
        stop(move.target)
        said = move.run.finish()
    finally:
        for slot in seed.CLUSTER_NAMES:
            start(slot)
    assert said.code != 0
    words = " ".join(said.output.split())
    assert "stays held (agones-extensions does not answer" in words
    slots = list(seed.CLUSTER_NAMES)
    crowded.theatre.wait("both can allocate", lambda: all(can_allocate(crowded, one) for one in slots), timeout=60.0)
    crowded.conduct(match_seconds=MATCH_SECONDS)
    move.restart()
    moved = move.finish()
    conclude(crowded, "Agones extensions down", moved, witness.leave())


def can_allocate(stage: Stage, slot: str) -> bool:
    """Whether the API server of a slot reaches agones-extensions."""
    what = ("get", "apiservice", "v1.allocation.agones.dev", "-o", "json")
    conditions = json.loads(stage.theatre.kubectl(stage.cluster(slot), *what))["status"]["conditions"]
    return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)


# Runners


def test_a_second_runner_waits_and_takes_over(crowded: Stage, witness: Witness) -> None:
    move = crowded.begin(**SLOW)
    move.wait_for_drain()
    second = move.start()
    driver = crowded.theatre.record()
    crowded.theatre.wait("the second runner waits", lambda: is_driven_by_another(second, driver), second, timeout=60.0)
    time.sleep(15)
    now = crowded.theatre.record()
    assert (now["generation"], now["lease"]["holder"]) == (driver["generation"], driver["lease"]["holder"])
    assert "TASK [gameops.eks_bluegreen.preflight" not in second.output
    assert not move.run.is_over
    move.run.kill()
    killed_at = time.monotonic()
    move.run = second
    crowded.theatre.wait(
        "the second runner drives", lambda: crowded.theatre.record()["generation"] > driver["generation"], second
    )
    waited = round(time.monotonic() - killed_at, 1)
    moved = move.finish()
    conclude(crowded, "two runners, the first killed", moved, witness.leave(), taken_over_after_seconds=waited)
    nobody_was_refused(moved)


def is_driven_by_another(run: Run, record: dict[str, Any]) -> bool:
    return f"is driven by {record['lease']['holder']}" in run.output


# Somebody on another machine


def test_paused_and_aborted_by_somebody_else(settled: Stage, witness: Witness) -> None:
    """No one is asked while it is paused; when it is aborted, all requests are taken back. Then it goes on."""
    theatre, notes = settled.theatre, witness.notes
    move = settled.begin(**SLOW)
    move.wait_for_drain()
    set_flag(settled, "paused")
    time.sleep(OBEYED_SECONDS)
    paused_at = time.time()
    time.sleep(UNDER_WAY_SECONDS)
    assert notes.asked_since(paused_at) == 0
    assert "paused" in move.run.output
    assert not move.run.is_over
    left = len(settled.sessions_on(move.source))
    assert left > 0
    set_flag(settled, "running")
    resumed_at = time.time()
    theatre.wait("somebody is asked again", lambda: notes.asked_since(resumed_at) > 0, move.run)
    set_flag(settled, "aborted")
    said = move.run.finish(timeout=60)
    aborted_at = time.time()
    assert said.code != 0
    assert "was aborted" in " ".join(said.output.split())
    theatre.wait("no request is left", lambda: theatre.draining(settled.cluster(move.source)) == 0, timeout=30.0)
    assert notes.asked_since(aborted_at) == 0
    set_flag(settled, "running")
    move.restart()
    moved = move.finish()
    conclude(settled, "paused, then aborted, from elsewhere", moved, witness.leave(), sessions_left_when_paused=left)
    nobody_was_refused(moved)


def set_flag(stage: Stage, state: str) -> None:
    """Tell the drain of the open run to pause, to go on, or to abort."""
    said = stage.theatre.start("pause", "-e", json.dumps({"eks_bluegreen_control": state})).finish(timeout=60)
    assert said.code == 0, said.output


# Back, with the target's API server dead


def test_rolling_back_in_mid_drain_without_the_targets_api_server(crowded: Stage, witness: Witness) -> None:
    theatre, players = crowded.theatre, crowded.theatre.players
    move = crowded.begin(**SLOW)
    move.wait_for_drain()
    theatre.wait("some have moved", lambda: players()["sessions"]["moved"] > move.before["sessions"]["moved"], move.run)
    target = crowded.cluster(move.target)
    faults.stop_program(crowded.config, target, "kube-apiserver")
    cut_at = time.time()
    try:
        back = theatre.start("rollback", "-e", json.dumps({"eks_bluegreen_late_write_seconds": 5}))
        theatre.wait(f"{move.source} serves", lambda: theatre.serves(move.source), back, timeout=120.0)
        served = time.monotonic() - back.started
        theatre.wait("no one is asked", lambda: theatre.draining(crowded.cluster(move.source)) == 0, timeout=120.0)
        cancelled = time.monotonic() - back.started
        time.sleep(UNDER_WAY_SECONDS)
        failed = players()["match_requests"]["failed"]
        rolled = back.finish(timeout=240)
        stopped = move.run.finish(timeout=60)
        after = players()
    finally:
        faults.start_program(crowded.config, target, "kube-apiserver")
    assert rolled.code == 0, rolled.output[-3000:]
    assert stopped.code != 0
    assert theatre.record()["state"] == "closed"
    assert theatre.serves(move.source)
    assert after["sessions"]["lost"] == move.before["sessions"]["lost"]
    assert after["match_requests"]["failed"] == failed
    notes = witness.leave()
    assert notes.shortened(NOTICE_SECONDS) == []
    assert served < 60
    again = Witness(kubeconfig(crowded, move.source))
    moved = crowded.upgrade(**MOVES)
    figures = {"served_after_seconds": round(served, 1), "cancelled_after_seconds": round(cancelled, 1)}
    more = {
        "rollback_seconds": round(rolled.seconds, 1),
        "refused_while_cut": failed - move.before["match_requests"]["failed"],
        "asked_after_the_cut": notes.asked_since(cut_at),
    }
    conclude(crowded, "back without the target's API server, then on", moved, again.leave(), **figures, **more)
    nobody_was_refused(moved)


# With matches that do not end by themselves


def test_a_target_short_by_half_until_its_autoscaler_helps(settled: Stage, witness: Witness) -> None:
    theatre = settled.theatre
    move = settled.begin(**MOVES, bake_seconds=8)
    theatre.wait("traffic has moved", lambda: theatre.record().get("current") == "bake", move.run)
    found = theatre.kubectl(settled.cluster(move.target), "get", "fleetautoscaler", seed.GAME, "-o", "json")
    buffer = json.loads(found)["spec"]["policy"]["buffer"]
    half = len(settled.sessions_on(move.target)) + len(settled.sessions_on(move.source)) // 2
    limit_size(settled, move.target, {"bufferSize": half, "minReplicas": half, "maxReplicas": half})
    try:
        theatre.wait("half is left", lambda: int(settled.fleet(move.target)["status"]["replicas"]) <= half, move.run)
        theatre.wait("the drain waits for seats", lambda: "wait for a free seat" in move.run.output, move.run)
        time.sleep(UNDER_WAY_SECONDS)
        waiting = len(settled.sessions_on(move.source))
    finally:
        limit_size(settled, move.target, {name: buffer[name] for name in ("bufferSize", "minReplicas", "maxReplicas")})
    moved = move.finish()
    conclude(settled, "target short by half", moved, witness.leave(), waited_for_seats=waiting)
    nobody_was_refused(moved)
    assert waiting > 0
    assert moved.least_free_seats is not None


def limit_size(stage: Stage, slot: str, limits: dict[str, int]) -> None:
    """Set the least and the greatest size that the autoscaler of a slot's Fleet gives it."""
    patch(stage, slot, "fleetautoscaler", {"spec": {"policy": {"buffer": limits}}})


def test_the_runner_is_killed_twenty_times(settled: Stage, witness: Witness) -> None:
    chance = random.Random(83)
    wanted = {
        **SHORT,
        **MOVES,
        "session_drain_most_at_once": 1,
        "eks_bluegreen_lease_seconds": 5,
        "bake_seconds": 1,
    }
    move = settled.begin(**wanted)
    left = []
    for kill in range(1, KILLS + 1):
        if kill % 2 == 0:
            time.sleep(chance.uniform(0, LONGEST_START_SECONDS))
        else:
            settled.theatre.wait("a runner drains", lambda: EMPTIES in move.run.output, move.run)
            time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
        move.run.kill()
        left.append(len(settled.sessions_on(move.source)))
        # The last one goes to the end.
        playbook, more = ("drain", {}) if kill < KILLS else ("upgrade", UNPACED)
        move.run = settled.theatre.start(playbook, "-e", json.dumps({**wanted, **more}), release=move.release)
    moved = move.finish()
    print(f"sessions left on {move.source} at each kill: {left}")
    conclude(settled, "runner killed 20 times", moved, witness.leave(), kills=KILLS, sessions_left_at_the_last=left[-1])
    nobody_was_refused(moved)
    assert left[-1] > 0, "the drain was over before the last kill"
