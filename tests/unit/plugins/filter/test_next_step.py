"""What to do after a failure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.next_step import FilterModule, next_step

WAYS_OUT = "go back with the playbook rollback"
STANDS = "see how things stand with the playbook status, go on with the same command"


@pytest.mark.parametrize(
    ("run", "phase"),
    [
        ({"run_id": "1", "phase": "drain"}, "drain"),
        ({"run_id": "1", "phase": ""}, "before provision"),
        ({"run_id": "1"}, "before provision"),
        # Where it is not known whether a run is open, the ways out are told.
        ("unknown", "before provision"),
    ],
)
def test_an_open_run_has_ways_out(run: Any, phase: str) -> None:
    assert next_step(run, ways_out=WAYS_OUT) == f"phase {phase}; {STANDS}, {WAYS_OUT}"


@pytest.mark.parametrize("run", [None, {}])
def test_without_a_run_no_one_is_sent_back_to_the_one_before(run: Any) -> None:
    text = next_step(run, ways_out=WAYS_OUT)
    assert text == "no run was opened and nothing has changed: correct this and start the same command again"


def test_a_run_that_was_taken_back_is_closed() -> None:
    assert next_step({"phase": "bake"}, ways_out=WAYS_OUT, taken_back_to="blue") == (
        "everything was taken back to blue and the run is closed: correct the cause, then start the upgrade again"
    )


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"next_step": next_step}
