"""What Agones' validating webhook and its allocator refuse, in the words of Kubernetes' field errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from lab.agones import defaults, templates
from lab.agones.model import Obj

LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]")
LABEL_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
TOO_LONG = "must be no more than 63 bytes"
MAX_NAME = 63


@dataclass(frozen=True)
class FieldError:
    """One refused field. `message` is what follows the field's name."""

    reason: str
    field: str
    message: str

    @property
    def text(self) -> str:
        return f"{self.field}: {self.message}"


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, f"Invalid value: {json.dumps(value)}: {detail}")


def required(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueRequired", field, f"Required value: {detail}")


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, f"Forbidden: {detail}")


def unsupported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    choices = ", ".join(json.dumps(choice) for choice in supported)
    return FieldError(
        "FieldValueNotSupported", field, f"Unsupported value: {json.dumps(value)}: supported values: {choices}"
    )


def status(group: str, kind: str, name: str, errors: list[FieldError]) -> Obj:
    """A Kubernetes Status that says 422 Invalid."""
    texts = [error.text for error in errors]
    summary = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'{kind}.{group} "{name}" is invalid: {summary}',
        "reason": "Invalid",
        "details": {
            "name": name,
            "group": group,
            "kind": kind,
            "causes": [{"reason": error.reason, "message": error.message, "field": error.field} for error in errors],
        },
        "code": 422,
    }


def fleet(obj: Obj) -> list[FieldError]:
    spec = obj["spec"]
    errors = _name(obj)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        for name in ("maxUnavailable", "maxSurge"):
            errors += _rolling(f"spec.strategy.rollingUpdate.{name}", rolling.get(name))
    errors += _template(spec["template"])
    errors += _metadata(spec["template"].get("metadata"), "spec.template.metadata")
    errors += _metadata(spec.get("allocationOverflow"), "spec.allocationOverflow")
    return errors


def game_server_set(obj: Obj) -> list[FieldError]:
    template = obj["spec"]["template"]
    return [*_name(obj), *_template(template), *_metadata(template.get("metadata"), "spec.template.metadata")]


def game_server_set_update(old: Obj, new: Obj) -> list[FieldError]:
    before, after = old["spec"]["template"], new["spec"]["template"]
    if not templates.same(before, after):
        return [invalid("spec.template", after, "GameServerSet template cannot be updated")]
    return game_server_set(new)


def game_server(obj: Obj) -> list[FieldError]:
    return [*_name(obj), *game_server_spec(obj["spec"], "spec")]


def game_server_spec(spec: Obj, path: str) -> list[FieldError]:
    """Errors of a GameServer's spec with its defaults filled in."""
    pod = spec["template"]["spec"]
    containers = pod.get("containers") or []
    container = spec.get("container") or ""
    errors = []
    if not container and len(containers) > 1:
        detail = "Container is required when using multiple containers in the pod template"
        errors.append(required(f"{path}.container", detail))
    if container not in [one.get("name") for one in containers]:
        errors.append(invalid(f"{path}.container", container, f"Could not find a container named {container}"))
    for index, port in enumerate(spec.get("ports") or []):
        errors += _port(port, spec, f"{path}.ports[{index}]")
    for kind in ("initContainers", "containers"):
        for index, one in enumerate(pod.get(kind) or []):
            errors += _resources(one.get("resources") or {}, f"{path}.template.spec.{kind}[{index}].resources")
    return errors + _metadata(spec["template"].get("metadata"), f"{path}.template.metadata")


def allocation(obj: Obj) -> list[FieldError]:
    """Errors of a GameServerAllocation with its defaults filled in."""
    spec = obj["spec"]
    errors = []
    if spec["scheduling"] not in ("Packed", "Distributed"):
        errors.append(unsupported("spec.scheduling", spec["scheduling"], ["Packed", "Distributed"]))
    errors += _selector(spec["required"], "spec.required")
    for kind in ("preferred", "selectors"):
        for index, selector in enumerate(spec.get(kind) or []):
            errors += _selector(selector, f"spec.{kind}[{index}]")
    for index, priority in enumerate(spec.get("priorities") or []):
        errors += _priority(priority, f"spec.priorities[{index}]")
    for name, action in (spec.get("counters") or {}).items():
        errors += _counter_action(action, f"spec.counters[{name}]")
    for name, action in (spec.get("lists") or {}).items():
        errors += _not_negative(action, ["capacity"], f"spec.lists[{name}]")
    return errors + _metadata(spec.get("metadata"), "spec.metadata")


def _name(obj: Obj) -> list[FieldError]:
    name = obj["metadata"].get("name") or ""
    if len(name.encode()) <= MAX_NAME:
        return []
    return [FieldError("FieldValueTooLong", "metadata.name", f"Too long: may not be more than {MAX_NAME} bytes")]


def _template(template: Obj) -> list[FieldError]:
    spec = defaults.game_server_spec(template.get("spec") or {})
    return game_server_spec(spec, "spec.template.spec")


def _rolling(field: str, value: Any) -> list[FieldError]:
    if isinstance(value, str):
        percent = int(value[:-1]) if re.fullmatch(r"\d+%", value) else 0
        return [] if 1 <= percent <= 99 else [invalid(field, value, "must be between 1% and 99%")]
    return [] if value is not None and value >= 1 else [invalid(field, value, "must be at least 1")]


def _port(port: Obj, spec: Obj, path: str) -> list[FieldError]:
    policy, container = port.get("portPolicy"), port.get("container")
    errors = []
    if policy in ("Dynamic", "Static") and not port.get("containerPort"):
        detail = "ContainerPort must be defined for Dynamic and Static PortPolicies"
        errors.append(required(f"{path}.containerPort", detail))
    if policy == "Passthrough" and port.get("containerPort"):
        detail = "ContainerPort cannot be specified with Passthrough PortPolicy"
        errors.append(required(f"{path}.containerPort", detail))
    if port.get("hostPort") and policy in ("Dynamic", "Passthrough"):
        detail = "HostPort cannot be specified with a Dynamic or Passthrough PortPolicy"
        errors.append(forbidden(f"{path}.hostPort", detail))
    if container and spec.get("container") and container not in _port_containers(spec):
        detail = "Container must be empty or the name of a container in the pod template"
        errors.append(invalid(f"{path}.container", container, detail))
    return errors


def _port_containers(spec: Obj) -> list[str]:
    pod = spec["template"]["spec"]
    sidecars = [one for one in pod.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    return [one.get("name", "") for one in [*(pod.get("containers") or []), *sidecars]]


def _resources(resources: Obj, path: str) -> list[FieldError]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors = []
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if _quantity(amount) < 0:
                errors.append(invalid(f"{path}.{kind}[{name}]", str(amount), "must be greater than or equal to 0"))
    for name, amount in requests.items():
        if name in limits and _quantity(amount) > _quantity(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            errors.append(invalid(f"{path}.requests", str(amount), detail))
    return errors


def _quantity(amount: str | int | float) -> Decimal:
    """The number that a quantity means; 0 if it is not one (the API server refuses it when it makes the pod)."""
    try:
        # As text: as a float, 0.1 is not exactly 100m.
        number: Decimal = parse_quantity(str(amount))
    except ValueError:
        return Decimal(0)
    return number


def _metadata(metadata: Mapping[str, Any] | None, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, value in ((metadata or {}).get("labels") or {}).items():
        errors += _key(key, f"{path}.labels")
        if value and not LABEL_NAME.fullmatch(value):
            detail = TOO_LONG if len(value) > MAX_NAME else VALUE_RULE
            errors.append(invalid(f"{path}.labels", value, detail))
    for key in (metadata or {}).get("annotations") or {}:
        errors += _key(key.lower(), f"{path}.annotations")
    return errors


def _key(key: str, field: str) -> list[FieldError]:
    prefix, slash, name = key.rpartition("/")
    if not LABEL_NAME.fullmatch(name):
        return [invalid(field, key, TOO_LONG.replace("must", "name part must") if len(name) > MAX_NAME else NAME_RULE)]
    if slash and not LABEL_PREFIX.fullmatch(prefix):
        return [
            invalid(
                field,
                key,
                "prefix part a lowercase RFC 1123 subdomain must consist of lower case "
                "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            )
        ]
    return []


def _selector(selector: Obj, path: str) -> list[FieldError]:
    errors = []
    for index, term in enumerate(selector.get("matchExpressions") or []):
        errors += _expression(term, selector, f"{path}.labelSelector", index)
    state = selector.get("gameServerState")
    if state not in (None, "Allocated", "Ready"):
        detail = "GameServerState must be either Allocated or Ready"
        errors.append(invalid(f"{path}.gameServerState", state, detail))
    for name, limits in (selector.get("counters") or {}).items():
        errors += _limits(
            limits, [("minCount", "maxCount"), ("minAvailable", "maxAvailable")], f"{path}.counters[{name}]"
        )
    for name, limits in (selector.get("lists") or {}).items():
        errors += _limits(limits, [("minAvailable", "maxAvailable")], f"{path}.lists[{name}]")
    return errors


def _expression(term: Obj, selector: Obj, path: str, index: int) -> list[FieldError]:
    operator = term.get("operator")
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        detail = f'Error converting label selector: "{operator}" is not a valid label selector operator'
        return [invalid(path, {"matchExpressions": selector["matchExpressions"]}, detail)]
    if (operator in ("In", "NotIn")) != bool(term.get("values")):
        detail = f"Error converting label selector: values[{index}]: Invalid value for operator {operator}"
        return [invalid(path, {"matchExpressions": selector["matchExpressions"]}, detail)]
    return []


def _limits(limits: Obj, pairs: list[tuple[str, str]], path: str) -> list[FieldError]:
    errors = []
    for low, high in pairs:
        errors += _not_negative(limits, [low, high], path)
        lowest, highest = int(limits.get(low) or 0), int(limits.get(high) or 0)
        if highest and highest < lowest:
            errors.append(invalid(path, highest, f"{high} must zero or greater than {low} {lowest}"))
    return errors


def _not_negative(values: Obj, names: list[str], path: str) -> list[FieldError]:
    return [
        invalid(f"{path}.{name}", values[name], "must be greater than or equal to 0")
        for name in names
        if (values.get(name) or 0) < 0
    ]


def _priority(priority: Obj, path: str) -> list[FieldError]:
    errors = []
    if priority.get("type") not in ("Counter", "List"):
        errors.append(invalid(path, priority.get("type", ""), 'type must be "Counter" or "List"'))
    if not priority.get("key"):
        errors.append(invalid(path, priority.get("type", ""), "key must not be nil"))
    if priority.get("order") not in ("Ascending", "Descending"):
        errors.append(invalid(path, priority.get("order"), 'order must be "Ascending" or "Descending"'))
    return errors


def _counter_action(action: Obj, path: str) -> list[FieldError]:
    errors = _not_negative(action, ["amount", "capacity"], path)
    if action.get("amount") is not None and action.get("action") is None:
        detail = 'action must be "Increment" or "Decrement" if the amount is not nil'
        errors.append(invalid(path, None, detail))
    if action.get("amount") is None and action.get("action") is not None:
        errors.append(invalid(path, None, "amount must not be nil if action is not nil"))
    return errors
