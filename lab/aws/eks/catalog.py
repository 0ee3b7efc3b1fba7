"""What the lab's EKS offers: Kubernetes versions, add-ons, access policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Offer:
    """A Kubernetes version on offer, with the dates that AWS announced for it."""

    version: str
    patch: str
    released: str
    standard_until: str
    extended_until: str
    status: str


DEFAULT_VERSION = "1.35"
OFFERS = {
    offer.version: offer
    for offer in (
        Offer("1.36", "1.36.1", "2026-06-02", "2027-08-02", "2028-08-02", "STANDARD_SUPPORT"),
        Offer("1.35", "1.35.2", "2026-01-27", "2027-03-27", "2028-03-27", "STANDARD_SUPPORT"),
        Offer("1.34", "1.34.5", "2025-10-02", "2026-12-02", "2027-12-02", "STANDARD_SUPPORT"),
        Offer("1.33", "1.33.9", "2025-05-29", "2026-07-29", "2027-07-29", "EXTENDED_SUPPORT"),
    )
}
PLATFORM_VERSION = "eks.7"


@dataclass(frozen=True)
class AddonOffer:
    """An add-on on offer: what kind it is, where it runs, and what may be configured (a JSON schema).

    `versions` are newest first. The default is the newest, except for the Kubernetes versions in `older_default`.
    `service_accounts`: those of its pods that call AWS, with the policies that AWS recommends for them.
    """

    kind: str
    versions: tuple[str, ...]
    older_default: tuple[tuple[str, str], ...] = ()
    namespace: str = "kube-system"
    properties: tuple[tuple[str, dict[str, Any]], ...] = ()
    service_accounts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # Whether a new cluster has it already, self-managed, unless it is created without.
    self_managed: bool = False


STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
RESOURCES = {"type": "object", "properties": {"limits": STRINGS, "requests": STRINGS}, "additionalProperties": False}
TOLERATIONS = {"type": "array", "items": {"type": "object"}}
MANAGED_POLICIES = "arn:aws:iam::aws:policy"
REPLICAS = {"type": "integer", "minimum": 1}

# kube-proxy has no versions here: they follow the cluster's minor.
ADDONS = {
    "aws-ebs-csi-driver": AddonOffer(
        "storage",
        ("v1.52.1-eksbuild.1", "v1.51.0-eksbuild.1"),
        properties=(("controller", {"type": "object", "properties": {"replicaCount": REPLICAS}}),),
        service_accounts=(
            ("ebs-csi-controller-sa", ("arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",)),
        ),
    ),
    "coredns": AddonOffer(
        "networking",
        ("v1.13.1-eksbuild.1", "v1.12.4-eksbuild.1"),
        older_default=(("1.33", "v1.12.4-eksbuild.1"), ("1.34", "v1.12.4-eksbuild.1")),
        properties=(
            ("replicaCount", REPLICAS),
            ("computeType", {"type": "string"}),
            ("resources", RESOURCES),
            ("nodeSelector", STRINGS),
            ("tolerations", TOLERATIONS),
        ),
        self_managed=True,
    ),
    "eks-node-monitoring-agent": AddonOffer("observability", ("v1.4.2-eksbuild.1", "v1.4.1-eksbuild.1")),
    "eks-pod-identity-agent": AddonOffer("security", ("v1.3.10-eksbuild.1", "v1.3.8-eksbuild.2")),
    "kube-proxy": AddonOffer(
        "networking",
        (),
        properties=(
            ("mode", {"type": "string", "enum": ["iptables", "ipvs"]}),
            ("resources", RESOURCES),
        ),
        self_managed=True,
    ),
    "metrics-server": AddonOffer(
        "observability",
        ("v0.8.1-eksbuild.2", "v0.8.0-eksbuild.3"),
        properties=(("replicas", REPLICAS), ("resources", RESOURCES), ("nodeSelector", STRINGS)),
    ),
    "vpc-cni": AddonOffer(
        "networking",
        ("v1.21.1-eksbuild.1", "v1.21.0-eksbuild.1", "v1.20.4-eksbuild.2"),
        older_default=(
            ("1.33", "v1.20.4-eksbuild.2"),
            ("1.34", "v1.20.4-eksbuild.2"),
            ("1.35", "v1.21.0-eksbuild.1"),
            ("1.36", "v1.21.0-eksbuild.1"),
        ),
        properties=(
            ("enableNetworkPolicy", {"type": "string", "format": "boolean"}),
            (
                "env",
                {
                    "type": "object",
                    "properties": {
                        "ENABLE_PREFIX_DELEGATION": {"type": "string", "format": "boolean"},
                        "WARM_PREFIX_TARGET": {"type": "string", "format": "integer"},
                    },
                    "additionalProperties": False,
                },
            ),
            ("resources", RESOURCES),
        ),
        service_accounts=(("aws-node", (f"{MANAGED_POLICIES}/AmazonEKS_CNI_Policy",)),),
        self_managed=True,
    ),
}


def addon_versions(addon: str, kubernetes_version: str) -> tuple[str, ...]:
    """The add-on's versions for a cluster's Kubernetes version, newest first; none if there is no such add-on."""
    if addon == "kube-proxy":
        return (f"v{OFFERS[kubernetes_version].patch}-eksbuild.1", f"v{kubernetes_version}.0-eksbuild.1")
    return ADDONS[addon].versions if addon in ADDONS else ()


def default_addon_version(addon: str, kubernetes_version: str) -> str:
    """What EKS installs if no version is asked for; it is often not the newest."""
    return dict(ADDONS[addon].older_default).get(kubernetes_version) or addon_versions(addon, kubernetes_version)[0]


def addon_schema(addon: str) -> dict[str, Any]:
    """The JSON schema of an add-on's configuration."""
    return {
        "$schema": "http://json-schema.org/draft-06/schema#",
        "type": "object",
        "properties": dict(ADDONS[addon].properties),
        "additionalProperties": False,
    }


POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
# Access policy -> the ClusterRole that it amounts to. EKS has an authorizer of its own for this; the lab binds groups.
POLICY_ROLES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
CLUSTER_ADMIN_POLICY = f"{POLICY_PREFIX}AmazonEKSClusterAdminPolicy"


def policy_group(policy_name: str) -> str:
    """The Kubernetes group by which the lab grants a policy's ClusterRole."""
    return f"eks-lab:policy:{policy_name}"
