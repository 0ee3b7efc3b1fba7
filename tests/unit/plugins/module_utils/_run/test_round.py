"""The run record kept in a bucket, a round at a time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost, read_journal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import Asked, Place, RunRecord

from tests.unit.plugins.module_utils._run.fakes import BUCKET, KEY, fake_store

NEW = Asked("2026-11", "blue", "green", if_generation=0, lease_seconds=10.0, previous={"traffic": []})
RESUME = Asked("2026-11", lease_seconds=10.0)


class Bucket:
    """A record, and what is done to it."""

    def __init__(self) -> None:
        self.store, self.client, self.clock = fake_store()
        self.record = RunRecord(self.store, Place(BUCKET, KEY, "eu-west-1"), self.clock)

    def ensure(self, state: str, asked: Asked, check_mode: bool = False) -> dict[str, Any]:
        return self.record.ensure(state, asked, check_mode=check_mode)

    def journal(self) -> list[tuple[str, str]]:
        run_id = self.client.body(KEY)["run_id"]
        return [
            (entry["kind"], f"{entry.get('name', '')} {entry.get('event', '')}".strip())
            for entry in read_journal(self.store, KEY, run_id)
        ]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def consume(_result: dict[str, Any]) -> None:
    """What the rival got is not looked at."""


def renewed(bucket: Bucket, lease: dict[str, Any], phase: str) -> dict[str, Any]:
    bucket.clock.sleep(1)
    return bucket.ensure("renewed", Asked(phase=phase, lease=lease))


def test_a_whole_run(bucket: Bucket) -> None:
    opened = bucket.ensure("open", NEW)
    assert opened["changed"]
    assert opened["run"]["run_id"] == "20261123-011412-2026-11"
    assert opened["lease"]["generation"] == 1
    lease = opened["lease"]
    assert renewed(bucket, lease, "provision")["changed"]
    assert not renewed(bucket, lease, "provision")["changed"]
    assert renewed(bucket, lease, "drain")["run"]["phase"] == "drain"
    bucket.clock.sleep(1)
    closed = bucket.ensure("closed", Asked(lease=lease))
    assert (closed["run"]["state"], closed["run"]["outcome"], closed["lease"]) == ("closed", "completed", None)
    assert not bucket.ensure("closed", Asked(lease=lease))["changed"]
    assert not bucket.ensure("released", Asked(lease=lease))["changed"]
    assert sorted(bucket.journal()) == sorted(
        [
            ("note", "opened"),
            ("phase", "provision started"),
            ("phase", "provision finished"),
            ("phase", "drain started"),
            ("phase", "drain finished"),
            ("note", "ended"),
        ]
    )


def test_a_release_with_a_slash_gives_a_record_that_can_be_read(bucket: Bucket) -> None:
    held = bucket.ensure("held", Asked("team/2026", "blue", "green", if_generation=0))
    assert held["run"]["run_id"] == "20261123-011412-team-2026"
    assert bucket.ensure("released", Asked(lease=held["lease"]))["run"]["run_id"] == held["run"]["run_id"]


def test_a_killed_runner_is_waited_for_then_followed(bucket: Bucket) -> None:
    first = bucket.ensure("open", NEW)
    renewed(bucket, first["lease"], "cutover")
    waiting = bucket.ensure("open", RESUME)
    assert not waiting["round"]["finished"]
    assert waiting["lease"] is None
    assert "its lease ends in 11 s" in waiting["round"]["progress"]
    bucket.clock.sleep(11)
    resumed = bucket.ensure("open", RESUME)
    assert (resumed["run"]["phase"], resumed["lease"]["generation"]) == ("cutover", 2)
    assert renewed(bucket, resumed["lease"], "provision")["run"]["phase"] == "cutover"
    with pytest.raises(LeaseLost):
        renewed(bucket, first["lease"], "bake")


def test_a_released_lease_is_free_at_once(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    assert bucket.ensure("released", Asked(lease=lease))["changed"]
    assert bucket.ensure("open", RESUME)["lease"]["generation"] == 2
    assert not bucket.ensure("released", Asked(lease=lease))["changed"]


def test_a_takeover_waits_for_nobody_and_stops_the_other(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    renewed(bucket, lease, "bake")
    taken = bucket.ensure("taken_over", RESUME)
    assert (taken["run"]["direction"], taken["lease"]["generation"]) == ("rollback", 2)
    with pytest.raises(LeaseLost, match="took it over"):
        bucket.ensure("closed", Asked(lease=lease))
    closed = bucket.ensure("closed", Asked(lease=taken["lease"]))
    assert (closed["run"]["state"], closed["run"]["outcome"]) == ("closed", "rolled_back")


def test_a_runner_turns_its_own_run_back(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    turned = bucket.ensure("taken_over", Asked(lease=lease, lease_seconds=10.0))
    assert turned["lease"]["holder"] == lease["holder"]
    assert not bucket.ensure("taken_over", Asked(lease=turned["lease"], lease_seconds=10.0))["changed"]


def test_a_finished_run_is_taken_back(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    renewed(bucket, lease, "complete")
    bucket.ensure("closed", Asked(lease=lease))
    taken = bucket.ensure("taken_over", RESUME)["run"]
    assert (taken["state"], taken["outcome"], taken["phase"]) == ("open", "", "complete")


def test_a_reclaim_has_a_name_of_its_own(bucket: Bucket) -> None:
    asked = Asked("2026-10", "green", "blue", if_generation=0, lease_seconds=10.0, direction="reclaim")
    opened = bucket.ensure("open", asked)
    assert (opened["run"]["run_id"], opened["run"]["direction"]) == ("20261123-011412-reclaim", "reclaim")
    bucket.clock.sleep(1)
    closed = bucket.ensure("closed", Asked(lease=opened["lease"]))["run"]
    assert (closed["state"], closed["outcome"]) == ("closed", "reclaimed")


def test_abandoning_needs_no_lease_but_a_free_one(bucket: Bucket) -> None:
    opened = bucket.ensure("open", NEW)
    renewed(bucket, opened["lease"], "drain")
    asked = Asked(run_id=opened["run"]["run_id"])
    with pytest.raises(BlueGreenError, match="is driven by"):
        bucket.ensure("abandoned", asked)
    bucket.clock.sleep(11)
    assert bucket.ensure("abandoned", asked, check_mode=True)["changed"]
    ended = bucket.ensure("abandoned", asked)
    assert (ended["run"]["state"], ended["run"]["outcome"], ended["lease"]) == ("aborted", "abandoned", None)
    assert ("note", "ended") in bucket.journal()
    assert not bucket.ensure("abandoned", asked)["changed"]
    with pytest.raises(LeaseLost, match="was aborted by another runner"):
        renewed(bucket, opened["lease"], "complete")
    taken = bucket.ensure("taken_over", RESUME)["run"]
    assert (taken["state"], taken["direction"], taken["phase"]) == ("open", "rollback", "drain")


def test_aborting(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    assert bucket.ensure("aborted", Asked(lease=lease))["run"]["state"] == "aborted"


def test_a_rival_who_was_faster_is_met_again_in_the_next_round(bucket: Bucket) -> None:
    rival = RunRecord(bucket.store, Place(BUCKET, KEY, None), bucket.clock)
    bucket.client.before_put = lambda: consume(rival.ensure("open", NEW, check_mode=False))
    result = bucket.ensure("open", NEW)
    assert not result["round"]["finished"]
    assert result["round"]["retry_after_seconds"] > 0


@pytest.mark.parametrize("state", ["renewed", "released", "closed", "aborted"])
def test_without_a_lease_nothing_is_written(bucket: Bucket, state: str) -> None:
    with pytest.raises(BlueGreenError, match="the option lease is missing"):
        bucket.ensure(state, Asked())


def test_check_mode_predicts_a_whole_run_and_writes_nothing(bucket: Bucket) -> None:
    opened = bucket.ensure("open", NEW, check_mode=True)
    assert opened["changed"]
    lease = opened["lease"]
    phase = bucket.ensure("renewed", Asked(phase="charts", lease=lease), check_mode=True)
    assert (phase["run"]["run_id"], phase["run"]["phase"], phase["lease"]) == (lease["run_id"], "charts", lease)
    assert bucket.ensure("closed", Asked(lease=lease), check_mode=True)["run"]["state"] == "closed"
    bucket.ensure("released", Asked(lease=lease), check_mode=True)
    assert bucket.client.objects == {}


def test_a_slot_is_held_without_a_run_and_given_back(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    bucket.ensure("closed", Asked(lease=lease))
    held = bucket.ensure("held", Asked(if_generation=1, lease_seconds=10.0))
    assert (held["run"]["state"], held["lease"]["generation"]) == ("closed", 2)
    with pytest.raises(BlueGreenError, match="outside of any run"):
        bucket.ensure("open", Asked("2026-12", "green", "blue", if_generation=2, lease_seconds=10.0))
    assert renewed(bucket, held["lease"], "")["run"]["state"] == "closed"
    assert bucket.ensure("released", Asked(lease=held["lease"]))["changed"]
    assert bucket.ensure("open", Asked("2026-12", "green", "blue", if_generation=2))["lease"]["generation"] == 3


def test_a_rollback_does_not_take_a_held_slot_away(bucket: Bucket) -> None:
    lease = bucket.ensure("open", NEW)["lease"]
    bucket.ensure("closed", Asked(lease=lease))
    held = bucket.ensure("held", Asked(if_generation=1, lease_seconds=10.0))
    with pytest.raises(BlueGreenError, match="outside of any run"):
        bucket.ensure("taken_over", Asked(lease_seconds=10.0))
    assert renewed(bucket, held["lease"], "")["run"]["state"] == "closed"
    bucket.ensure("released", Asked(lease=held["lease"]))
    assert bucket.ensure("taken_over", Asked(lease_seconds=10.0))["run"]["direction"] == "rollback"
