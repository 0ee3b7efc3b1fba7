"""The run record's document, and whose lease it holds."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import (
    LeaseLost,
    check_lease,
    record_of,
    seconds_left,
    to_document,
)

from tests.unit.plugins.module_utils._run.fakes import record, seen


def test_a_record_survives_its_document() -> None:
    kept = record(phase="drain", previous={"traffic": []}, generation=3)
    assert record_of({**to_document(kept), "nonce": "x", "of_a_later_version": 1}, "here") == kept


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"v": 2}, "version 2"),
        ({}, "version None"),
        ({"v": 1, "run_id": "r"}, "damaged"),
        ({**to_document(record()), "lease": {"holder": "me"}}, "damaged"),
        ({**to_document(record()), "run_id": "../elsewhere"}, r"damaged \(its run_id '../elsewhere' is a path\)"),
    ],
)
def test_a_document_that_is_none_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(BlueGreenError, match=said):
        record_of(document, "here")


@pytest.mark.parametrize(
    ("age", "values", "left"),
    [
        (0.0, {}, 11.0),
        (10.0, {}, 1.0),
        (11.0, {}, 0.0),
        (99.0, {}, 0.0),
        (0.0, {"lease": None}, 0.0),
        (0.0, {"state": "closed"}, 11.0),
        (0.0, {"state": "closed", "lease": None}, 0.0),
    ],
)
def test_how_long_a_lease_is_certainly_held(age: float, values: dict[str, Any], left: float) -> None:
    assert seconds_left(seen(age, **values)) == left


def test_our_lease_is_ours_even_when_it_could_be_taken() -> None:
    assert check_lease(seen(99.0), run_id="run-1", generation=1, holder="me").run_id == "run-1"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"generation": 2, "lease": None}, "released"),
        ({"generation": 2}, "took it over"),
        ({"run_id": "run-2"}, "run run-2 has taken its place"),
        ({"state": "aborted", "lease": None}, "aborted by another runner"),
    ],
)
def test_a_lost_lease_says_to_whom_it_went(values: dict[str, Any], said: str) -> None:
    with pytest.raises(LeaseLost, match=said):
        check_lease(seen(**values), run_id="run-1", generation=1, holder="me")


def test_a_record_that_is_gone_is_a_lost_lease() -> None:
    with pytest.raises(LeaseLost, match="is gone"):
        check_lease(None, run_id="run-1", generation=1, holder="me")
