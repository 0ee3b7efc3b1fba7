# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A managed node group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    IGNORED,
    Difference,
    Field,
    at,
    converges,
    equal_to,
    put,
    same_members,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

CONFIG = converges("config")
# AWS takes one of the two.
EITHER = (
    ("maxUnavailable", "maxUnavailablePercentage"),
    ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
)
# What AWS means when it leaves these out. Other settings have no such value.
WHEN_ABSENT = {"enabled": False, "reuse_on_scale_in": False, "min_size": 0}
# What an update may replace as a whole, so that it is always sent as a whole.
CONFIGS = ("scalingConfig", "updateConfig", "nodeRepairConfig", "warmPoolConfig")


def _without_empty_values(taints: Any) -> Any:
    return [{key: value for key, value in taint.items() if value} for taint in taints or []]


def _same_taints(have: Any, want: Any) -> bool:
    one, other = (sorted(sorted(taint.items()) for taint in _without_empty_values(taints)) for taints in (have, want))
    return one == other


def _settings_of(value: Any) -> Any:
    return camel_dict_to_snake_dict(value) if value else value


def _request_of(settings: Any) -> Any:
    return snake_dict_to_camel_dict(_given(settings))


def _given(value: Any) -> Any:
    """Without the options that were not given."""
    if isinstance(value, Mapping):
        return {key: _given(one) for key, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list) else value


def _covers(have: Any, want: Any) -> bool:
    """Whether all that is wanted is there; AWS fills in the rest."""
    return all(_setting(have or {}, key) == value for key, value in _given(want).items())


def _setting(have: Mapping[str, Any], key: str) -> Any:
    return WHEN_ABSENT.get(key) if have.get(key) is None else have[key]


NODEGROUP_FIELDS = (
    Field("kubernetes_version", "version", FIXED),
    Field("release_version", "releaseVersion", FIXED),
    Field("ami_type", "amiType", FIXED),
    Field("capacity_type", "capacityType", FIXED, equal_to("ON_DEMAND")),
    Field("instance_types", "instanceTypes", FIXED),
    Field("disk_size", "diskSize", FIXED),
    Field("launch_template", "launchTemplate", FIXED, _covers, encode=_given),
    Field("node_role_arn", "nodeRole", FIXED),
    Field("subnet_ids", "subnets", FIXED, same_members),
    Field("min_size", "scalingConfig.minSize", CONFIG),
    Field("max_size", "scalingConfig.maxSize", CONFIG),
    # An autoscaler owns the size of a node group that exists.
    Field("desired_size", "scalingConfig.desiredSize", IGNORED),
    Field("labels", "labels", CONFIG, equal_to({})),
    Field("taints", "taints", CONFIG, _same_taints, decode=_without_empty_values, encode=_without_empty_values),
    Field("max_unavailable", "updateConfig.maxUnavailable", CONFIG),
    Field("max_unavailable_percentage", "updateConfig.maxUnavailablePercentage", CONFIG),
    Field("update_strategy", "updateConfig.updateStrategy", CONFIG, equal_to("DEFAULT")),
    Field("node_repair", "nodeRepairConfig", CONFIG, _covers, decode=_settings_of, encode=_request_of),
    Field("warm_pool", "warmPoolConfig", CONFIG, _covers, decode=_settings_of, encode=_request_of),
)


def check_nodegroup_values(name: str, values: Mapping[str, Any]) -> None:
    """Raise if options of a node group make no sense, all at once."""
    wrong = list(nonsense(values))
    if wrong:
        raise BlueGreenError(f"node group {name} has options that cannot be right: {'; '.join(wrong)}")


def nonsense(values: Mapping[str, Any]) -> Iterator[str]:
    """What makes no sense in options of a node group, whatever exists already."""
    sizes = [(option, values[option]) for option in ("min_size", "desired_size", "max_size")]
    given = [(option, size) for option, size in sizes if size is not None]
    for (lower, least), (upper, most) in pairwise(given):
        if least > most:
            yield f"{lower} {least} is above {upper} {most}"
    version = (values["launch_template"] or {}).get("version")
    if version is not None and not version.isdigit():
        yield f"launch_template.version {version!r} is not a number: name the version that was tested"
    if values["launch_template"] and values["disk_size"]:
        yield "disk_size belongs in the launch template, since there is one"


def _misfit(values: Mapping[str, Any], have: Mapping[str, Any]) -> str:
    """Why a limit that is given does not fit the other one that is there."""
    limits = {"min_size": at(have, "scalingConfig.minSize"), "max_size": at(have, "scalingConfig.maxSize")}
    limits |= {option: values[option] for option in limits if values.get(option) is not None}
    least, most = limits["min_size"], limits["max_size"]
    if least is None or most is None or least <= most:
        return ""
    return f"would have min_size {least} above max_size {most}: give both"


def nodegroup_update(changes: Sequence[Difference], have: Mapping[str, Any]) -> dict[str, Any]:
    """The body of UpdateNodegroupConfig, which takes labels and taints as additions and removals."""
    body: dict[str, Any] = {}
    for change in changes:
        if change.field.option == "labels":
            body["labels"] = _label_update(change.have or {}, change.want)
        elif change.field.option == "taints":
            body["taints"] = _taint_update(change.have, change.body)
        else:
            put(body, change.field.path, change.body)
    for key in CONFIGS:
        if key in body:
            body[key] = _merged(have.get(key) or {}, body[key])
    if "scalingConfig" in body:
        body["scalingConfig"] = _scaling(body["scalingConfig"])
    return body


def _merged(have: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    replaced = {other for pair in EITHER for one, other in (pair, pair[::-1]) if one in changes}
    return {**{key: value for key, value in have.items() if key not in replaced}, **changes}


def _scaling(scaling: Mapping[str, int]) -> dict[str, int]:
    """The limits, and the desired size only if it must rise: AWS refuses one below the minimum.

    The one that was read is never sent back: an autoscaler may have raised it since, and EKS ends nodes to get to it.
    """
    limits = {key: value for key, value in scaling.items() if key != "desiredSize"}
    least = limits.get("minSize", 0)
    return {**limits, "desiredSize": least} if scaling.get("desiredSize", least) < least else limits


def _label_update(have: Mapping[str, str], want: Mapping[str, str]) -> dict[str, Any]:
    return {
        "addOrUpdateLabels": {key: value for key, value in want.items() if have.get(key) != value},
        "removeLabels": sorted(set(have) - set(want)),
    }


def _taint_update(have: Sequence[Mapping[str, str]], want: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    # A taint is its key and effect; another value updates it.
    wanted = {(taint["key"], taint["effect"]) for taint in want}
    return {
        "addOrUpdateTaints": [taint for taint in want if taint not in have],
        "removeTaints": [taint for taint in have if (taint["key"], taint["effect"]) not in wanted],
    }


@aws_call("list the node groups of cluster {cluster}")
def list_nodegroups(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_nodegroups").paginate(clusterName=cluster)
    return [name for page in pages for name in page["nodegroups"]]


@aws_call("read node group {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_nodegroup(client: Any, cluster: str, name: str) -> Description | None:
    found: Description = client.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    return found


@aws_call("create node group {name} in cluster {cluster}")
def create_nodegroup(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> Description:
    created: Description = client.create_nodegroup(clusterName=cluster, nodegroupName=name, **body)["nodegroup"]
    return created


@aws_call("update node group {name} of cluster {cluster}")
def update_nodegroup_config(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> str:
    return str(client.update_nodegroup_config(clusterName=cluster, nodegroupName=name, **body)["update"]["id"])


@aws_call("delete node group {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_nodegroup(client: Any, cluster: str, name: str) -> None:
    client.delete_nodegroup(clusterName=cluster, nodegroupName=name)


class Nodegroup(Part):
    """A managed node group."""

    kind = "node group"
    part_key = "nodegroupName"
    arn_key = "nodegroupArn"
    fields = NODEGROUP_FIELDS
    needed = ("node_role_arn", "subnet_ids")
    creation = "CreateNodegroup"

    def describe(self) -> Description | None:
        return describe_nodegroup(self.client, self.cluster, self.part)

    def create(self, body: Mapping[str, Any]) -> Description:
        return create_nodegroup(self.client, self.cluster, self.part, body)

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:  # noqa: ARG002
        return update_nodegroup_config(self.client, self.cluster, self.part, nodegroup_update(changes, have))

    def changed(self, have: Description, changes: Sequence[Difference]) -> Description:
        whole = {key: value for key, value in nodegroup_update(changes, have).items() if key in CONFIGS}
        if "scalingConfig" in whole:
            whole["scalingConfig"] = {**(have.get("scalingConfig") or {}), **whole["scalingConfig"]}
        return {**super().changed(have, changes), **whole}

    def hindrance(self, values: Mapping[str, Any], have: Description) -> str:
        if reason := _misfit(values, have):
            return reason
        most, desired = values.get("max_size"), at(have, "scalingConfig.desiredSize")
        if most is None or desired is None or desired <= most:
            return ""
        return (
            f"has a desired size of {desired}, above the wanted max_size {most}: EKS would end nodes and the sessions "
            "on them, whatever disruption budgets say. Let the autoscaler shrink it first, or drain the nodes and "
            "lower its desired size, then run again"
        )

    def update_owner(self) -> Mapping[str, str]:
        return {self.part_key: self.part}

    def delete(self) -> None:
        delete_nodegroup(self.client, self.cluster, self.part)
