# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The target group of one slot: create, converge, delete. Targets are touched only if they are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    Field,
    changed_to,
    converges,
    differences,
    missing_tags,
    refuse_fixed,
    request,
    shown,
    unwanted_tags,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description, Result

CONVERGES = converges("modify_target_group")


def _matcher(codes: str) -> dict[str, str]:
    """gRPC's codes go from 0 to 99, HTTP's begin at 200."""
    return {"HttpCode" if int(re.split(r"[,-]", codes)[0]) >= 100 else "GrpcCode": codes}


def _codes(matcher: Mapping[str, str] | None) -> str | None:
    return (matcher or {}).get("HttpCode") or (matcher or {}).get("GrpcCode")


_FIELDS = (
    Field("protocol", "Protocol", FIXED),
    Field("protocol_version", "ProtocolVersion", FIXED),
    Field("port", "Port", FIXED),
    Field("vpc_id", "VpcId", FIXED),
    Field("target_type", "TargetType", FIXED),
    Field("ip_address_type", "IpAddressType", FIXED),
    Field("health_check_enabled", "HealthCheckEnabled", CONVERGES),
    Field("health_check_protocol", "HealthCheckProtocol", CONVERGES),
    Field("health_check_port", "HealthCheckPort", CONVERGES),
    Field("health_check_path", "HealthCheckPath", CONVERGES),
    Field("health_check_interval", "HealthCheckIntervalSeconds", CONVERGES),
    Field("health_check_timeout", "HealthCheckTimeoutSeconds", CONVERGES),
    Field("healthy_threshold", "HealthyThresholdCount", CONVERGES),
    Field("unhealthy_threshold", "UnhealthyThresholdCount", CONVERGES),
    Field("matcher", "Matcher", CONVERGES, decode=_codes, encode=_matcher),
)
OPTIONS = tuple(field.option for field in _FIELDS)
REQUIRED = ("protocol", "port", "vpc_id")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
RANGES = {
    "port": (1, 65535),
    "health_check_interval": (5, 300),
    "health_check_timeout": (2, 120),
    "healthy_threshold": (2, 10),
    "unhealthy_threshold": (2, 10),
}
NAME = re.compile(r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
CODES = re.compile(r"[0-9]{1,3}([,-][0-9]{1,3})*")
DETACH_SECONDS = 30.0
DETACH_PAUSE_SECONDS = 3.0

_TARGET = {
    "id": {"type": "str", "required": True},
    "port": {"type": "int"},
    "availability_zone": {"type": "str"},
}
# The options of module elbv2_target_group that say what a target group is.
TARGET_GROUP_ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "like": {"type": "str"},
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"]},
    "protocol_version": {"type": "str", "choices": ["HTTP1", "HTTP2", "GRPC"]},
    "port": {"type": "int"},
    "vpc_id": {"type": "str"},
    "target_type": {"type": "str", "choices": ["instance", "ip", "alb", "lambda"]},
    "ip_address_type": {"type": "str", "choices": ["ipv4", "ipv6"]},
    "health_check_enabled": {"type": "bool"},
    "health_check_protocol": {"type": "str", "choices": ["HTTP", "HTTPS", "TCP"]},
    "health_check_port": {"type": "str"},
    "health_check_path": {"type": "str"},
    "health_check_interval": {"type": "int"},
    "health_check_timeout": {"type": "int"},
    "healthy_threshold": {"type": "int"},
    "unhealthy_threshold": {"type": "int"},
    "matcher": {"type": "str"},
    "attributes": {"type": "dict"},
    "targets": {"type": "list", "elements": "dict", "options": _TARGET},
    "purge_targets": {"type": "bool", "default": False},
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": False},
}

TargetDescription = dict[str, Any]


class Api(Protocol):
    """What is needed of AWS."""

    def describe(self, name: str) -> Description | None: ...

    def attributes(self, arn: str) -> dict[str, str]: ...

    def tags(self, arn: str) -> dict[str, str]: ...

    def targets(self, arn: str) -> list[TargetDescription]: ...

    def create(self, settings: Mapping[str, Any]) -> str: ...

    def modify(self, arn: str, settings: Mapping[str, Any]) -> None: ...

    def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None: ...

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None: ...

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None: ...

    def register(self, arn: str, targets: Sequence[TargetDescription]) -> None: ...

    def deregister(self, arn: str, targets: Sequence[TargetDescription]) -> None: ...

    def delete(self, arn: str) -> bool:
        """Whether it is gone; False while AWS says that it is in use."""


@dataclass(frozen=True)
class WantedGroup:
    """What is asked for; None, or an option that is not in `fields`, is not compared."""

    name: str
    fields: Mapping[str, Any]
    like: str | None = None
    attributes: Mapping[str, Any] | None = None
    tags: Mapping[str, Any] | None = None
    purge_tags: bool = False
    targets: Sequence[TargetDescription] | None = None
    purge_targets: bool = False


@dataclass(frozen=True)
class SeenGroup:
    """A target group as AWS has it, or as it will be."""

    description: Description
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    targets: Sequence[TargetDescription] = ()

    @property
    def arn(self) -> str:
        return str(self.description["TargetGroupArn"])

    def shown(self) -> dict[str, Any]:
        """By the names of the options, for a diff, with a line for each attribute, tag and target."""
        return {
            **shown(_FIELDS, self.description),
            **{f"attributes.{key}": value for key, value in self.attributes.items()},
            **{f"tags.{key}": value for key, value in self.tags.items()},
            **{f"targets.{one['Id']}:{one.get('Port', '')}": "registered" for one in self.targets},
        }


@dataclass(frozen=True)
class Changes:
    """What has to be done to a target group that exists."""

    settings: Mapping[str, Any]
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    tags_to_remove: Sequence[str]
    targets: Sequence[TargetDescription]
    targets_to_remove: Sequence[TargetDescription]

    def __bool__(self) -> bool:
        return any(self.__dict__.values())


def wanted_group(options: Mapping[str, Any]) -> WantedGroup:
    """The module's options as what is asked for."""
    targets = options["targets"]
    return WantedGroup(
        options["name"],
        {option: options[option] for option in OPTIONS if options[option] is not None},
        like=options["like"],
        attributes=options["attributes"],
        tags=options["tags"],
        purge_tags=options["purge_tags"],
        targets=None if targets is None else [_target(target) for target in targets],
        purge_targets=options["purge_targets"],
    )


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    named = {"Id": target["id"], "Port": target["port"], "AvailabilityZone": target["availability_zone"]}
    return {key: value for key, value in named.items() if value is not None}


def ensure_group(api: Api, want: WantedGroup, *, check_mode: bool, keeper: LeaseKeeper) -> Result:
    """Create the target group or converge what can change; the sibling `like` fills in what is not given."""
    refuse_bad_values(want)
    sibling = _read(api, want.like) if want.like else None
    want = _like(want, sibling) if sibling else want
    have = _read(api, want.name, with_targets=want.targets is not None)
    lacking = [f"like: target group {want.like} does not exist, so nothing is taken over from it"]
    warnings = lacking if want.like and sibling is None else []
    if have is None:
        if warnings and not check_mode:
            raise BlueGreenError(
                f"like is {want.like}, which does not exist, so {want.name} would not be made like it: correct the "
                "name, create that one first, or leave like out and give the options"
            )
        return {**_create(api, want, check_mode=check_mode, keeper=keeper), "warnings": warnings}
    refuse_fixed(f"target group {want.name}", _FIELDS, want.fields, have.description)
    changes = changes_to(want, have)
    after = predict(want, have, changes)
    if changes and not check_mode:
        keeper.keep()
        _apply(api, have.arn, changes)
        after = _read(api, want.name, with_targets=want.targets is not None) or after
    return {**_result(want.name, have, after, changed=bool(changes)), "warnings": warnings}


def absent(api: Api, name: str, *, check_mode: bool, keeper: LeaseKeeper, clock: Clock) -> Result:
    """Delete the target group; refused while a load balancer uses it."""
    have = _read(api, name)
    if have is None:
        return _result(name, None, None, changed=False)
    # In check mode the task that takes it out of the listeners has not done so.
    if not check_mode:
        _delete(api, name, have.description, keeper, clock)
    return _result(name, have, None, changed=True)


def _delete(api: Api, name: str, description: Description, keeper: LeaseKeeper, clock: Clock) -> None:
    """Delete it once AWS sees that no listener uses it; it may see a detach late."""
    waited = 0.0
    seen: Description | None = description
    while seen is not None and not _is_deleted(api, seen, keeper):
        if waited >= DETACH_SECONDS:
            used_by = ", ".join(seen.get("LoadBalancerArns") or []) or "a listener or rule"
            raise BlueGreenError(
                f"target group {name} is still used by {used_by}: take it out of the listeners first "
                "(elbv2_target_group_swap with detach)"
            )
        clock.sleep(DETACH_PAUSE_SECONDS)
        waited += DETACH_PAUSE_SECONDS
        seen = api.describe(name)


def _is_deleted(api: Api, seen: Description, keeper: LeaseKeeper) -> bool:
    if seen.get("LoadBalancerArns"):
        return False
    keeper.keep()
    return api.delete(seen["TargetGroupArn"])


def refuse_bad_values(want: WantedGroup) -> None:
    """Raise for what AWS would refuse, before anything is written."""
    if not NAME.fullmatch(want.name):
        raise BlueGreenError(
            f"name is {want.name!r}; use up to 32 letters, digits and hyphens, no hyphen at either end, and not "
            "internal- at the beginning"
        )
    for option, (lowest, highest) in RANGES.items():
        value = want.fields.get(option)
        if value is not None and not lowest <= value <= highest:
            raise BlueGreenError(f"{option} is {value}; use a whole number from {lowest} to {highest}")
    codes = want.fields.get("matcher")
    if codes is not None and not CODES.fullmatch(codes):
        raise BlueGreenError(f"matcher is {codes!r}; use codes like '200', '200,204' or '200-299'")


def changes_to(want: WantedGroup, have: SeenGroup) -> Changes:
    """What differs."""
    attributes = _texts(want.attributes)
    wanted_targets = list(want.targets or ())
    return Changes(
        settings=request(_FIELDS, {one.field.option: one.want for one in _differences(want, have)}),
        attributes={key: value for key, value in attributes.items() if have.attributes.get(key) != value},
        tags=missing_tags(want.tags, have.tags),
        tags_to_remove=unwanted_tags(want.tags, have.tags, purge=want.purge_tags),
        targets=[one for one in wanted_targets if not any(_is(one, other) for other in have.targets)],
        targets_to_remove=[
            other
            for other in have.targets
            if want.targets is not None and want.purge_targets and not any(_is(one, other) for one in wanted_targets)
        ],
    )


def predict(want: WantedGroup, have: SeenGroup, changes: Changes) -> SeenGroup:
    """The target group as it will be."""
    return SeenGroup(
        changed_to(have.description, _differences(want, have)),
        {**have.attributes, **changes.attributes},
        {key: value for key, value in {**have.tags, **changes.tags}.items() if key not in changes.tags_to_remove},
        [
            *(one for one in have.targets if one not in changes.targets_to_remove),
            *_with_ports(changes.targets, have.description),
        ],
    )


def _with_ports(targets: Sequence[TargetDescription], description: Description) -> list[TargetDescription]:
    """Targets as AWS will show them."""
    default = {"Port": description["Port"]} if "Port" in description else {}
    return [{**default, **target} for target in targets]


def _differences(want: WantedGroup, have: SeenGroup) -> list[Any]:
    return differences(_FIELDS, want.fields, have.description)


def _is(wanted: TargetDescription, registered: TargetDescription) -> bool:
    """Whether a target without a port, which means the group's own, or with one, is this registered one."""
    return all(registered.get(key) == value for key, value in wanted.items() if key in ("Id", "Port"))


def _texts(attributes: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes as AWS writes them; YAML's true is AWS's "true"."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in (attributes or {}).items()
    }


def _like(want: WantedGroup, sibling: SeenGroup) -> WantedGroup:
    return replace(
        want,
        fields={**shown(_FIELDS, sibling.description), **want.fields},
        attributes={**sibling.attributes, **(want.attributes or {})},
    )


def _read(api: Api, name: str, *, with_targets: bool = False) -> SeenGroup | None:
    description = api.describe(name)
    if description is None:
        return None
    arn = description["TargetGroupArn"]
    return SeenGroup(description, api.attributes(arn), api.tags(arn), api.targets(arn) if with_targets else ())


def _create(api: Api, want: WantedGroup, *, check_mode: bool, keeper: LeaseKeeper) -> Result:
    fields = {"target_type": "ip", **want.fields}
    lacking = [option for option in REQUIRED if fields.get(option) is None]
    if lacking and fields["target_type"] != "lambda":
        raise BlueGreenError(
            f"target group {want.name} does not exist and {', '.join(lacking)} is not known: give the options, "
            "or name an existing target group in like"
        )
    settings = request(_FIELDS, fields)
    tags = {key: str(value) for key, value in (want.tags or {}).items()}
    description = {"TargetGroupName": want.name, "TargetGroupArn": "", **settings}
    after = SeenGroup(description, _texts(want.attributes), tags, _with_ports(want.targets or (), description))
    if not check_mode:
        keeper.keep()
        arn = api.create({"Name": want.name, **settings, **_tag_list(tags)})
        # What AWS has filled in by itself need not be written.
        made = SeenGroup({**description, "TargetGroupArn": arn}, api.attributes(arn), tags)
        _apply(api, arn, replace(changes_to(want, made), settings={}, tags={}))
        after = _read(api, want.name, with_targets=want.targets is not None) or after
    return _result(want.name, None, after, changed=True)


def _tag_list(tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Tags": ansible_dict_to_boto3_tag_list(dict(tags))} if tags else {}


def _apply(api: Api, arn: str, changes: Changes) -> None:
    if changes.settings:
        api.modify(arn, changes.settings)
    if changes.attributes:
        api.set_attributes(arn, changes.attributes)
    if changes.tags:
        api.add_tags(arn, changes.tags)
    if changes.tags_to_remove:
        api.remove_tags(arn, changes.tags_to_remove)
    if changes.targets:
        api.register(arn, changes.targets)
    if changes.targets_to_remove:
        api.deregister(arn, changes.targets_to_remove)


def _result(name: str, before: SeenGroup | None, after: SeenGroup | None, *, changed: bool) -> Result:
    return {
        "changed": changed,
        "target_group": _returned(after) if after else None,
        "target_group_arn": after.arn if after else "",
        "diff": {
            "before_header": f"target group {name}",
            "before": before.shown() if before else {},
            "after_header": f"target group {name}",
            "after": after.shown() if after else {},
        },
    }


def _returned(seen: SeenGroup) -> dict[str, Any]:
    plain: dict[str, Any] = camel_dict_to_snake_dict(seen.description)
    return {**plain, "attributes": dict(seen.attributes), "tags": dict(seen.tags)}
