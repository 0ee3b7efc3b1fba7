from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import round as eks_run

from lab.world import seed
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


@pytest.fixture
def operator(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the user who runs the modules."""
    for name, value in {
        "AWS_ENDPOINT_URL": world.config.aws_endpoint,
        "AWS_REGION": world.config.region,
        "AWS_ACCESS_KEY_ID": seed.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": seed.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of EKS resources that look at AWS for a second a round."""
    monkeypatch.setattr(eks_run, "EKS_SLICE_SECONDS", 1.0)
    monkeypatch.setattr(eks_run, "FIRST_POLL_SECONDS", 0.05)


@pytest.fixture
def short_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sleep of this process takes longer than a moment; the endpoint's clock is its own."""
    really_sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: really_sleep(min(seconds, 0.02)))
