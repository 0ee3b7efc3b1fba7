"""A slot as it is before a drain: what the runner may do there, and what there is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import NotFound
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DISCONNECT
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.look import look_at, review_slots
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.review import Slot, needed_on_source
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.test_preview import FakeApi
from tests.unit.plugins.module_utils._drain.world import FakeClock

POLICIES = Policies(Policy("run-1", mode=DISCONNECT))


class Api:
    """An API server that allows everything but some verbs."""

    def __init__(self, denied: set[tuple[str, str]], installed: bool = True) -> None:
        self.denied = denied
        self.installed = installed
        self.asked: list[str] = []

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        attributes = body["spec"]["resourceAttributes"]
        return {"status": {"allowed": (attributes["verb"], attributes["resource"]) not in self.denied}}

    def find(self, path: str) -> dict[str, Any] | None:
        self.asked.append(path)
        return {} if path.endswith("/arena") else None

    def list(self, path: str) -> tuple[list[dict[str, Any]], str]:
        if not self.installed:
            raise NotFound("no such resource", 404)
        annotations = {"agones.dev/sdk-version": "1.60.0"}
        return [{"metadata": {"name": "arena", "annotations": annotations}}] if "/arena/" in path else [], "1"


def look(api: Any) -> Slot:
    return look_at(api, "blue", ["arena", "moon"], needed_on_source(POLICIES, ["arena", "moon"]))


def test_a_slot_is_looked_at() -> None:
    found = look(Api({("patch", "gameservers")}))
    assert [access.namespace for access in found.missing] == ["arena", "moon"]
    assert found.unknown_namespaces == ["moon"]
    assert found.fleets == frozenset({("arena", "arena")})
    assert found.agones == (1, 60, 0)


def test_what_may_not_be_read_is_not_read() -> None:
    api = Api({("list", "fleets"), ("get", "namespaces")})
    found = look(api)
    assert (found.fleets, found.unknown_namespaces, found.installed, api.asked) == (None, [], True, [])


def test_a_slot_without_agones() -> None:
    found = look(Api(set(), installed=False))
    assert (found.fleets, found.installed) == (None, False)


def test_a_namespace_that_may_not_be_read_is_not_called_unknown() -> None:
    api = Api({("get", "namespaces")})
    found = look(api)
    assert (found.unknown_namespaces, api.asked) == ([], [])
    assert found.fleets == frozenset({("arena", "arena")})


def test_the_slot_has_the_title_that_it_was_asked_by() -> None:
    api: Any = Api(set())
    found = look_at(api, "green", [], [])
    assert (found.title, found.missing, found.fleets, found.agones) == ("green", [], frozenset(), ())


def test_both_slots_are_reviewed_and_all_that_is_wrong_is_told_at_once() -> None:
    source: Any = FakeApi(fleets=("arena", "lobby"))
    target: Any = FakeApi()
    policies = Policies(POLICIES.default, {("", "casino"): POLICIES.default})
    settings = Settings(["arena", "moon"], source_slot="blue", target_slot="green")
    with pytest.raises(BlueGreenError) as refused:
        review_slots(source, target, policies, settings, FakeClock(), begins=True)
    problems = refused.value.details["problems"]
    assert [problem.split(":")[0] for problem in problems] == [
        "blue",
        "green",
        "Fleet casino",
        "Fleet arena/lobby",
        "Fleet moon/lobby",
    ]
    assert "list fleetautoscalers" in target.asked
