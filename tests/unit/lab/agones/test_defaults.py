from __future__ import annotations

from typing import Any

import pytest

from lab.agones import defaults, templates
from lab.agones.model import Obj


def pod(*containers: str) -> Obj:
    return {"spec": {"containers": [{"name": name} for name in containers]}}


def test_fleet() -> None:
    given: Obj = {"metadata": {"name": "f"}, "spec": {"replicas": 2, "template": {"spec": {"template": pod("game")}}}}
    filled = defaults.fleet(given, "1.60.0")
    assert filled["metadata"]["annotations"] == {"agones.dev/sdk-version": "1.60.0"}
    assert filled["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert filled["spec"]["scheduling"] == "Packed"
    template = filled["spec"]["template"]["spec"]
    assert (template["health"], template["sdkServer"], template["immutableReplicas"]) == ({}, {}, 1)
    assert "annotations" not in given["metadata"]
    assert templates.same(given["spec"]["template"], filled["spec"]["template"])


def test_recreate_has_no_rolling_update() -> None:
    filled = defaults.fleet({"spec": {"strategy": {"type": "Recreate"}}}, "1")
    assert filled["spec"]["strategy"] == {"type": "Recreate"}


def test_game_server() -> None:
    given = {"metadata": {"name": "g"}, "spec": {"ports": [{"containerPort": 7777}], "template": pod("game")}}
    filled = defaults.game_server(given, "1.60.0")
    assert filled["metadata"]["finalizers"] == ["agones.dev/controller"]
    spec, status = filled["spec"], filled["status"]
    assert spec["container"] == "game"
    assert spec["ports"] == [
        {"containerPort": 7777, "portPolicy": "Dynamic", "range": "default", "protocol": "UDP", "container": "game"}
    ]
    assert spec["health"] == {"periodSeconds": 5, "failureThreshold": 3, "initialDelaySeconds": 5}
    assert spec["sdkServer"] == {"logLevel": "Info", "grpcPort": 9357, "httpPort": 9358}
    assert (spec["eviction"], spec["scheduling"]) == ({"safe": "Never"}, "Packed")
    assert (status["state"], status["address"], status["addresses"], status["ports"]) == (
        "PortAllocation",
        "",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("policy", "state"),
    [("Dynamic", "PortAllocation"), ("Passthrough", "PortAllocation"), ("Static", "Creating"), ("None", "Creating")],
)
def test_first_state(policy: str, state: str) -> None:
    spec = {"ports": [{"portPolicy": policy}], "template": pod("game")}
    assert defaults.game_server({"spec": spec}, "1")["status"]["state"] == state


def test_counters_and_lists_start_in_the_status() -> None:
    spec = {"counters": {"rooms": {"count": 1}}, "lists": {"players": {"capacity": 3}}, "template": pod("game")}
    status = defaults.game_server({"spec": spec}, "1")["status"]
    assert status["counters"] == {"rooms": {"count": 1, "capacity": 1000}}
    assert status["lists"] == {"players": {"capacity": 3, "values": []}}


def test_a_disabled_health_check_gets_no_defaults() -> None:
    spec = defaults.game_server_spec({"health": {"disabled": True}, "template": pod("game")})
    assert spec["health"] == {"disabled": True}


def test_missing_containers_become_null() -> None:
    assert defaults.game_server_spec({})["template"]["spec"]["containers"] is None


@pytest.mark.parametrize(
    ("sync", "seconds"), [(None, 30), ({"fixedInterval": {"seconds": 2}}, 2), ({"type": "FixedInterval"}, 30)]
)
def test_autoscaler(sync: Any, seconds: int) -> None:
    filled = defaults.fleet_autoscaler({"spec": {"sync": sync}})
    assert filled["spec"]["sync"] == {"type": "FixedInterval", "fixedInterval": {"seconds": seconds}}


def test_an_empty_allocation() -> None:
    filled = defaults.allocation({})
    assert filled["spec"] == {
        "scheduling": "Packed",
        "metadata": {},
        "multiClusterSetting": {"policySelector": {}},
        "required": {"gameServerState": "Ready"},
    }
    assert defaults.with_selectors(filled)["spec"]["selectors"] == [{"gameServerState": "Ready"}]


def test_given_selectors_are_kept() -> None:
    given = {"spec": {"selectors": [{"gameServerState": "Allocated"}, {}], "priorities": [{"key": "k"}]}}
    filled = defaults.with_selectors(defaults.allocation(given))
    assert filled["spec"]["selectors"] == [{"gameServerState": "Allocated"}, {"gameServerState": "Ready"}]
    assert filled["spec"]["required"] == {}
    assert filled["spec"]["priorities"] == [{"key": "k", "order": "Ascending"}]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"spec": {"health": {}, "immutableReplicas": 1, "template": {"metadata": {}}}}, True),
        ({"spec": {"ports": []}}, {"spec": {"ports": None}}, True),
        ({"spec": {"ports": [{"name": "a"}]}}, {"spec": {"ports": [{"name": "b"}]}}, False),
        ({"metadata": {"labels": {"a": "1"}}}, {}, False),
    ],
)
def test_templates(one: Obj, other: Obj, same: bool) -> None:
    assert templates.same(one, other) is same
