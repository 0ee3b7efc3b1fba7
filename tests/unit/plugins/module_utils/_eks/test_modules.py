"""Which round the options of an EKS module ask for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import modules
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import AskedResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.modules import (
    one_round,
    shared_arguments,
    want_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import WantedResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FIELDS, FakeResource

OPTIONS: dict[str, Any] = {
    "state": "present",
    "tags": {"slot": "green"},
    "purge_tags": True,
    "wait": False,
    "lease": None,
}


def called(monkeypatch: pytest.MonkeyPatch, *, check_mode: bool = False, **options: Any) -> tuple[str, dict[str, Any]]:
    """The round that is called, and what it is given."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(name: str) -> Any:
        def call(resource: FakeResource, *wanted: WantedResource, **given: Any) -> dict[str, Any]:
            calls.append((name, {"resource": resource, "wanted": wanted, **given}))
            return {"changed": True, "resource": {"someKey": 1}}

        return call

    for name in ("absent_round", "empty_round"):
        monkeypatch.setattr(modules, name, note(name))
    resource = FakeResource(FakeClock())
    module = SimpleNamespace(params={**OPTIONS, **options}, check_mode=check_mode)
    result = one_round(module, "nodegroup", AskedResource(resource, {"min_size": 3}, note("present")))
    assert result == {"changed": True, "nodegroup": {"some_key": 1}}
    ((name, given),) = calls
    assert given["resource"] is resource
    assert isinstance(given["keeper"], NullKeeper)
    return name, given


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_is_to_be_there_is_made_as_the_options_say(monkeypatch: pytest.MonkeyPatch, check_mode: bool) -> None:
    name, given = called(monkeypatch, check_mode=check_mode)
    assert (name, given["check_mode"]) == ("present", check_mode)
    assert given["wanted"] == (WantedResource({"min_size": 3}, {"slot": "green"}, True, False),)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"state": "absent"}, "absent_round"),
        ({"state": "absent", "delete_contents": False}, "absent_round"),
        ({"state": "absent", "delete_contents": True}, "empty_round"),
        ({"state": "present", "delete_contents": True}, "present"),
    ],
)
def test_contents_are_deleted_on_demand_only(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], name: str
) -> None:
    found, given = called(monkeypatch, **options)
    assert found == name
    if name != "present":
        assert given["wait"] is False


def test_the_options_that_all_share_have_defaults_that_change_nothing_by_themselves() -> None:
    arguments = shared_arguments(1800)
    assert arguments["wait_timeout"]["default"] == 1800
    assert (arguments["state"]["default"], arguments["purge_tags"]["default"]) == ("present", False)
    assert (arguments["wait"]["default"], "default" in arguments["tags"]) == (True, False)


def test_what_is_wanted_is_values_and_tags_of_the_options() -> None:
    values = {field.option: number for number, field in enumerate(FIELDS)}
    assert want_of(OPTIONS, values) == WantedResource(values, {"slot": "green"}, True, False)
