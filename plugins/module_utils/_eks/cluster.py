# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""An EKS cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.fargate_profile import (
    FargateProfile,
    list_fargate_profiles,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import Nodegroup, list_nodegroups
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Resource
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

VPC, ENDPOINT, ENCRYPTION, LOGGING = "vpc", "endpoint", "encryption", "logging"
# One call carries all of these, as AWS has them: what is left out would fall back to its default.
TOGETHER = {
    VPC: ("resourcesVpcConfig.subnetIds", "resourcesVpcConfig.securityGroupIds"),
    ENDPOINT: (
        "resourcesVpcConfig.endpointPublicAccess",
        "resourcesVpcConfig.endpointPrivateAccess",
        "resourcesVpcConfig.publicAccessCidrs",
    ),
}
AUTHENTICATION_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
# Also what ListCapabilities answers in partitions that have none.
DENIED = "AccessDeniedException"


def _logging_types(logging: Any) -> list[str]:
    setups = (logging or {}).get("clusterLogging") or []
    return sorted(kind for setup in setups if setup.get("enabled") for kind in setup.get("types") or [])


def _logging_request(types: Sequence[str]) -> dict[str, Any]:
    return {"clusterLogging": [{"types": sorted(types), "enabled": True}] if types else []}


def _encryption_key(config: Any) -> str | None:
    return at(config[0], "provider.keyArn") if config else None


def _encryption_request(key: str) -> list[dict[str, Any]]:
    return [{"resources": ["secrets"], "provider": {"keyArn": key}}]


def _mode_hindrance(have: Any, want: Any) -> str:
    if have not in AUTHENTICATION_MODES or AUTHENTICATION_MODES.index(want) == AUTHENTICATION_MODES.index(have) + 1:
        return ""
    return f"EKS moves one step at a time and never back: {', '.join(AUTHENTICATION_MODES)}"


def _encryption_hindrance(have: Any, _want: Any) -> str:
    return "EKS never changes or removes the key" if have else ""


CLUSTER_FIELDS = (
    Field("kubernetes_version", "version", FIXED, hindrance=lambda _have, _want: "the other slot is for that"),
    Field("role_arn", "roleArn", FIXED),
    Field("service_ipv4_cidr", "kubernetesNetworkConfig.serviceIpv4Cidr", FIXED),
    Field("ip_family", "kubernetesNetworkConfig.ipFamily", FIXED, equal_to("ipv4")),
    # Both count at creation only, and EKS does not describe them reliably.
    Field(
        "bootstrap_cluster_creator_admin_permissions", "accessConfig.bootstrapClusterCreatorAdminPermissions", IGNORED
    ),
    Field("bootstrap_self_managed_addons", "bootstrapSelfManagedAddons", IGNORED),
    Field("authentication_mode", "accessConfig.authenticationMode", converges("access"), hindrance=_mode_hindrance),
    Field("subnet_ids", "resourcesVpcConfig.subnetIds", converges(VPC), same_members),
    Field("security_group_ids", "resourcesVpcConfig.securityGroupIds", converges(VPC), same_members),
    Field("endpoint_public_access", "resourcesVpcConfig.endpointPublicAccess", converges(ENDPOINT)),
    Field("endpoint_private_access", "resourcesVpcConfig.endpointPrivateAccess", converges(ENDPOINT)),
    Field("public_access_cidrs", "resourcesVpcConfig.publicAccessCidrs", converges(ENDPOINT), same_members),
    Field("logging_types", "logging", converges(LOGGING), same_members, _logging_types, _logging_request),
    Field(
        "encryption_key_arn",
        "encryptionConfig",
        converges(ENCRYPTION),
        decode=_encryption_key,
        encode=_encryption_request,
        hindrance=_encryption_hindrance,
    ),
    Field("support_type", "upgradePolicy.supportType", converges("upgrade_policy"), equal_to("EXTENDED")),
    Field("zonal_shift", "zonalShiftConfig.enabled", converges("zonal_shift"), equal_to(False)),
    Field(
        "control_plane_tier", "controlPlaneScalingConfig.tier", converges("control_plane_tier"), equal_to("standard")
    ),
    Field("deletion_protection", "deletionProtection", converges("deletion_protection"), equal_to(False)),
)


def check_cluster_values(name: str, values: Mapping[str, Any]) -> None:
    """Raise if options of a cluster make no sense, all at once."""
    wrong = list(_nonsense(values))
    if wrong:
        raise BlueGreenError(f"cluster {name} has options that cannot be right: {'; '.join(wrong)}")


def _nonsense(values: Mapping[str, Any]) -> Iterator[str]:
    if values["endpoint_public_access"] is False and values["endpoint_private_access"] is False:
        yield "endpoint_public_access and endpoint_private_access are both false, so no one could reach it: turn one on"
    for cidr in values["public_access_cidrs"] or []:
        if reason := _cidr_problem(cidr):
            yield f"public_access_cidrs: {reason}"
    cidr = values["service_ipv4_cidr"]
    if cidr and (reason := _cidr_problem(cidr) or _service_problem(ipaddress.ip_network(cidr))):
        yield f"service_ipv4_cidr: {reason}"
    key = values["encryption_key_arn"]
    # EKS describes the key that an alias stands for, so that the next run would see another one.
    if key and ":key/" not in key:
        yield f"encryption_key_arn: {key} is not a key's own ARN; aws kms describe-key --key-id {key} shows that"


def _cidr_problem(cidr: str) -> str:
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        return f"{error}; write it like 198.51.100.0/24"
    return "" if "/" in cidr else f"{cidr} has no prefix length; write it like 198.51.100.0/24"


def _service_problem(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    if network.version == 4 and network.is_private and 12 <= network.prefixlen <= 24:
        return ""
    return f"{network} is not a private IPv4 network of /12 to /24"


def cluster_update(call: str, changes: Sequence[Difference], have: Mapping[str, Any]) -> dict[str, Any]:
    """The body of UpdateClusterConfig for the changes of one call, which are all of one type."""
    body: dict[str, Any] = {}
    for change in changes:
        put(body, change.field.path, change.body)
    for path in TOGETHER.get(call, ()):
        if at(body, path) is None and at(have, path) is not None:
            put(body, path, at(have, path))
    if call == LOGGING:
        (change,) = changes
        off = sorted(set(change.have) - set(change.want))
        body["logging"]["clusterLogging"] += [{"types": off, "enabled": False}] if off else []
    return body


@aws_call("read cluster {name}", none_for=NOT_FOUND)
def describe_cluster(client: Any, name: str) -> Description | None:
    found: Description = client.describe_cluster(name=name)["cluster"]
    return found


@aws_call("create cluster {name}")
def create_cluster(client: Any, name: str, body: Mapping[str, Any]) -> Description:
    created: Description = client.create_cluster(name=name, **body)["cluster"]
    return created


@aws_call("update the configuration of cluster {name}")
def update_cluster_config(client: Any, name: str, body: Mapping[str, Any]) -> str:
    return str(client.update_cluster_config(name=name, **body)["update"]["id"])


@aws_call("encrypt the secrets of cluster {name}")
def associate_encryption_config(client: Any, name: str, body: Mapping[str, Any]) -> str:
    return str(client.associate_encryption_config(clusterName=name, **body)["update"]["id"])


@aws_call("delete cluster {name}", none_for=NOT_FOUND)
def delete_cluster(client: Any, name: str) -> None:
    client.delete_cluster(name=name)


def list_capabilities(client: Any, name: str) -> list[Description]:
    """Its EKS Capabilities; none if AWS or the installed botocore does not know of any."""
    return (_list_capabilities(client, name) or []) if hasattr(client, "list_capabilities") else []


@aws_call("list the capabilities of cluster {name}", none_for=DENIED)
def _list_capabilities(client: Any, name: str) -> list[Description] | None:
    pages = client.get_paginator("list_capabilities").paginate(clusterName=name)
    return [one for page in pages for one in page["capabilities"]]


class Cluster(Resource):
    """An EKS cluster; `unprotected`: its deletion protection counts as off."""

    kind = "cluster"
    arn_key = "arn"
    fields = CLUSTER_FIELDS
    needed = ("kubernetes_version", "role_arn", "subnet_ids")
    creation = "CreateCluster"

    def __init__(self, client: Any, name: str, *, unprotected: bool = False) -> None:
        super().__init__(client, name, name)
        self.unprotected = unprotected

    def identity(self) -> Description:
        return {"name": self.name}

    def describe(self) -> Description | None:
        return describe_cluster(self.client, self.name)

    def create(self, body: Mapping[str, Any]) -> Description:
        return create_cluster(self.client, self.name, body)

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:
        body = cluster_update(call, changes, have)
        if call == ENCRYPTION:
            return associate_encryption_config(self.client, self.name, body)
        return update_cluster_config(self.client, self.name, body)

    def update_owner(self) -> Mapping[str, str]:
        return {}

    def delete(self) -> None:
        delete_cluster(self.client, self.name)

    def protection(self, have: Description) -> str:
        if have.get("deletionProtection") and not self.unprotected:
            return "its deletion protection is on. Turn it off first (state: present, deletion_protection: false)"
        capabilities = list_capabilities(self.client, self.name) if have["status"] != "DELETING" else []
        if not capabilities:
            return ""
        named = ", ".join(f"{one['capabilityName']} ({one['type']}, {one['status']})" for one in capabilities)
        return (
            f"it has the EKS capabilities {named}. Delete each first: aws eks delete-capability "
            f"--cluster-name {self.name} --capability-name <name>"
        )

    def counted(self, values: Mapping[str, Any], have: Description | None) -> Mapping[str, Any]:
        """Without the networks of an endpoint that is not public, since EKS keeps none, and without an empty list."""
        is_public = values["endpoint_public_access"]
        if is_public is None:
            is_public = at(have or {}, "resourcesVpcConfig.endpointPublicAccess")
        if values["public_access_cidrs"] and is_public is not False:
            return values
        return {**values, "public_access_cidrs": None}

    def contents(self) -> list[Resource]:
        """The node groups and Fargate profiles.

        Add-ons go with the cluster: nodes that end without their network plugin leave network interfaces behind.
        """
        client, name = self.client, self.name
        return [
            *[Nodegroup(client, name, one) for one in list_nodegroups(client, name)],
            *[FargateProfile(client, name, one) for one in list_fargate_profiles(client, name)],
        ]
