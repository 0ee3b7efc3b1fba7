"""What a prediction would change, in sentences."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.told import deviations_of


def changed(before: Any, after: Any) -> dict[str, Any]:
    diff = {"before_header": "cluster arena-green", "before": before, "after": after}
    return {"changed": True, "diff": diff}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"changed": False, "diff": {"before": {"a": 1}, "after": {"a": 1}}}, []),
        (changed({}, {"version": "1.36"}), ["cluster arena-green does not exist"]),
        (
            changed({"labels": {"a": "1", "c": "3"}, "x": 1}, {"labels": {"a": "2", "b": "1"}, "x": 1}),
            [
                "cluster arena-green: labels[a] is '1', wanted '2'",
                "cluster arena-green: labels[b] is missing, wanted '1'",
                "cluster arena-green: labels[c] is '3', wanted none",
            ],
        ),
        (
            changed({"max_size": 3, "more": 1}, {"max_size": 4, "deletion_protection": True}),
            [
                "cluster arena-green: max_size is 3, wanted 4",
                "cluster arena-green: deletion_protection is missing, wanted True",
            ],
        ),
        (changed("a\nb\n", "a\n  c\n"), ["cluster arena-green: 'c' is missing"]),
    ],
)
def test_a_prediction_in_sentences(result: dict[str, Any], said: list[str]) -> None:
    assert deviations_of(result) == said


ILL = {"issues": [{"code": "InsufficientNumberOfReplicas", "message": "1 of 2", "resourceIds": ["coredns"]}]}


def unchanged(kind: str, **values: Any) -> dict[str, Any]:
    what = {"before_header": f"{kind} it", "before": {"a": 1}, "after": {"a": 1}}
    return {"changed": False, "diff": what, "resource": {"tags": {}, **values}}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (unchanged("add-on", status="ACTIVE"), []),
        (unchanged("add-on", status="ACTIVE", health=ILL), []),
        (unchanged("add-on", status="DEGRADED"), ["add-on it is DEGRADED"]),
        (
            unchanged("add-on", status="DEGRADED", health=ILL),
            ["add-on it is DEGRADED: InsufficientNumberOfReplicas: 1 of 2"],
        ),
        (unchanged("node group", status="CREATING", health={"issues": []}), ["node group it is CREATING"]),
        (unchanged("Fargate profile", status="DELETING"), ["Fargate profile it is DELETING"]),
        (unchanged("cluster", status="UPDATING"), ["cluster it is UPDATING"]),
        # What AWS makes at once has no status of its own.
        (unchanged("access entry"), []),
        ({"changed": False, "resource": None}, []),
        # Target groups and listeners.
        ({"changed": False, "diff": {"before": "a", "after": "a"}, "weights": {}}, []),
    ],
)
def test_what_is_as_wanted_and_not_active_is_none_the_less_a_deviation(result: dict[str, Any], said: list[str]) -> None:
    assert deviations_of(result) == said


def test_what_is_not_as_wanted_and_not_active_is_both() -> None:
    result = {**changed({"a": 1}, {"a": 2}), "resource": {"status": "DEGRADED"}}
    assert deviations_of(result) == ["cluster arena-green: a is 1, wanted 2", "cluster arena-green is DEGRADED"]


def test_a_failed_update_of_what_looks_as_wanted_is_a_deviation() -> None:
    result = {**changed({"a": 1}, {"a": 1}), "resource": {"status": "UPDATE_FAILED"}}
    assert deviations_of(result) == ["cluster arena-green is UPDATE_FAILED"]


def test_a_change_of_nothing_that_shows_is_a_deviation() -> None:
    # What is being deleted: the prediction is of the one to come.
    result = {**changed({"a": 1}, {"a": 1}), "resource": {"addonName": "coredns"}}
    assert deviations_of(result) == [
        "cluster arena-green would be created or changed, though its settings are as wanted"
    ]
