# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The kinds of EKS resources: their fields, and how each is read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Difference,
    Field,
    Rule,
    at,
    put,
    same_members,
)

FIXED, CONVERGES, IGNORED = Rule.FIXED, Rule.CONVERGES, Rule.IGNORED

CLUSTER_FIELDS = (
    Field("kubernetes_version", "version", FIXED),
    Field("role_arn", "roleArn", FIXED),
    Field("subnet_ids", "resourcesVpcConfig.subnetIds", FIXED, same_members),
    Field("security_group_ids", "resourcesVpcConfig.securityGroupIds", FIXED, same_members),
    Field("authentication_mode", "accessConfig.authenticationMode", FIXED),
    Field("endpoint_public_access", "resourcesVpcConfig.endpointPublicAccess", CONVERGES),
    Field("endpoint_private_access", "resourcesVpcConfig.endpointPrivateAccess", CONVERGES),
)
NODEGROUP_FIELDS = (
    Field("kubernetes_version", "version", FIXED),
    Field("release_version", "releaseVersion", FIXED),
    Field("ami_type", "amiType", FIXED),
    Field("node_role_arn", "nodeRole", FIXED),
    Field("subnet_ids", "subnets", FIXED, same_members),
    Field("instance_types", "instanceTypes", FIXED),
    Field("min_size", "scalingConfig.minSize", CONVERGES),
    Field("max_size", "scalingConfig.maxSize", CONVERGES),
    # An autoscaler owns the size of a node group that exists.
    Field("desired_size", "scalingConfig.desiredSize", IGNORED),
    Field("labels", "labels", CONVERGES, lambda have, want: (have or {}) == want),
    Field("taints", "taints", CONVERGES, same_members),
)
FARGATE_PROFILE_FIELDS = (
    Field("pod_execution_role_arn", "podExecutionRoleArn", FIXED),
    Field("subnet_ids", "subnets", FIXED, same_members),
    Field("selectors", "selectors", FIXED, lambda have, want: same_members(_selectors(have), _selectors(want))),
)
ADDON_FIELDS = (Field("version", "addonVersion", CONVERGES),)
ACCESS_ENTRY_FIELDS = (
    Field("kubernetes_groups", "kubernetesGroups", CONVERGES, same_members),
    Field("username", "username", CONVERGES),
)


def _selectors(selectors: Any) -> list[Any]:
    return [(one.get("namespace"), sorted((one.get("labels") or {}).items())) for one in selectors or []]


def nodegroup_update(changes: Sequence[Difference], have: Mapping[str, Any]) -> dict[str, Any]:
    """The body of UpdateNodegroupConfig, which takes labels and taints as additions and removals."""
    body: dict[str, Any] = {}
    for change in changes:
        if change.field.option == "labels":
            body["labels"] = _label_update(change.have or {}, change.want)
        elif change.field.option == "taints":
            body["taints"] = _taint_update(change.have or [], change.want)
        else:
            put(body, change.field.path, change.want)
    if "scalingConfig" in body:
        scaling = {**have["scalingConfig"], **body["scalingConfig"]}
        # AWS refuses a desired size outside of the limits.
        desired = min(max(scaling["desiredSize"], scaling["minSize"]), scaling["maxSize"])
        body["scalingConfig"] = {**scaling, "desiredSize": desired}
    return body


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


class Cluster:
    """An EKS cluster."""

    kind = "cluster"
    arn_key = "arn"
    fields = CLUSTER_FIELDS

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def describe(self) -> api.Description | None:
        return api.describe_cluster(self._client, self.name)

    def create(self, body: Mapping[str, Any]) -> None:
        api.create_cluster(self._client, self.name, body)

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None:
        body: dict[str, Any] = {}
        for change in changes:
            put(body, change.field.path, change.want)
        # AWS takes endpoint access as a whole: what is left out would fall back to its default.
        for path in ("resourcesVpcConfig.endpointPublicAccess", "resourcesVpcConfig.endpointPrivateAccess"):
            if at(body, path) is None:
                put(body, path, at(have, path))
        api.update_cluster_config(self._client, self.name, body)

    def delete(self) -> None:
        api.delete_cluster(self._client, self.name)

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        api.tag_resource(self._client, arn, add)

    def contents(self) -> list[Part]:
        """The node groups, Fargate profiles and add-ons that are in the cluster."""
        client, name = self._client, self.name
        return [
            *[Nodegroup(client, name, one) for one in api.list_nodegroups(client, name)],
            *[FargateProfile(client, name, one) for one in api.list_fargate_profiles(client, name)],
            *[Addon(client, name, one) for one in api.list_addons(client, name)],
        ]


class Part:
    """Something in a cluster. A kind of its own names its fields and calls."""

    kind = ""
    arn_key = ""
    fields: tuple[Field, ...] = ()

    def __init__(self, client: Any, cluster: str, part: str) -> None:
        self._client = client
        self._cluster = cluster
        self._part = part
        self.name = f"{cluster}/{part}"

    def describe(self) -> api.Description | None:
        raise NotImplementedError

    def create(self, body: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def delete(self) -> None:
        raise NotImplementedError

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        api.tag_resource(self._client, arn, add)


class Nodegroup(Part):
    """A managed node group."""

    kind = "node group"
    arn_key = "nodegroupArn"
    fields = NODEGROUP_FIELDS

    def describe(self) -> api.Description | None:
        return api.describe_nodegroup(self._client, self._cluster, self._part)

    def create(self, body: Mapping[str, Any]) -> None:
        api.create_nodegroup(self._client, self._cluster, self._part, body)

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None:
        api.update_nodegroup_config(self._client, self._cluster, self._part, nodegroup_update(changes, have))

    def delete(self) -> None:
        api.delete_nodegroup(self._client, self._cluster, self._part)


class FargateProfile(Part):
    """A Fargate profile: nothing of it can change but its tags."""

    kind = "Fargate profile"
    arn_key = "fargateProfileArn"
    fields = FARGATE_PROFILE_FIELDS

    def describe(self) -> api.Description | None:
        return api.describe_fargate_profile(self._client, self._cluster, self._part)

    def create(self, body: Mapping[str, Any]) -> None:
        api.create_fargate_profile(self._client, self._cluster, self._part, body)

    def delete(self) -> None:
        api.delete_fargate_profile(self._client, self._cluster, self._part)


class Addon(Part):
    """An EKS add-on; it takes over what stands there self-managed."""

    kind = "add-on"
    arn_key = "addonArn"
    fields = ADDON_FIELDS

    def describe(self) -> api.Description | None:
        return api.describe_addon(self._client, self._cluster, self._part)

    def create(self, body: Mapping[str, Any]) -> None:
        api.create_addon(self._client, self._cluster, self._part, {**body, "resolveConflicts": "OVERWRITE"})

    def update(self, changes: Sequence[Difference], have: Mapping[str, Any]) -> None:  # noqa: ARG002
        body = {change.field.path: change.want for change in changes}
        api.update_addon(self._client, self._cluster, self._part, {**body, "resolveConflicts": "OVERWRITE"})

    def delete(self) -> None:
        api.delete_addon(self._client, self._cluster, self._part)
