# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of what a cluster needs: read, refuse, create or change, watch it settle for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import error_code
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Difference,
    Field,
    differences,
    missing_tags,
    put,
    refuse_fixed,
    request,
    shown,
)

SLICE_SECONDS = 15.0
FIRST_POLL_SECONDS = 0.5
LONGEST_POLL_SECONDS = 5.0
# "Another one is being created or deleted": Fargate profiles go one at a time.
BUSY = frozenset({"ResourceInUseException"})

MOVING = frozenset({"PENDING", "CREATING", "UPDATING", "DELETING"})
FAILED = frozenset({"FAILED", "CREATE_FAILED", "DELETE_FAILED"})

Description = dict[str, Any]
Result = dict[str, Any]


class Keeper(Protocol):
    """The lease of the run, if there is one."""

    def keep(self) -> None: ...


class Resource(Protocol):
    """Something that EKS creates, describes with a status, changes and deletes."""

    name: str

    @property
    def kind(self) -> str: ...

    @property
    def arn_key(self) -> str: ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    def describe(self) -> Description | None: ...

    def create(self, body: Mapping[str, Any]) -> None: ...

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None: ...

    def delete(self) -> None: ...

    def tag(self, arn: str, add: Mapping[str, str]) -> None: ...


class Container(Resource, Protocol):
    """A resource that must be emptied before it can be deleted."""

    def contents(self) -> Sequence[Resource]: ...


def present_round(
    resource: Resource,
    want: Mapping[str, Any],
    tags: Mapping[str, str],
    *,
    check_mode: bool,
    clock: Clock,
    keeper: Keeper,
) -> Result:
    """Create the resource or change what differs, then watch it until it has settled or the slice ends.

    Raises BlueGreenError where a fixed field differs and where AWS reports a failure. `resource` in the
    result is the last description, in check mode the predicted one.
    """
    have = resource.describe()
    if have is not None:
        _refuse(resource, want, have)
    if check_mode:
        return _predicted(resource, want, tags, have)
    keeper.keep()
    deadline = clock.monotonic() + SLICE_SECONDS
    if have is None:
        return _create(resource, want, tags, clock, deadline)
    settled = _settle(resource, have, clock, deadline)
    if settled is None or settled["status"] in MOVING:
        return _unfinished(resource, have, settled, changed=False)
    return _converge(resource, want, tags, settled, clock, deadline)


def absent_round(resource: Resource, *, check_mode: bool, clock: Clock, keeper: Keeper) -> Result:
    """Delete the resource and watch it until it is gone or the slice ends."""
    have = resource.describe()
    if have is None or check_mode:
        return _result(resource, have, None, changed=have is not None)
    keeper.keep()
    if have["status"] != "DELETING" and (busy := _busy(resource.delete)):
        return _unfinished(resource, have, have, changed=False, because=busy)
    left = _settle(resource, {**have, "status": "DELETING"}, clock, clock.monotonic() + SLICE_SECONDS)
    if left is None:
        return _result(resource, have, None, changed=True)
    return _unfinished(resource, have, left, changed=have["status"] != "DELETING")


def empty_round(resource: Container, *, check_mode: bool, clock: Clock, keeper: Keeper) -> Result:
    """Delete what is in the resource, then the resource; kinds side by side, Fargate profiles one at a time."""
    have = resource.describe()
    parts = list(resource.contents()) if have is not None and have["status"] != "DELETING" else []
    names = [f"{part.kind} {part.name}" for part in parts]
    if have is None or check_mode or not parts:
        gone = absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper)
        return {**gone, "contents": names}
    keeper.keep()
    deadline, pause = clock.monotonic() + SLICE_SECONDS, FIRST_POLL_SECONDS
    while parts and clock.monotonic() < deadline:
        for part in parts:
            _delete_part(part)
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
        parts = list(resource.contents())
    left = ", ".join(f"{part.kind} {part.name}" for part in parts)
    waiting = {"finished": False, "progress": f"deleting {left or resource.name}", "retry_after_seconds": 0.0}
    return {**_result(resource, have, have, changed=True), "contents": names, "round": waiting}


def answer(key: str, result: Result) -> Result:
    """A round's result as its module returns it, the description under the module's own key."""
    values = dict(result)
    description = values.pop("resource")
    if description is not None:
        description = camel_dict_to_snake_dict(description, ignore_list=["tags", "labels"])
    return {**values, key: description}


def _refuse(resource: Resource, want: Mapping[str, Any], have: Description) -> None:
    if have["status"] in FAILED:
        raise BlueGreenError(
            f"{resource.kind} {resource.name} is {have['status']}: {_issues(have)}. "
            "Delete it (state: absent) and run again",
            last=have,
        )
    if have["status"] != "DELETING":
        refuse_fixed(f"{resource.kind} {resource.name}", resource.fields, want, have)


def _create(
    resource: Resource, want: Mapping[str, Any], tags: Mapping[str, str], clock: Clock, deadline: float
) -> Result:
    body = request(resource.fields, want)
    if tags:
        body["tags"] = dict(tags)
    if busy := _busy(lambda: resource.create(body)):
        return _unfinished(resource, None, None, changed=False, because=busy)
    settled = _settle(resource, {"status": "CREATING"}, clock, deadline)
    if settled is not None:
        _refuse(resource, want, settled)
    return _active_or_unfinished(resource, None, settled, changed=True)


def _converge(
    resource: Resource,
    want: Mapping[str, Any],
    tags: Mapping[str, str],
    have: Description,
    clock: Clock,
    deadline: float,
) -> Result:
    _refuse(resource, want, have)
    changes = differences(resource.fields, want, have)
    new_tags = missing_tags(tags, have.get("tags") or {})
    if new_tags:
        resource.tag(have[resource.arn_key], new_tags)
    if changes and (busy := _busy(lambda: resource.update(changes, have))):
        return _unfinished(resource, have, have, changed=bool(new_tags), because=busy)
    if not changes and not new_tags:
        return _active_or_unfinished(resource, have, have, changed=False)
    after = _settle(resource, {"status": "UPDATING"}, clock, deadline)
    return _active_or_unfinished(resource, have, after, changed=True)


def _settle(resource: Resource, have: Description, clock: Clock, deadline: float) -> Description | None:
    """Read until nothing moves, the resource is gone (None), or the deadline has passed."""
    seen: Description | None = have
    pause = FIRST_POLL_SECONDS
    while seen is not None and seen["status"] in MOVING:
        seen = resource.describe()
        if seen is None or seen["status"] not in MOVING or clock.monotonic() + pause > deadline:
            break
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
    return seen


def _busy(call: Callable[[], None]) -> str:
    """Make a call; if AWS says that something else is in the way for now, return what it says."""
    try:
        call()
    except AnsibleAWSError as error:
        if error_code(error) in BUSY:
            return str(error)
        raise
    return ""


def _delete_part(part: Resource) -> None:
    seen = part.describe()
    if seen is None or seen["status"] == "DELETING":
        return
    if seen["status"] == "DELETE_FAILED":
        raise BlueGreenError(f"{part.kind} {part.name} could not be deleted: {_issues(seen)}", last=seen)
    _busy(part.delete)


def _issues(have: Description) -> str:
    issues = (have.get("health") or {}).get("issues") or []
    return "; ".join(f"{one.get('code')}: {one.get('message')}" for one in issues) or "AWS gives no reason"


def _predicted(
    resource: Resource, want: Mapping[str, Any], tags: Mapping[str, str], have: Description | None
) -> Result:
    if have is None or have["status"] == "DELETING":
        after: Description = {**request(resource.fields, want), "tags": dict(tags)}
        return _result(resource, have, after, changed=True)
    changes = differences(resource.fields, want, have)
    new_tags = missing_tags(tags, have.get("tags") or {})
    after = {**have, "tags": {**(have.get("tags") or {}), **new_tags}}
    for change in changes:
        levels = change.field.path.split(".")
        if len(levels) > 1:
            after[levels[0]] = dict(after.get(levels[0]) or {})
        put(after, change.field.path, change.want)
    return _result(resource, have, after, changed=bool(changes or new_tags))


def _active_or_unfinished(
    resource: Resource, before: Description | None, after: Description | None, *, changed: bool
) -> Result:
    if after is None or after["status"] != "ACTIVE":
        return _unfinished(resource, before, after, changed=changed)
    return _result(resource, before, after, changed=changed)


def _unfinished(
    resource: Resource,
    before: Description | None,
    seen: Description | None,
    *,
    changed: bool,
    because: str = "",
) -> Result:
    status = "absent" if seen is None else seen["status"]
    reason = because or (_issues(seen) if seen is not None and status not in MOVING else "")
    text = f"{resource.kind} {resource.name}: {status}" + (f" ({reason})" if reason else "")
    waiting = {"finished": False, "progress": text, "retry_after_seconds": 1.0}
    return {**_result(resource, before, seen, changed=changed), "round": waiting}


def _result(resource: Resource, before: Description | None, after: Description | None, *, changed: bool) -> Result:
    return {
        "changed": changed,
        "resource": after,
        "diff": {
            "before_header": f"{resource.kind} {resource.name}",
            "before": _shown(resource, before),
            "after_header": f"{resource.kind} {resource.name}",
            "after": _shown(resource, after),
        },
        "round": {"finished": True, "progress": f"{resource.kind} {resource.name} is settled"},
    }


def _shown(resource: Resource, have: Description | None) -> dict[str, Any]:
    if have is None:
        return {}
    return {**shown(resource.fields, have), "tags": dict(have.get("tags") or {})}
