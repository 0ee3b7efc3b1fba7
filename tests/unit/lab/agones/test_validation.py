from __future__ import annotations

from typing import Any

import pytest

from lab.agones import defaults, validation
from lab.agones.model import Obj


def fleet(name: str = "f", template: Obj | None = None, **spec: Any) -> Obj:
    game_server = template or {"template": {"spec": {"containers": [{"name": "game"}]}}}
    return defaults.fleet({"metadata": {"name": name}, "spec": {"template": {"spec": game_server}, **spec}}, "1")


def texts(errors: list[validation.FieldError]) -> list[str]:
    return [error.text for error in errors]


def with_port(**port: Any) -> Obj:
    return {"ports": [port], "template": {"spec": {"containers": [{"name": "game"}]}}}


def with_resources(**amounts: Any) -> Obj:
    return {"template": {"spec": {"containers": [{"name": "game", "resources": amounts}]}}}


def test_a_good_fleet() -> None:
    assert validation.fleet(fleet()) == []


P = "spec.template.spec"
REFUSED = [
    (fleet("f" * 64), "metadata.name: Too long: may not be more than 63 bytes"),
    (
        fleet(template={"template": {"spec": {"containers": []}}}),
        f'{P}.container: Invalid value: "": Could not find a container named ',
    ),
    (
        fleet(template=with_port(hostPort=1, containerPort=1)),
        f"{P}.ports[0].hostPort: Forbidden: HostPort cannot be specified with a Dynamic or Passthrough PortPolicy",
    ),
    (
        fleet(template=with_port()),
        f"{P}.ports[0].containerPort: Required value: "
        "ContainerPort must be defined for Dynamic and Static PortPolicies",
    ),
    (
        fleet(template=with_port(portPolicy="Passthrough", containerPort=1)),
        f"{P}.ports[0].containerPort: Required value: ContainerPort cannot be specified with Passthrough PortPolicy",
    ),
    (
        fleet(template=with_port(containerPort=1, container="other")),
        f'{P}.ports[0].container: Invalid value: "other": '
        "Container must be empty or the name of a container in the pod template",
    ),
    (
        fleet(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%"}}),
        'spec.strategy.rollingUpdate.maxSurge: Invalid value: "0%": must be between 1% and 99%',
    ),
    (
        fleet(strategy={"rollingUpdate": {"maxUnavailable": 0}}),
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: must be at least 1",
    ),
    (
        fleet(template=with_resources(requests={"cpu": "2"}, limits={"cpu": "1"})),
        f'{P}.template.spec.containers[0].resources.requests: Invalid value: "2": '
        "must be less than or equal to cpu limit of 1",
    ),
    (
        fleet(template=with_resources(requests={"memory": "-1Mi"})),
        f'{P}.template.spec.containers[0].resources.requests[memory]: Invalid value: "-1Mi": '
        "must be greater than or equal to 0",
    ),
]


@pytest.mark.parametrize(("obj", "text"), REFUSED)
def test_refused(obj: Obj, text: str) -> None:
    assert texts(validation.fleet(obj)) == [text]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("a", "not a label!", "a valid label must be an empty string or consist of"),
        ("a", "x" * 64, "must be no more than 63 bytes"),
        ("not a key", "x", "name part must consist of alphanumeric characters"),
        ("Upper.Case/a", "x", "prefix part a lowercase RFC 1123 subdomain"),
        ("a" * 64, "x", "name part must be no more than 63 bytes"),
    ],
)
def test_labels(key: str, value: str, part: str) -> None:
    (text,) = texts(validation.fleet(fleet(allocationOverflow={"labels": {key: value}})))
    assert text.startswith("spec.allocationOverflow.labels: Invalid value: ")
    assert part in text


def test_good_labels() -> None:
    labels = {"app": "", "example.com/a_b.c": "A-b_c.d", "x": "y" * 63}
    assert validation.fleet(fleet(allocationOverflow={"labels": labels, "annotations": {"a/B": "any thing"}})) == []


def test_several_errors_in_one_status() -> None:
    errors = validation.fleet(fleet(template=with_port(hostPort=1)))
    status = validation.status("agones.dev", "Fleet", "f", errors)
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert status["message"].startswith('Fleet.agones.dev "f" is invalid: [spec.template.spec.ports[0].containerPort: ')
    assert status["message"].endswith("]")
    assert [cause["field"] for cause in status["details"]["causes"]] == [
        "spec.template.spec.ports[0].containerPort",
        "spec.template.spec.ports[0].hostPort",
    ]


def test_several_containers_need_a_name() -> None:
    containers = {"template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}}
    first = texts(validation.fleet(fleet(template=containers)))[0]
    message = "Required value: Container is required when using multiple containers in the pod template"
    assert first == f"{P}.container: {message}"
    assert validation.fleet(fleet(template={**containers, "container": "a"})) == []


def test_a_sets_template_stays() -> None:
    old = {"metadata": {"name": "s"}, "spec": {"replicas": 1, "template": fleet()["spec"]["template"]}}
    scaled = {**old, "spec": {**old["spec"], "replicas": 2, "allocationOverflow": {}}}
    assert validation.game_server_set_update(old, scaled) == []
    changed = {**old, "spec": {"template": fleet(template=with_port(containerPort=1))["spec"]["template"]}}
    (text,) = texts(validation.game_server_set_update(old, changed))
    assert text.startswith("spec.template: Invalid value: {")
    assert text.endswith("GameServerSet template cannot be updated")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"selectors": [{"gameServerState": "Foo"}]},
            'spec.selectors[0].gameServerState: Invalid value: "Foo": '
            "GameServerState must be either Allocated or Ready",
        ),
        (
            {"scheduling": "Bogus"},
            'spec.scheduling: Unsupported value: "Bogus": supported values: "Packed", "Distributed"',
        ),
        (
            {"selectors": [{"matchExpressions": [{"key": "a", "operator": "Is"}]}]},
            'spec.selectors[0].labelSelector: Invalid value: {"matchExpressions": [{"key": "a", "operator": "Is"}]}: '
            'Error converting label selector: "Is" is not a valid label selector operator',
        ),
        (
            {"selectors": [{"counters": {"c": {"minCount": -1}}}]},
            "spec.selectors[0].counters[c].minCount: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"selectors": [{"lists": {"l": {"minAvailable": 3, "maxAvailable": 2}}}]},
            "spec.selectors[0].lists[l]: Invalid value: 2: maxAvailable must zero or greater than minAvailable 3",
        ),
        (
            {"priorities": [{"type": "Foo", "key": "k"}]},
            'spec.priorities[0]: Invalid value: "Foo": type must be "Counter" or "List"',
        ),
        (
            {"counters": {"c": {"amount": 1}}},
            'spec.counters[c]: Invalid value: null: action must be "Increment" or "Decrement" if the amount is not nil',
        ),
        (
            {"lists": {"l": {"capacity": -1}}},
            "spec.lists[l].capacity: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
def test_allocations(spec: Obj, text: str) -> None:
    assert texts(validation.allocation(defaults.allocation({"spec": spec}))) == [text]


@pytest.mark.parametrize("spec", [{}, {"counters": {"c": {"action": "Zap", "amount": 1}}}])
def test_good_allocations(spec: Obj) -> None:
    assert validation.allocation(defaults.allocation({"spec": spec})) == []


@pytest.mark.parametrize(
    ("amount", "less", "same", "more"),
    [
        ("100m", "0.0999", "0.1", "0.1001"),
        (0.1, "99m", "100m", "101m"),
        ("2", "1.999", "2", "2.001"),
        (2, "1.999", "2", "2.001"),
        ("1.5", "1.499", "1.5", "1.501"),
        ("64Mi", "67108863", "67108864", "67108865"),
        ("1k", "999", "1000", "1001"),
    ],
)
def test_quantities(amount: str | int | float, less: str, same: str, more: str) -> None:
    assert fits_its_limit(amount, same)
    assert fits_its_limit(same, amount)
    assert fits_its_limit(amount, more)
    assert fits_its_limit(less, amount)
    assert not fits_its_limit(amount, less)
    assert not fits_its_limit(more, amount)


def test_no_quantity_counts_as_nothing() -> None:
    assert fits_its_limit("nonsense", "0")
    assert fits_its_limit("0", "nonsense")
    assert not fits_its_limit("1n", "nonsense")


def fits_its_limit(request: str | int | float, limit: str | int | float) -> bool:
    errors = validation.fleet(fleet(template=with_resources(requests={"cpu": request}, limits={"cpu": limit})))
    assert [error.field for error in errors if not error.field.endswith("resources.requests")] == []
    return not errors
