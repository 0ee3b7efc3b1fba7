"""A provider that is in the table alone is driven by the module like those that come with the collection."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing import options
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider
from ansible_collections.gameops.eks_bluegreen.plugins.modules import session_destination

from tests.contract.aws.modules import Result, play
from tests.contract.routing.file_provider import FileProvider

GREEN = {"blue": 0, "green": 100}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module with one line more in the table of providers."""
    with monkeypatch.context() as patched:
        patched.setitem(options.PROVIDERS, "file", FileProvider)
        yield importlib.reload(session_destination)
    importlib.reload(session_destination)


class TestFile(RoutingKit):
    @pytest.fixture
    def provider(self, module: ModuleType, tmp_path: Path) -> Provider:
        given = {"provider": "file", "file": {"path": str(tmp_path / "destination.json")}}
        validated = ArgumentSpecValidator(module.ARGUMENT_SPEC, required_if=options.provider_needs()).validate(given)
        assert validated.error_messages == []
        return options.provider_of(validated.validated_parameters, _no_clients, SystemClock())


def _no_clients(service: str) -> Any:
    raise AssertionError(f"a file needs no client of {service}")


def run(**arguments: Any) -> Result:
    """The module from its arguments to its answer."""
    return play("session_destination", region="eu-west-1", **arguments)


@pytest.mark.usefixtures("module")
def test_the_module_reads_and_sets_it(tmp_path: Path) -> None:
    file = {"provider": "file", "file": {"path": str(tmp_path / "destination.json")}}
    assert run(**file)["weights"] == {"blue": 100, "green": 0}
    assert run(**file, weights=GREEN, check_mode=True)["changed"]
    moved = run(**file, weights=GREEN, token="run-1", queues={"blue": "closed", "green": "open"})
    assert (moved["changed"], moved["weights"], moved["token"], moved["followed"]) == (True, GREEN, "run-1", True)
    assert {slot: queue["open"] for slot, queue in moved["queues"].items()} == {"blue": False, "green": True}
    assert not run(**file, weights=GREEN)["changed"]


@pytest.mark.usefixtures("module")
def test_the_module_asks_for_its_option() -> None:
    assert "all of the following are missing: file" in run(provider="file")["msg"]
    assert "path" in run(provider="file", file={})["msg"]


def test_without_its_line_in_the_table_it_is_unknown() -> None:
    assert "value of provider must be one of" in run(provider="file")["msg"]
