"""What Agones' validating webhook refuses in a FleetAutoscaler."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lab.agones.model import Obj
from lab.agones.validation import FieldError, forbidden, invalid, required

NOT_NEGATIVE = "must be greater than or equal to 0"
DURATION = re.compile(r"[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+)")
CRON = re.compile(r"@\w+( \S+)?|\S+( \S+){4}")
POLICIES = ("buffer", "webhook", "counter", "list", "schedule", "wasm")


def fleet_autoscaler(obj: Obj) -> list[FieldError]:
    return _policy(obj["spec"]["policy"], "spec.policy", datetime.now(UTC))


def _policy(policy: Mapping[str, Any], path: str, now: datetime) -> list[FieldError]:
    """Errors of the section that the policy's type names."""
    kind = str(policy["type"]).lower()
    section, path = policy.get(kind), f"{path}.{kind}"
    if section is None:
        return [required(path, f"{kind} policy config params are missing")]
    if kind == "schedule":
        return _schedule(section, path, now)
    if kind == "chain":
        return _chain(section, path, now)
    return SIMPLE[kind](section, path)


def _buffer(buffer: Mapping[str, Any], path: str) -> list[FieldError]:
    return _bounds(buffer, path, "minReplicas", "maxReplicas")


def _sum(policy: Mapping[str, Any], path: str) -> list[FieldError]:
    return _bounds(policy, path, "minCapacity", "maxCapacity")


def _bounds(policy: Mapping[str, Any], path: str, least: str, most: str) -> list[FieldError]:
    lowest, highest = int(policy.get(least) or 0), int(policy[most])
    size = policy.get("bufferSize", 0)
    errors = []
    if lowest > highest:
        errors.append(invalid(f"{path}.{least}", lowest, f"{least} should be smaller than {most}"))
    if isinstance(size, str):
        return errors + _percentage(size, lowest, path, least)
    if size <= 0:
        errors.append(invalid(f"{path}.bufferSize", size, NOT_NEGATIVE))
    if highest < size:
        errors.append(invalid(f"{path}.{most}", highest, f"{most} should be bigger than or equal to bufferSize"))
    if lowest != 0 and lowest < size:
        errors.append(invalid(f"{path}.{least}", lowest, f"{least} should be bigger than or equal to bufferSize"))
    return errors


def _percentage(size: str, lowest: int, path: str, least: str) -> list[FieldError]:
    errors = []
    percent = int(size[:-1]) if re.fullmatch(r"\d+%", size) else 0
    if not 1 <= percent <= 99:
        errors.append(invalid(f"{path}.bufferSize", size, "bufferSize should be between 1% and 99%"))
    if lowest >= 1:
        return errors
    if least == "minReplicas":
        return [*errors, invalid(f"{path}.{least}", lowest, NOT_NEGATIVE)]
    detail = f" when bufferSize in percentage format is used, {least} should be more than 0"
    return [*errors, invalid(f"{path}.{least}", size, detail)]


def _webhook(webhook: Mapping[str, Any], path: str) -> list[FieldError]:
    url, service = webhook.get("url"), webhook.get("service")
    if url is None and service is None:
        return [required(path, "url should be provided")]
    if url is not None and service is not None:
        return [FieldError("FieldValueDuplicate", f"{path}.url", _duplicate("service and url"))]
    return []


def _duplicate(what: str) -> str:
    return f'Duplicate value: "{what} cannot be used simultaneously"'


def _wasm(_wasm: Mapping[str, Any], path: str) -> list[FieldError]:
    return [forbidden(path, "feature WasmAutoscaler must be enabled")]


def _schedule(schedule: Mapping[str, Any], path: str, now: datetime) -> list[FieldError]:
    return [
        *_between(schedule.get("between") or {}, f"{path}.between", now),
        *_active_period(schedule.get("activePeriod") or {}, f"{path}.activePeriod"),
    ]


def _between(between: Mapping[str, Any], path: str, now: datetime) -> list[FieldError]:
    """The times are RFC 3339, or the object could not be read."""
    start, end = ((datetime.fromisoformat(text) if text else None) for text in map(between.get, ("start", "end")))
    if end and end < now:
        return [invalid(f"{path}.end", between["end"], "end time must be after the current time")]
    if start and end and end < start:
        return [invalid(path, dict(between), "start time must be before end time")]
    return []


def _active_period(period: Mapping[str, Any], path: str) -> list[FieldError]:
    errors = []
    timezone, cron, duration = (str(period.get(name) or "") for name in ("timezone", "startCron", "duration"))
    if timezone and not _is_timezone(timezone):
        errors.append(invalid(f"{path}.timezone", timezone, f"Error parsing timezone: unknown time zone {timezone}\n"))
    if "TZ" in cron:
        detail = (
            "CRON_TZ or TZ used in activePeriod is not supported, please use the .schedule.timezone field to specify "
            "a timezone"
        )
        errors.append(invalid(f"{path}.startCron", cron, detail))
    elif cron and not CRON.fullmatch(cron):
        errors.append(invalid(f"{path}.startCron", cron, "invalid startCron: five fields are expected"))
    if duration and not DURATION.fullmatch(duration):
        errors.append(invalid(f"{path}.duration", cron, f'invalid duration: time: invalid duration "{duration}"'))
    return errors


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _chain(chain: list[Mapping[str, Any]], path: str, now: datetime) -> list[FieldError]:
    errors = []
    seen = set()
    for index, entry in enumerate(chain):
        name = str(entry.get("id") or "")
        if name in seen:
            errors.append(invalid(path, name, "id of chain entry must be unique"))
        seen.add(name)
        if all(entry.get(kind) is None for kind in POLICIES):
            errors.append(required(f"{path}[{index}]", "valid policy is missing"))
        errors += _policy(entry, f"{path}[{index}].policy", now)
    return errors


SIMPLE: Mapping[str, Callable[[Mapping[str, Any], str], list[FieldError]]] = {
    "buffer": _buffer,
    "counter": _sum,
    "list": _sum,
    "webhook": _webhook,
    "wasm": _wasm,
}
