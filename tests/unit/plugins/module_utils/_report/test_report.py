"""A run's report as data."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.report import (
    phase_segments,
    seconds_between,
)

from tests.unit.plugins.module_utils._report.runs import DRAIN, JOURNAL, at, phase, report, rolled_back


def test_a_killed_runner_leaves_its_phase_at_its_last_entry() -> None:
    found = [(one.name, one.seconds) for one in phase_segments(JOURNAL, at(61))]
    assert sorted(found) == [("cutover", 9.0), ("drain", 10.0), ("provision", 10.0), ("provision", 19.0)]


def test_a_report() -> None:
    made = report()
    assert made["seconds"] == 61.0
    assert made["phases"] == [
        {"name": "provision", "seconds": 29.0},
        {"name": "cutover", "seconds": 9.0},
        {"name": "drain", "seconds": 10.0},
    ]
    assert made["timeline"]["weights"] == [
        {"at": at(0), "blue": 100, "green": 0},
        {"at": at(45), "blue": 50, "green": 50},
        {"at": at(47), "blue": 0, "green": 100},
    ]
    assert made["timeline"]["sessions"][-1] == {"at": at(55), "blue": 0, "green": 5}
    sessions = made["drain"]["sessions"]
    assert (sessions["total"], sessions["moved"], sessions["ended_alone"], sessions["lost"]) == (3, 2, 1, 0)
    assert made["drain"]["players"]["moved"] == 4
    assert "previous" not in made["run"]


def test_what_is_left_counts_among_all_sessions_as_in_the_drain_s_own_result() -> None:
    made = report(drain={**DRAIN, "active": {"uid-1": {}, "uid-2": {}}}, outcome="rolled_back")
    sessions = made["drain"]["sessions"]
    assert (sessions["total"], sessions["remaining"]) == (5, 2)


def test_a_rollback_is_a_phase_of_its_own() -> None:
    made = report(rolled_back(), None, outcome="rolled_back")
    assert made["phases"][-1] == {"name": "rollback", "seconds": 4.0}


def test_without_a_drain_nothing_was_measured() -> None:
    made = report(drain=None)["drain"]
    assert (made["measured"], made["sessions"]["total"], made["downtimes_seconds"]) == (False, 0, [])
    assert report()["drain"]["downtimes_seconds"] == [1.0, 1.4, 2.0]


def test_without_a_journal_a_run_is_as_long_as_its_record_says() -> None:
    made = report([], None, closed_at=at(30))
    assert (made["started_at"], made["finished_at"], made["phases"]) == (at(0), at(30), [])
    assert report([], None, closed_at="", state="open", outcome="")["seconds"] == 0.0


@pytest.mark.parametrize("previous", [{}, {"traffic": [], "destination": None}, {"destination": {"weights": {}}}])
def test_what_was_not_known_before_is_not_drawn(previous: dict[str, Any]) -> None:
    timeline = report(previous=previous)["timeline"]
    assert timeline["weights"][0]["at"] == at(45)
    assert timeline["routing"] == [{"at": at(48), "blue": 0, "green": 100}]


def test_notes_are_told_in_order_and_nothing_else_is_a_note() -> None:
    assert [note["text"] for note in report()["notes"]] == [
        "run opened by me <here>",
        "still there",
        "run resumed",
        "run completed",
    ]


@pytest.mark.parametrize(
    ("journal", "found"),
    [
        ([phase(1, "drain", "finished")], []),
        ([phase(1, "drain", "started")], [("drain", 59.0)]),
        ([phase(1, "drain", "started"), phase(3, "drain", "started"), phase(9, "drain", "finished")], [("drain", 6.0)]),
    ],
)
def test_a_passage_begins_and_ends(journal: list[Any], found: list[tuple[str, float]]) -> None:
    end = at(60)
    known = [*journal, {"at": end, "kind": "note", "generation": 1}]
    assert [(one.name, one.seconds) for one in phase_segments(known, end)] == found


def test_seconds_between_two_times() -> None:
    assert seconds_between("2026-11-23T01:00:00.250Z", "2026-11-23T02:00:01Z") == 3600.75
