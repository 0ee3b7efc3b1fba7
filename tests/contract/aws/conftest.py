from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.aws.world import World, free_config, running


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One endpoint over clusters that do not exist, for all tests: each makes what it needs under its own names."""
    config = free_config(tmp_path_factory.mktemp("aws"), first=90)
    with running(config, "tests.contract.aws.fake_endpoint") as world:
        yield world


@pytest.fixture(scope="module")
def cluster(world: World) -> str:
    """An ACTIVE cluster that the tests of a module share."""
    return world.create_cluster("shared")
