"""A lab of its own for the end-to-end story, with players in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.demo import demo
from lab.world import world
from lab.world.config import LabConfig
from tests.theatre import Theatre

PARTIES = 30
PLAYERS = PARTIES * 5
MATCH_SECONDS = "30"


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("e2e")
    os.environ["LAB_MATCH_SECONDS"] = MATCH_SECONDS
    config = LabConfig.from_environment({**os.environ, "LAB_NUMBER": "60", "LAB_STATE": str(folder / "lab")})
    try:
        world.up(config)
        demo.start_players(config, PARTIES)
        demo.wait_for_players(config, PLAYERS)
        yield Theatre(config, folder / "reports")
    finally:
        os.environ.pop("LAB_MATCH_SECONDS")
        world.down(config)
