from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.parity import (
    FleetDifference,
    compare,
    refuse_unexpected,
    repository,
)

from tests.unit.plugins.module_utils._fleets.test_hold import autoscaler, counting, hold

Json = dict[str, Any]

FLEET: Json = {
    "metadata": {
        "namespace": "arena",
        "name": "arena",
        "uid": "1",
        "annotations": {"agones.dev/sdk-version": "1.59.0"},
    },
    "spec": {
        "replicas": 60,
        "template": {
            "metadata": {"labels": {"arena/role": "game"}},
            "spec": {
                "ports": [{"name": "game", "containerPort": 7777, "protocol": "TCP"}],
                "lists": {"players": {"capacity": 5, "values": []}},
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "arena",
                                "image": "registry:5000/arena:1.10.0",
                                "env": [{"name": "A", "value": "1"}],
                            }
                        ]
                    }
                },
            },
        },
    },
    "status": {"replicas": 60, "allocations": 17},
}


def differing(change: Callable[[Json], Any], expected: list[str] | None = None) -> list[FleetDifference]:
    other = copy.deepcopy(FLEET)
    change(other)
    return compare("Fleet", [FLEET], [other], expected or [], DEFAULT_DOMAIN)


def container(fleet: Json) -> Json:
    found: Json = fleet["spec"]["template"]["spec"]["template"]["spec"]["containers"][0]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda fleet: fleet["spec"].update(replicas=10),
        lambda fleet: fleet["status"].update(allocations=0),
        lambda fleet: fleet["metadata"].update(uid="2", labels={"app.kubernetes.io/version": "1.11.0"}),
        lambda fleet: fleet["spec"].update(scheduling="Packed", priorities=[]),
        lambda fleet: fleet["spec"].update(
            strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        ),
        lambda fleet: fleet["spec"]["template"]["spec"].update(health={}, sdkServer={"logLevel": "Info"}),
        lambda fleet: fleet["spec"]["template"]["spec"]["ports"][0].update(portPolicy="Dynamic", container="arena"),
        lambda fleet: fleet["spec"]["template"]["metadata"]["labels"].update({"helm.sh/chart": "arena-1.11.0"}),
        lambda fleet: container(fleet).update(image="registry:5000/arena:1.11.0"),
        lambda fleet: container(fleet).update(image="registry:5000/arena@sha256:abc"),
    ],
)
def test_what_does_not_matter(change: Callable[[Json], Any]) -> None:
    assert differing(change) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda fleet: fleet["spec"].update(scheduling="Distributed"), "spec.scheduling"),
        (
            lambda fleet: fleet["spec"]["template"]["spec"]["lists"]["players"].update(capacity=4),
            "spec.template.spec.lists.players.capacity",
        ),
        (
            lambda fleet: fleet["spec"]["template"]["spec"]["ports"][0].update(containerPort=7778),
            "spec.template.spec.ports[game].containerPort",
        ),
        (
            lambda fleet: container(fleet).update(image="elsewhere/arena:1.10.0"),
            "spec.template.spec.template.spec.containers[arena].image",
        ),
        (
            lambda fleet: container(fleet)["env"].append({"name": "B", "value": "2"}),
            "spec.template.spec.template.spec.containers[arena].env[B]",
        ),
        (
            lambda fleet: fleet["spec"]["template"]["metadata"]["labels"].pop("arena/role"),
            "spec.template.metadata.labels.arena/role",
        ),
    ],
)
def test_what_does_matter_is_named(change: Callable[[Json], Any], path: str) -> None:
    (difference,) = differing(change)
    assert (difference.path, difference.expected) == (path, False)


def test_what_is_expected_is_reported_and_does_not_fail() -> None:
    differences = differing(lambda fleet: fleet["spec"].update(scheduling="Distributed"), ["Fleet/*:spec.scheduling"])
    assert [difference.expected for difference in differences] == [True]
    refuse_unexpected(differences)


def test_a_fleet_that_only_one_slot_has_is_a_difference() -> None:
    (missing,) = compare("Fleet", [FLEET], [], [], DEFAULT_DOMAIN)
    (extra,) = compare("Fleet", [], [FLEET], [], DEFAULT_DOMAIN)
    assert (missing.source, missing.target) == ("(present)", "(absent)")
    assert (extra.source, extra.target) == ("(absent)", "(present)")
    with pytest.raises(BlueGreenError, match="Fleet arena/arena: source '\\(present\\)', target '\\(absent\\)'"):
        refuse_unexpected([missing])


def test_a_held_autoscaler_is_compared_as_it_is_without_the_hold() -> None:
    held = hold(autoscaler(10), 60)
    assert compare("FleetAutoscaler", [held], [autoscaler(10)], [], DEFAULT_DOMAIN) == []
    (difference,) = compare("FleetAutoscaler", [held], [autoscaler(12)], [], DEFAULT_DOMAIN)
    assert (difference.path, difference.source, difference.target) == ("spec.policy.buffer.minReplicas", 10, 12)
    rooms = {"spec": {"template": {"spec": {"counters": {"rooms": {"capacity": 10}}}}}}
    held = hold(counting("Counter"), 60, fleet=rooms)
    assert held != counting("Counter")
    assert compare("FleetAutoscaler", [held], [counting("Counter")], [], DEFAULT_DOMAIN) == []


def test_an_absent_minimum_is_none_and_the_default_interval_is_the_default() -> None:
    explicit = autoscaler(0)
    explicit["spec"]["sync"] = {"type": "FixedInterval", "fixedInterval": {"seconds": 30}}
    assert compare("FleetAutoscaler", [autoscaler(None)], [explicit], [], DEFAULT_DOMAIN) == []


def test_allocation_policies() -> None:
    policy = {"metadata": {"namespace": "arena", "name": "p"}, "spec": {"priority": 1, "weight": 100}}
    other = {**policy, "spec": {"priority": 1, "weight": 50}}
    (difference,) = compare("GameServerAllocationPolicy", [policy], [other], [], DEFAULT_DOMAIN)
    assert difference.path == "spec.weight"


@pytest.mark.parametrize(
    ("image", "name"),
    [("a:1", "a"), ("r:5000/a", "r:5000/a"), ("r:5000/a:1@sha256:x", "r:5000/a"), ("a@sha256:x", "a"), ("a", "a")],
)
def test_repository(image: str, name: str) -> None:
    assert repository(image) == name
