"""What the lab's EKS has on offer: Kubernetes versions, add-ons, access policies."""

from __future__ import annotations

from dataclasses import dataclass


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

# Add-on name -> (type, versions, newest first). None stands for kube-proxy's rule: it follows the cluster's minor.
ADDON_TYPES = {
    "vpc-cni": "networking",
    "kube-proxy": "networking",
    "coredns": "networking",
    "eks-pod-identity-agent": "security",
}
ADDON_VERSIONS = {
    "vpc-cni": ("v1.21.1-eksbuild.1", "v1.21.0-eksbuild.1", "v1.20.4-eksbuild.2"),
    "coredns": ("v1.13.1-eksbuild.1", "v1.12.4-eksbuild.1"),
    "eks-pod-identity-agent": ("v1.3.10-eksbuild.1", "v1.3.8-eksbuild.2"),
}


def addon_versions(addon: str, kubernetes_version: str) -> tuple[str, ...]:
    """The add-on's versions for a cluster's Kubernetes version, newest first; the first is the default."""
    if addon == "kube-proxy":
        return (f"v{OFFERS[kubernetes_version].patch}-eksbuild.1", f"v{kubernetes_version}.0-eksbuild.1")
    return ADDON_VERSIONS.get(addon, ())


POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
# Access policy -> the ClusterRole that it comes to. EKS has an authorizer of its own for this; the lab binds groups.
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
