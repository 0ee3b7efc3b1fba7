"""A lab for the scenarios: one for all of a pytest session, with players in it. Needs no preparation:

    python -m pytest tests/scenarios -k parties

SCENARIO_LAB (61) is the lab's number, from 1 to 99: with another one, two people can run scenarios at once.
SCENARIO_STATE is its folder, kept with the logs; without it pytest's temporary folder is taken.

A scenario takes the fixture `stage` and reads like this:

    def test_something(stage: Stage) -> None:
        stage.crowd(parties=48)                  # who plays; before the faults, all must be in
        stage.conduct(deaf_share=0.1)            # which servers misbehave
        move = stage.begin(eks_bluegreen_drain_mode="disconnect")
        move.wait_for_drain()                    # do something to the world meanwhile; move.run can be killed,
        moved = move.finish()                    # and move.restart() takes the dead runner's place
        assert moved.code == 0, moved.output
        row = stage.record("something", moved)   # into reports/scenarios.json, and printed
        assert moved.outcomes["lost"] == moved.change("sessions", "lost") == 0

The first upgrade builds green; the next ones find a warm standby slot, and go back and forth between the releases of
the two slots. `stage.restore()` runs before each scenario: an open run is rolled back, faults are taken away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.world import world
from lab.world.config import LabConfig
from tests.scenarios.stage import Stage
from tests.theatre import Theatre


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The lab, up; it is brought down at the end."""
    state = Path(os.environ.get("SCENARIO_STATE") or tmp_path_factory.mktemp("scenarios") / "lab")
    number = os.environ.get("SCENARIO_LAB", "61")
    config = LabConfig.from_environment({**os.environ, "LAB_NUMBER": number, "LAB_STATE": str(state)})
    try:
        world.up(config)
        yield Theatre(config, state / "reports")
    finally:
        world.down(config)


@pytest.fixture(scope="session")
def scene(theatre: Theatre) -> Stage:
    """The one stage of the session; tests take `stage`."""
    return Stage(theatre)


@pytest.fixture
def stage(scene: Stage) -> Iterator[Stage]:
    """The stage, whole again after what the scenario before has done to it."""
    scene.restore()
    yield scene
    scene.leave()
