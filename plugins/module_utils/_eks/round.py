# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of what a cluster needs: read, refuse, create or change, watch it settle for a while.

AWS answers late: what was just created may not be found yet, and what was just changed may still show its old values
and ACTIVE. A round trusts a description only once it shows what the round has asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import error_code
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.health import health_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Difference,
    at,
    by_call,
    differences,
    missing_tags,
    refuse_fixed,
    request,
    shown,
    unwanted_tags,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description, Result, T

EKS_SLICE_SECONDS = 15.0
FIRST_POLL_SECONDS = 0.5
POLL_GROWTH = 1.2
LONGEST_POLL_SECONDS = 5.0
# "Another one is under way": one update of a cluster at a time, one Fargate profile at a time. Or one is there that AWS
# does not list yet: a later round finds it.
BUSY = frozenset({"ResourceInUseException", "EntityAlreadyExists"})

MOVING = frozenset({"PENDING", "CREATING", "UPDATING", "DELETING"})
FAILED = frozenset({"FAILED", "CREATE_FAILED", "DELETE_FAILED"})
# With a status of these an update that has succeeded does not show yet.
UNPROVED = MOVING | {"UPDATE_FAILED"}
FAILED_UPDATE = frozenset({"Failed", "Cancelled"})


@dataclass(frozen=True)
class WantedResource:
    """What a module's options ask for. `values` by option; `purge_tags` removes tags that are not wanted."""

    values: Mapping[str, Any]
    tags: Mapping[str, Any] | None = None
    purge_tags: bool = False
    wait: bool = True


class _Busy(Exception):
    """AWS says that something else blocks the call for now."""


def present_round(
    resource: Resource, want: WantedResource, *, check_mode: bool, clock: Clock, keeper: LeaseKeeper
) -> Result:
    """Create the resource or change what differs, then watch it until it has settled or the slice ends.

    Raises BlueGreenError if a field differs that cannot change, if AWS does not know a value, and if AWS reports a
    failure. `resource` in the result is the last description, in check mode the predicted one.
    """
    have = resource.describe()
    want = replace(want, values=resource.counted(want.values, have))
    _refuse(resource, want, have)
    if have is None or have["status"] == "DELETING":
        refuse_incomplete(resource, want)
    resource.check(creation_body(resource, want))
    if check_mode:
        return predicted(resource, want, have)
    keeper.keep()
    return _Round(resource, have, clock).present(want)


def refuse_incomplete(resource: Resource, want: WantedResource) -> None:
    """Raise if an option is missing that creating the resource needs."""
    lacking = [option for option in resource.needed if not want.values.get(option)]
    if lacking:
        raise BlueGreenError(
            f"{resource.kind} {resource.name} does not exist, and cannot be created without {', '.join(lacking)}: "
            "give the options, or correct the name"
        )


def absent_round(
    resource: Resource, *, check_mode: bool, clock: Clock, keeper: LeaseKeeper, wait: bool = True
) -> Result:
    """Delete the resource and watch it until it is gone or the slice ends."""
    have = resource.describe()
    if have is not None:
        _refuse_protected(resource, have)
    if have is not None and have["status"] != "DELETING":
        _refuse_filled(resource)
    return _gone_round(resource, have, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait)


def empty_round(
    resource: Resource, *, check_mode: bool, clock: Clock, keeper: LeaseKeeper, wait: bool = True
) -> Result:
    """Delete what is in the resource, then the resource; kinds in parallel, Fargate profiles one at a time."""
    have = resource.describe()
    if have is not None:
        _refuse_protected(resource, have)
    parts = list(resource.contents()) if have is not None and have["status"] != "DELETING" else []
    names = _names(parts)
    if have is None or check_mode or not parts:
        gone = _gone_round(resource, have, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait)
        return {**gone, "contents": names}
    keeper.keep()
    deadline = clock.monotonic() + EKS_SLICE_SECONDS
    failed_before = {part.name: reason for part in parts if (reason := _delete_part(part))}
    for _poll in _polls(clock, deadline):
        parts = list(resource.contents())
        if not parts:
            break
        for part in parts:
            if part.name not in failed_before and (reason := _delete_part(part)):
                raise BlueGreenError(f"{reason}. Fix the cause and run again")
    left = ", ".join(_name_and_health(part) for part in parts) or resource.name
    waiting = _waiting(f"deleting {left}", "; ".join(failed_before.values()))
    return {**_result(resource, have, have, changed=True), "contents": names, "round": waiting}


def _gone_round(
    resource: Resource, have: Description | None, *, check_mode: bool, clock: Clock, keeper: LeaseKeeper, wait: bool
) -> Result:
    if have is None:
        return _result(resource, None, None, changed=False)
    if check_mode:
        return _result(resource, have, None, changed=True)
    keeper.keep()
    return _Round(resource, have, clock).absent(have, wait=wait)


def predicted(resource: Resource, want: WantedResource, have: Description | None, *, anew: bool = False) -> Result:
    """The resource as it will be; made `anew`, it has nothing of what is there now."""
    if have is None or have["status"] == "DELETING" or anew:
        after = {**resource.identity(), "tags": {}, **creation_body(resource, want)}
        return _result(resource, have, after, changed=True)
    changes, (add, remove) = _changes(resource, want, have), _tag_changes(want, have)
    after = {**resource.changed(have, changes), "tags": _tagged(have.get("tags") or {}, add, remove)}
    return _result(resource, have, after, changed=bool(changes or add or remove))


def unfinished(result: Result, progress: str) -> Result:
    """A round's result with more rounds to come."""
    return {**result, "round": _waiting(progress)}


def answer(key: str, result: Result) -> Result:
    """A round's result as its module returns it, the description under the module's own key."""
    values = dict(result)
    description = values.pop("resource")
    if description is not None:
        description = camel_dict_to_snake_dict(description, ignore_list=["tags", "labels"])
    return {**values, key: description}


def issues(have: Description) -> str:
    """What is wrong with a resource."""
    return health_of(have) or "AWS gives no reason"


class _Round:
    """The writes of one round and what came of them."""

    def __init__(self, resource: Resource, have: Description | None, clock: Clock) -> None:
        self.resource = resource
        self.before = have
        self.seen = have
        self.clock = clock
        self.deadline = clock.monotonic() + EKS_SLICE_SECONDS
        self.changed = False

    def present(self, want: WantedResource) -> Result:
        try:
            if self.before is None:
                return self._create(want)
            return self._change(want, self.before)
        except _Busy as busy:
            return self._unfinished(str(busy))

    def absent(self, have: Description, *, wait: bool) -> Result:
        failed_before = ""
        if have["status"] == "DELETE_FAILED":
            failed_before = _failure(self.resource, have, "Fix the cause and run again")
        if have["status"] != "DELETING":
            try:
                _unless_busy(self.resource.delete)
            except _Busy as busy:
                return self._unfinished(str(busy))
            self.changed = True
        if not wait:
            return self._begun("DELETING")
        for seen in self._descriptions():
            self.seen = seen
            if seen is None:
                return self._finished(None)
            # The old status may show for a while.
            if seen["status"] in FAILED and seen["status"] != have["status"]:
                raise BlueGreenError(_failure(self.resource, seen, "Fix the cause and run again"), last=seen)
        return self._unfinished(failed_before=failed_before)

    def _create(self, want: WantedResource) -> Result:
        body = creation_body(self.resource, want)
        self.seen = _unless_busy(lambda: self.resource.create(body))
        self.changed = True
        if not want.wait:
            return self._finished(self.seen)
        for seen in self._descriptions():
            self.seen = seen or self.seen
            if seen is not None and seen["status"] not in MOVING:
                _refuse(self.resource, want, seen)
                if seen["status"] == "ACTIVE":
                    return self._finished(seen)
        return self._unfinished()

    def _change(self, want: WantedResource, have: Description) -> Result:
        if have["status"] in MOVING:
            if not want.wait and have["status"] != "DELETING" and not _differs(self.resource, want, have):
                return self._finished(have)
            if not self._settle(have):
                return self._unfinished()
            _refuse(self.resource, want, self.seen)
        self._tag(want)
        while changes := _changes(self.resource, want, self.seen or {}):
            call, together = by_call(changes)[0]
            update = _unless_busy(partial(self.resource.update, call, together, self.seen or {}))
            self.changed = True
            if not want.wait:
                return self._begun("UPDATING")
            if not self._updated(update, together):
                return self._unfinished(f"{call}: {_options(together)}")
        return self._finished_when_active() if want.wait else self._finished(self.seen)

    def _settle(self, have: Description) -> bool:
        """Watch a change that another round or someone else has begun; whether there is something left to change."""
        running = self.resource.running_update() if have["status"] == "UPDATING" else ""
        for seen in self._descriptions():
            self.seen = seen
            if running:
                self._refuse_failed_update(running)
            if seen is None or seen["status"] not in MOVING:
                return seen is not None
        return False

    def _tag(self, want: WantedResource) -> None:
        have = self.seen or {}
        add, remove = _tag_changes(want, have)
        arn = have[self.resource.arn_key] if add or remove else ""
        if add:
            self.resource.tag(arn, add)
        if remove:
            self.resource.untag(arn, remove)
        if add or remove:
            self.changed = True
            self.seen = {**have, "tags": _tagged(have.get("tags") or {}, add, remove)}

    def _updated(self, update: str, changes: Sequence[Difference]) -> bool:
        """Watch an update until AWS has ended it and the description shows it; whether that was in time."""
        tags = (self.seen or {}).get("tags")
        done = not update
        for _poll in _polls(self.clock, self.deadline):
            done = done or self._refuse_failed_update(update)
            seen = self.resource.describe() if done else None
            if seen is not None and seen["status"] not in UNPROVED and _are_made(changes, seen):
                self.seen = {**seen, "tags": tags}
                return True
        return False

    def _refuse_failed_update(self, update: str) -> bool:
        """Raise if the update has failed; whether it has succeeded."""
        found = self.resource.describe_update(update)
        if found is not None and found["status"] in FAILED_UPDATE:
            raise BlueGreenError(
                f"{found.get('type', 'update')} {update} of {self.resource.kind} {self.resource.name} has "
                f"{found['status'].lower()}: {_update_errors(found)}. Fix the cause and run again",
                update=found,
            )
        return found is not None and found["status"] == "Successful"

    def _descriptions(self) -> Iterator[Description | None]:
        for _poll in _polls(self.clock, self.deadline):
            yield self.resource.describe()

    def _finished(self, after: Description | None) -> Result:
        return _result(self.resource, self.before, after, changed=self.changed)

    def _begun(self, status: str) -> Result:
        """The answer without waiting. AWS may still show the old status, which would pass for the end."""
        seen = self.resource.describe()
        return self._finished({**seen, "status": status} if seen is not None else None)

    def _finished_when_active(self) -> Result:
        """Watch a resource that has no change under way and is not well; whether it recovers is up to AWS."""
        if self.seen is not None and self.seen["status"] == "ACTIVE":
            return self._finished(self.seen)
        tags = (self.seen or {}).get("tags")
        for seen in self._descriptions():
            self.seen = {**seen, "tags": tags} if seen is not None else None
            if seen is not None and seen["status"] == "ACTIVE":
                return self._finished(self.seen)
        return self._unfinished()

    def _unfinished(self, because: str = "", failed_before: str = "") -> Result:
        seen = self.seen
        status = "absent" if seen is None else seen["status"]
        reason = because or failed_before or (issues(seen) if seen is not None and status not in MOVING else "")
        text = f"{self.resource.kind} {self.resource.name}: {status}" + (f" ({reason})" if reason else "")
        wrong = health_of(seen)
        if wrong not in text:
            text += f"; {wrong}"
        result = _result(self.resource, self.before, seen, changed=self.changed)
        return {**result, "round": _waiting(text, failed_before, pause=1.0)}


def _polls(clock: Clock, deadline: float) -> Iterator[None]:
    """Once now, then again after ever longer pauses until the deadline."""
    pause = FIRST_POLL_SECONDS
    while True:
        yield
        if clock.monotonic() + pause > deadline:
            return
        clock.sleep(pause)
        pause = min(pause * POLL_GROWTH, LONGEST_POLL_SECONDS)


def _unless_busy(call: Callable[[], T]) -> T:
    try:
        return call()
    except AnsibleAWSError as error:
        if error_code(error) in BUSY:
            raise _Busy(str(error)) from error
        raise


def _refuse(resource: Resource, want: WantedResource, have: Description | None) -> None:
    if have is None or have["status"] == "DELETING":
        return
    if have["status"] in FAILED:
        raise BlueGreenError(_failure(resource, have, "Delete it (state: absent) and run again"), last=have)
    refuse_fixed(f"{resource.kind} {resource.name}", resource.fields, want.values, have)
    reason = resource.hindrance(want.values, have)
    if reason:
        raise BlueGreenError(f"{resource.kind} {resource.name} {reason}")
    if have["status"] == "UPDATE_FAILED" and not _changes(resource, want, have):
        remedy = "Give the options that it should have, so that the update is made again"
        raise BlueGreenError(_failure(resource, have, remedy), last=have)


def _refuse_protected(resource: Resource, have: Description) -> None:
    reason = resource.protection(have)
    if reason:
        raise BlueGreenError(f"{resource.kind} {resource.name} is not deleted: {reason}")


def _refuse_filled(resource: Resource) -> None:
    parts = resource.contents()
    if parts:
        raise BlueGreenError(
            f"{resource.kind} {resource.name} is not deleted: it still holds {', '.join(_names(parts))}. "
            "Delete them first, or set delete_contents"
        )


def _failure(resource: Resource, have: Description, remedy: str) -> str:
    return f"{resource.kind} {resource.name} is {have['status']}: {issues(have)}. {remedy}"


def _delete_part(part: Resource) -> str:
    """Ask for a part's deletion unless it is under way; returns why an earlier one has failed."""
    seen = part.describe()
    if seen is None or seen["status"] == "DELETING":
        return ""
    try:
        _unless_busy(part.delete)
    except _Busy:
        return ""
    return f"{part.kind} {part.name} was DELETE_FAILED: {issues(seen)}" if seen["status"] == "DELETE_FAILED" else ""


def _update_errors(update: Mapping[str, Any]) -> str:
    errors = update.get("errors") or []
    return (
        "; ".join(
            f"{one.get('errorCode')}: {one.get('errorMessage')}"
            + (f" ({', '.join(one['resourceIds'])})" if one.get("resourceIds") else "")
            for one in errors
        )
        or "AWS gives no reason"
    )


def _are_made(changes: Sequence[Difference], have: Description) -> bool:
    fields = [change.field for change in changes]
    return not differences(fields, {change.field.option: change.want for change in changes}, have)


def creation_body(resource: Resource, want: WantedResource) -> dict[str, Any]:
    """The body of the request that creates the resource."""
    body = request(resource.fields, want.values)
    tags = missing_tags(want.tags, {})
    return {**body, "tags": tags} if tags else body


def _changes(resource: Resource, want: WantedResource, have: Description) -> list[Difference]:
    """What should change: what differs, and after a failed update all that is wanted.

    AWS may show the values of an update that has failed, though what runs does not have them.
    """
    if have.get("status") != "UPDATE_FAILED":
        return differences(resource.fields, want.values, have)
    wanted = [field for field in resource.fields if field.rule.call and want.values.get(field.option) is not None]
    return [Difference(one, one.decode(at(have, one.path)), want.values[one.option]) for one in wanted]


def _tag_changes(want: WantedResource, have: Description) -> tuple[dict[str, str], list[str]]:
    """The tags to set, and the keys to remove."""
    tags = have.get("tags") or {}
    return missing_tags(want.tags, tags), unwanted_tags(want.tags, tags, purge=want.purge_tags)


def _differs(resource: Resource, want: WantedResource, have: Description) -> bool:
    return bool(_changes(resource, want, have)) or any(_tag_changes(want, have))


def _tagged(tags: Mapping[str, str], add: Mapping[str, str], remove: Sequence[str]) -> dict[str, str]:
    return {key: value for key, value in {**tags, **add}.items() if key not in remove}


def _names(parts: Sequence[Resource]) -> list[str]:
    return [f"{part.kind} {part.name}" for part in parts]


def _name_and_health(part: Resource) -> str:
    wrong = health_of(part.describe())
    return f"{part.kind} {part.name}" + (f" ({wrong})" if wrong else "")


def _options(changes: Sequence[Difference]) -> str:
    return ", ".join(f"{change.field.option} becomes {change.want!r}" for change in changes)


def _waiting(progress: str, failed_before: str = "", pause: float = 0.0) -> dict[str, Any]:
    waiting: dict[str, Any] = {"finished": False, "progress": progress, "retry_after_seconds": pause}
    return {**waiting, "failed_before": failed_before} if failed_before else waiting


def _result(resource: Resource, before: Description | None, after: Description | None, *, changed: bool) -> Result:
    header = f"{resource.kind} {resource.name}"
    return {
        "changed": changed,
        "resource": after,
        "diff": {
            "before_header": header,
            "before": _shown(resource, before),
            "after_header": header,
            "after": _shown(resource, after),
        },
        "round": {"finished": True, "progress": f"{header} is {_standing(after)}"},
    }


def _standing(after: Description | None) -> str:
    status = (after or {}).get("status", "ACTIVE")
    return "settled" if status == "ACTIVE" else f"still {status}"


def _shown(resource: Resource, have: Description | None) -> dict[str, Any]:
    if have is None:
        return {}
    return {**shown(resource.fields, have), "tags": dict(have.get("tags") or {})}
