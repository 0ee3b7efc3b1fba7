"""What the webhooks and the schema refuse, and what they let pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.agones.cluster import IMAGE, Namespace, fleet, game_server_spec, pod_template

WEBHOOK = 'admission webhook "validations.agones.dev" denied the request: '
PORTS = "spec.template.spec.ports[0]"
CONTAINER = "spec.template.spec.container"


def port(**fields: Any) -> dict[str, Any]:
    return game_server_spec(ports=[{"name": "game", "portPolicy": "Dynamic", "containerPort": 7777, **fields}])


def without_port(field: str) -> dict[str, Any]:
    spec = port()
    del spec["ports"][0][field]
    return spec


def resources(**amounts: Any) -> dict[str, Any]:
    container = {"name": "game", "image": IMAGE, "resources": amounts}
    return game_server_spec(template={"spec": {"containers": [container]}})


BY_WEBHOOK = [
    (
        {"template": game_server_spec(template={"spec": {"containers": []}})},
        f'{CONTAINER}: Invalid value: "": Could not find a container named ',
    ),
    (
        {"template": game_server_spec(template={"spec": {"containers": [{"name": "a"}, {"name": "b"}]}})},
        f"{CONTAINER}: Required value: Container is required when using multiple containers in the pod template",
    ),
    (
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%"}}},
        'spec.strategy.rollingUpdate.maxSurge: Invalid value: "0%": must be between 1% and 99%',
    ),
    (
        {"template": port(hostPort=7000)},
        f"{PORTS}.hostPort: Forbidden: HostPort cannot be specified with a Dynamic or Passthrough PortPolicy",
    ),
    (
        {"template": without_port("containerPort")},
        f"{PORTS}.containerPort: Required value: ContainerPort must be defined for Dynamic and Static PortPolicies",
    ),
    ({"allocationOverflow": {"labels": {"a": "not a label!"}}}, "spec.allocationOverflow.labels: Invalid value: "),
    (
        {"template": resources(requests={"cpu": "2"}, limits={"cpu": "1"})},
        'spec.template.spec.template.spec.containers[0].resources.requests: Invalid value: "2": '
        "must be less than or equal to cpu limit of 1",
    ),
]

BY_SCHEMA = [
    ({"template": {"ports": []}}, 'spec.template.spec.template.spec.containers: Invalid value: "null"'),
    ({"replicas": -1}, "spec.replicas: Invalid value: -1: "),
    (
        {"strategy": {"type": "Foo"}},
        'spec.strategy.type: Unsupported value: "Foo": supported values: "Recreate", "RollingUpdate"',
    ),
    ({"scheduling": "Foo"}, 'spec.scheduling: Unsupported value: "Foo"'),
    (
        {"template": port(portPolicy="Zap")},
        f'{PORTS}.portPolicy: Unsupported value: "Zap": supported values: "Dynamic", "Static", "Passthrough", "None"',
    ),
    ({"template": game_server_spec(lists={"l": {"capacity": 1001}})}, "spec.template.spec.lists.l.capacity: "),
]

ACCEPTED = [
    {"template": game_server_spec(container="other")},
    {"template": port(portPolicy="Static")},
    {"template": port(range="elsewhere")},
    {"template": game_server_spec(counters={"c": {"count": 5, "capacity": 1}})},
    {"template": game_server_spec(lists={"l": {"capacity": 1, "values": ["a", "b"]}})},
    {"foo": "bar"},
]


def refuse(ns: Namespace, spec: dict[str, Any]) -> str:
    answer = ns.create("fleets", fleet("refused", **{"replicas": 0, **spec}))
    assert (answer.code, answer.body["reason"]) == (422, "Invalid"), answer
    return answer.message


@pytest.mark.parametrize(("spec", "message"), BY_WEBHOOK)
def test_refused_by_the_webhook(ns: Namespace, spec: dict[str, Any], message: str) -> None:
    refusal = refuse(ns, spec)
    assert refusal.startswith(f'{WEBHOOK}Fleet.agones.dev "refused" is invalid: ')
    assert message in refusal


@pytest.mark.parametrize(("spec", "message"), BY_SCHEMA)
def test_refused_by_the_schema(ns: Namespace, spec: dict[str, Any], message: str) -> None:
    refusal = refuse(ns, spec)
    assert WEBHOOK not in refusal
    assert message in refusal


@pytest.mark.parametrize("spec", ACCEPTED)
def test_accepted(ns: Namespace, name: str, spec: dict[str, Any]) -> None:
    assert ns.create("fleets", fleet(name, **{"replicas": 0, **spec})).code == 201


def test_unknown_fields_are_pruned_unless_validation_is_strict(ns: Namespace, name: str) -> None:
    obj = fleet(name, 0, foo="bar")
    refused = ns.create("fleets", obj, fieldValidation="Strict")
    assert (refused.code, "unknown field" in refused.message) == (400, True)
    assert "foo" not in ns.create("fleets", obj).body["spec"]


def test_long_names(ns: Namespace) -> None:
    refused = ns.create("fleets", fleet("f" * 64, 0))
    assert refused.code == 422
    assert "metadata.name: Too long: may not be more than 63 bytes" in refused.message


def test_causes(ns: Namespace) -> None:
    answer = ns.create("fleets", fleet("refused", 0, template=port(hostPort=7000)))
    (cause,) = answer.body["details"]["causes"]
    assert cause["field"] == f"{PORTS}.hostPort"
    assert cause["reason"] == "FieldValueForbidden"


def test_an_update_is_checked_too(ns: Namespace, name: str) -> None:
    ns.fleet(name, 0)
    refused = ns.patch("fleets", name, {"spec": {"strategy": {"rollingUpdate": {"maxSurge": "0%"}}}})
    assert refused.code == 422
    assert "must be between 1% and 99%" in refused.message


def test_a_sets_template_cannot_change(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (one,) = ns.find("gameserversets", labelSelector=f"agones.dev/fleet={name}")
    change = {"spec": {"template": {"metadata": {"labels": {"new": "label"}}}}}
    refused = ns.patch("gameserversets", one["metadata"]["name"], change)
    assert refused.code == 422
    assert "spec.template: Invalid value: " in refused.message
    assert refused.message.endswith("GameServerSet template cannot be updated")


def test_two_errors_are_told_together(ns: Namespace) -> None:
    spec = port(hostPort=7000)
    del spec["ports"][0]["containerPort"]
    assert "is invalid: [" in refuse(ns, {"template": spec})


def test_a_game_server_is_checked(ns: Namespace) -> None:
    spec = game_server_spec(template=pod_template())
    spec["ports"][0]["hostPort"] = 7000
    server = {"apiVersion": "agones.dev/v1", "kind": "GameServer", "metadata": {"name": "refused"}, "spec": spec}
    answer = ns.create("gameservers", server)
    assert answer.code == 422
    assert answer.message.startswith(f'{WEBHOOK}GameServer.agones.dev "refused" is invalid: spec.ports[0].hostPort')
