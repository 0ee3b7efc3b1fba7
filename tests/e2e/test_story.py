"""One chained story with players: upgrades that are killed, finished, rolled back; the old slot removed.

The tests build on each other, in this order. They assert on counts; times have slack for a busy machine.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from dev.iam_policies import DOCS
from lab.game.conduct import Conduct, write
from tests.e2e.conftest import PLAYERS
from tests.e2e.permissions import UNUSED
from tests.theatre import Theatre

# Longest time a player moved by the drain may be away. The bar of a quiet machine is 10.
LONGEST_DOWNTIME_SECONDS = 20.0
pytestmark = pytest.mark.usefixtures("theatre")


def nobody_was_failed(theatre: Theatre) -> Any:
    """The players' accounts, after checking what no phase and no rollback may cost them."""
    accounts = theatre.players()
    assert accounts["match_requests"]["failed"] == 0
    assert accounts["sessions"]["lost"] == 0
    assert accounts["parties"]["apart"] == 0
    return accounts


def test_bootstrap_closes_the_bucket_and_status_tells_of_the_slots(theatre: Theatre) -> None:
    for playbook in ("bootstrap", "status"):
        played = theatre.play(playbook)
        assert played.code == 0, played.output
    assert theatre.play("bootstrap").changed == 0


def test_preflight_finds_the_seeded_slot_conformant(theatre: Theatre) -> None:
    played = theatre.play("preflight")
    assert played.code == 0, played.output
    assert played.changed == 0
    assert "blue is active and runs release 2026-10" in played.output


def test_a_plan_shows_everything_and_changes_nothing(theatre: Theatre) -> None:
    before = (theatre.weights(), theatre.destination(), theatre.clusters(), theatre.record())
    played = theatre.play("upgrade", "--check", "--diff")
    assert played.code == 0, played.output
    assert (theatre.weights(), theatre.destination(), theatre.clusters(), theatre.record()) == before
    for line in (
        "+    kubernetes_version: '1.36'",
        "+arena HTTP:8080 default: arena-matchmaker-blue 100, arena-matchmaker-green 0",
        "+agones-system/agones 1.60.0",
    ):
        assert line in played.output


def test_killed_while_the_cluster_is_created(theatre: Theatre) -> None:
    run = theatre.start("upgrade")
    theatre.wait("green is created", lambda: "arena-green" in theatre.clusters(), run)
    run.kill()
    record = theatre.record()
    assert (record["state"], record["source"], record["target"]) == ("open", "blue", "green")
    assert theatre.serves("blue")


def test_another_release_is_refused_while_the_run_is_open(theatre: Theatre) -> None:
    played = theatre.play("upgrade", release="2026-10")
    assert played.code != 0
    assert "is open" in played.output
    assert "rollback" in played.output


def test_abandoned_where_it_stood(theatre: Theatre) -> None:
    run_id = theatre.record()["run_id"]
    unnamed = theatre.play("abandon")
    assert unnamed.code != 0
    assert f"abandon_confirm={run_id}" in unnamed.output
    # Refused until the lease of the runner that was killed has ended.
    theatre.wait("the run ends", lambda: theatre.play("abandon", "-e", f"abandon_confirm={run_id}").code == 0)
    record = theatre.record()
    assert (record["run_id"], record["state"], record["outcome"]) == (run_id, "aborted", "abandoned")
    assert theatre.clusters() == ["arena-blue", "arena-green"]
    assert theatre.serves("blue")


def test_killed_in_the_middle_of_the_cutover(theatre: Theatre) -> None:
    run_id = theatre.record()["run_id"]
    run = theatre.start("upgrade")
    theatre.wait("weight on green", lambda: any(one.get("green") for one in theatre.weights()), run)
    run.kill()
    record = theatre.record()
    assert record["run_id"] != run_id
    assert record["phase"] == "cutover"
    assert all(sum(one.values()) > 0 for one in theatre.weights())
    nobody_was_failed(theatre)


def test_a_rollback_in_the_middle_of_the_drain(theatre: Theatre) -> None:
    run = theatre.start("upgrade")
    theatre.wait(
        "blue drains", lambda: theatre.record()["current"] == "drain" and theatre.draining("arena-blue") > 0, run
    )
    back = theatre.start("rollback")
    theatre.wait("blue serves again", lambda: theatre.serves("blue"), timeout=90)
    rolled = back.finish()
    assert rolled.code == 0, rolled.output
    stopped = run.finish()
    assert stopped.code != 0
    assert "is lost" in stopped.output
    assert theatre.serves("blue")
    assert theatre.record()["state"] == "closed"
    assert theatre.draining("arena-blue") == 0
    nobody_was_failed(theatre)


def test_killed_in_the_drain_and_finished(theatre: Theatre) -> None:
    killed = theatre.start("upgrade")
    theatre.wait(
        "blue drains", lambda: theatre.record()["current"] == "drain" and theatre.draining("arena-blue") > 0, killed
    )
    killed.kill()
    record = theatre.record()
    finished = theatre.play("upgrade")
    assert finished.code == 0, finished.output
    assert theatre.serves("green")
    after = theatre.record()
    assert after["state"] == "closed"
    assert (after["run_id"], after["source"], after["target"]) == (record["run_id"], "blue", "green")
    theatre.wait("all play on green", lambda: theatre.players()["players"]["by_slot"] == {"green": PLAYERS}, timeout=60)
    accounts = nobody_was_failed(theatre)
    assert accounts["sessions"]["moved"] > 0
    assert accounts["downtime_seconds"]["max"] < LONGEST_DOWNTIME_SECONDS


def test_the_report_accounts_for_each_session_of_the_source(theatre: Theatre) -> None:
    report = json.loads((theatre.reports / f"{theatre.record()['run_id']}.json").read_text())
    outcomes = dict(report["drain"]["sessions"])
    assert outcomes.pop("total") == sum(outcomes.values()) > 0
    assert outcomes["interrupted"] == outcomes["forced"] == outcomes["lost"] == 0
    page = (theatre.reports / f"{theatre.record()['run_id']}.html").read_text()
    assert "<svg" in page
    assert "src=" not in page


def test_once_more_there_is_nothing_to_do(theatre: Theatre) -> None:
    played = theatre.play("upgrade")
    assert played.code == 0, played.output
    assert played.changed == 0
    assert "nothing to do" in played.output
    assert played.seconds < 60


def test_rolled_back_after_all_was_done(theatre: Theatre) -> None:
    # Some matches are to be left for the reclaim, however long a busy machine takes until it begins.
    write(theatre.config, Conduct(match_seconds=0))
    played = theatre.play("rollback")
    assert played.code == 0, played.output
    assert theatre.serves("blue")
    nobody_was_failed(theatre)


def test_killed_in_a_reclaim_and_finished(theatre: Theatre) -> None:
    write(theatre.config, Conduct())
    killed = theatre.start("reclaim")
    theatre.wait("green drains", lambda: theatre.draining("arena-green") > 0, killed)
    killed.kill()
    record = theatre.record()
    assert (record["direction"], record["source"], record["target"]) == ("reclaim", "green", "blue")
    finished = theatre.play("reclaim")
    assert finished.code == 0, finished.output
    after = theatre.record()
    assert (after["run_id"], after["state"], after["outcome"]) == (record["run_id"], "closed", "reclaimed")
    assert theatre.serves("blue")
    theatre.wait("all play on blue", lambda: theatre.players()["players"]["by_slot"] == {"blue": PLAYERS}, timeout=60)
    nobody_was_failed(theatre)


def test_decommission_refuses_a_slot_with_sessions_or_without_its_name(theatre: Theatre) -> None:
    unnamed = theatre.play("decommission")
    assert unnamed.code != 0
    assert "cluster_decommission_confirm" in unnamed.output
    serving = theatre.play("decommission", "-e", "cluster_decommission_confirm=arena-blue")
    assert serving.code != 0
    assert theatre.clusters() == ["arena-blue", "arena-green"]


def test_decommission_leaves_nothing_of_the_slot(theatre: Theatre) -> None:
    theatre.wait(
        "the matches on green end", lambda: "green" not in theatre.players()["players"]["playing_by_slot"], timeout=300
    )
    planned = theatre.play("decommission", "-e", "cluster_decommission_confirm=arena-green", "--check", "--diff")
    assert planned.code == 0, planned.output
    assert theatre.clusters() == ["arena-blue", "arena-green"]
    played = theatre.play("decommission", "-e", "cluster_decommission_confirm=arena-green")
    assert played.code == 0, played.output
    assert theatre.clusters() == ["arena-blue"]
    providers = theatre.account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert len(providers) == 1
    groups = theatre.account.client("elbv2").describe_target_groups()["TargetGroups"]
    assert [group["TargetGroupName"] for group in groups] == ["arena-matchmaker-blue"]
    assert theatre.serves("blue")
    nobody_was_failed(theatre)


def test_the_operator_needed_what_the_policies_grant_and_no_more(theatre: Theatre) -> None:
    # test_bad_input names a bucket that is not the environment's.
    lines = theatre.config.log("aws").read_text().splitlines()
    assert [line for line in lines if " denied " in line and "no-such-bucket" not in line] == []
    statements = [one for path in DOCS.glob("*.json") for one in json.loads(path.read_text())["Statement"]]
    granted = {action for statement in statements for action in statement["Action"]}
    used = {check.action for check in theatre.permissions()}
    explained = {action for actions in UNUSED.values() for action in actions}
    assert granted - used - explained == set()
    assert explained - granted == set()
