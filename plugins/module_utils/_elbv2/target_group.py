# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The target group of one slot: create, converge, delete. Targets are never touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Field,
    Rule,
    at,
    differences,
    missing_tags,
    put,
    refuse_fixed,
    request,
    shown,
)

FIXED, CONVERGES = Rule.FIXED, Rule.CONVERGES

FIELDS = (
    Field("protocol", "Protocol", FIXED),
    Field("port", "Port", FIXED),
    Field("vpc_id", "VpcId", FIXED),
    Field("target_type", "TargetType", FIXED),
    Field("health_check_path", "HealthCheckPath", CONVERGES),
    Field("health_check_interval", "HealthCheckIntervalSeconds", CONVERGES),
    Field("health_check_timeout", "HealthCheckTimeoutSeconds", CONVERGES),
    Field("healthy_threshold", "HealthyThresholdCount", CONVERGES),
    Field("unhealthy_threshold", "UnhealthyThresholdCount", CONVERGES),
)
# Taken over from a sibling, but no options of the module.
SIBLING_FIELDS = (
    Field("protocol_version", "ProtocolVersion", FIXED),
    Field("ip_address_type", "IpAddressType", FIXED),
    Field("health_check_protocol", "HealthCheckProtocol", CONVERGES),
    Field("health_check_port", "HealthCheckPort", CONVERGES),
    Field("matcher", "Matcher.HttpCode", CONVERGES),
)
OPTIONS = tuple(field.option for field in FIELDS)
ALL_FIELDS = FIELDS + SIBLING_FIELDS
REQUIRED = ("protocol", "port", "vpc_id")

Description = dict[str, Any]
Result = dict[str, Any]


class Api(Protocol):
    """What is needed of AWS."""

    def describe(self, name: str) -> Description | None: ...

    def attributes(self, arn: str) -> dict[str, str]: ...

    def tags(self, arn: str) -> dict[str, str]: ...

    def create(self, settings: Mapping[str, Any]) -> Description: ...

    def modify(self, arn: str, settings: Mapping[str, Any]) -> None: ...

    def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None: ...

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None: ...

    def delete(self, arn: str) -> None: ...


class Keeper(Protocol):
    """The lease of the run, if there is one."""

    def keep(self) -> None: ...


def present(
    api: Api,
    name: str,
    want: Mapping[str, Any],
    tags: Mapping[str, str],
    *,
    like: str | None,
    check_mode: bool,
    keeper: Keeper,
) -> Result:
    """Create the target group or converge what can change; the sibling `like` fills in what is not given."""
    have = api.describe(name)
    sibling = api.describe(like) if like else None
    wanted = {**_settings(sibling), **{option: value for option, value in want.items() if value is not None}}
    wanted_attributes = api.attributes(sibling["TargetGroupArn"]) if sibling else {}
    if have is None:
        return _create(api, name, wanted, wanted_attributes, tags, check_mode=check_mode, keeper=keeper)
    refuse_fixed(f"target group {name}", ALL_FIELDS, wanted, have)
    return _converge(api, have, wanted, wanted_attributes, tags, check_mode=check_mode, keeper=keeper)


def absent(api: Api, name: str, *, check_mode: bool, keeper: Keeper) -> Result:
    """Delete the target group; refused while a load balancer uses it."""
    have = api.describe(name)
    if have is None:
        return _result(None, None, changed=False)
    used_by = have.get("LoadBalancerArns") or []
    if used_by and not check_mode:
        raise BlueGreenError(
            f"target group {name} is still used by {', '.join(used_by)}: take it out of the listeners first "
            "(elbv2_target_group_swap with detach)"
        )
    if not check_mode:
        keeper.keep()
        api.delete(have["TargetGroupArn"])
    return _result(have, None, changed=True)


def _settings(sibling: Description | None) -> dict[str, Any]:
    return {} if sibling is None else shown(ALL_FIELDS, sibling)


def _create(
    api: Api,
    name: str,
    wanted: Mapping[str, Any],
    attributes: Mapping[str, str],
    tags: Mapping[str, str],
    *,
    check_mode: bool,
    keeper: Keeper,
) -> Result:
    settings = request(ALL_FIELDS, {"target_type": "ip", **wanted})
    lacking = [option for option in REQUIRED if wanted.get(option) is None]
    if lacking:
        raise BlueGreenError(
            f"target group {name} does not exist and {', '.join(lacking)} is not known: give the options, "
            "or name an existing target group in like"
        )
    predicted = {"TargetGroupName": name, "TargetGroupArn": "", **settings}
    if check_mode:
        return _result(None, predicted, changed=True)
    keeper.keep()
    tag_list = {"Tags": ansible_dict_to_boto3_tag_list(dict(tags))} if tags else {}
    created = api.create({"Name": name, **settings, **tag_list})
    changed_attributes = _attribute_changes(attributes, api.attributes(created["TargetGroupArn"]))
    if changed_attributes:
        api.set_attributes(created["TargetGroupArn"], changed_attributes)
    return _result(None, created, changed=True)


def _converge(
    api: Api,
    have: Description,
    wanted: Mapping[str, Any],
    attributes: Mapping[str, str],
    tags: Mapping[str, str],
    *,
    check_mode: bool,
    keeper: Keeper,
) -> Result:
    arn = have["TargetGroupArn"]
    changes = differences(ALL_FIELDS, wanted, have)
    new_tags = missing_tags(tags, api.tags(arn) if tags else {})
    new_attributes = _attribute_changes(attributes, api.attributes(arn) if attributes else {})
    body: dict[str, Any] = {}
    after = {**have, "Matcher": dict(have.get("Matcher") or {})}
    for change in changes:
        put(body, change.field.path, change.want)
        put(after, change.field.path, change.want)
    changed = bool(changes or new_tags or new_attributes)
    if changed and not check_mode:
        keeper.keep()
        if body:
            api.modify(arn, body)
        if new_attributes:
            api.set_attributes(arn, new_attributes)
        if new_tags:
            api.add_tags(arn, new_tags)
    result = _result(have, after, changed=changed)
    result["diff"]["after"].update({**new_attributes, **({"tags": new_tags} if new_tags else {})})
    return result


def _attribute_changes(want: Mapping[str, str], have: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in want.items() if have.get(key) != value}


def _result(before: Description | None, after: Description | None, *, changed: bool) -> Result:
    name = (before or after or {}).get("TargetGroupName", "")
    return {
        "changed": changed,
        "target_group": camel_dict_to_snake_dict(after) if after is not None else None,
        "target_group_arn": at(after, "TargetGroupArn") or "" if after is not None else "",
        "diff": {
            "before_header": f"target group {name}",
            "before": shown(ALL_FIELDS, before) if before is not None else {},
            "after_header": f"target group {name}",
            "after": shown(ALL_FIELDS, after) if after is not None else {},
        },
    }
