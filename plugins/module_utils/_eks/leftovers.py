# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a cluster leaves behind in the account, and what to do about it. Pure; `leftovers_api.py` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

Tags = Mapping[str, str]

# Tags whose value is a cluster's name: of EKS, of the AWS Load Balancer Controller, of the VPC network plugin, of
# volumes made by Kubernetes.
NAME_TAGS = (
    "aws:eks:cluster-name",
    "eks:cluster-name",
    "elbv2.k8s.aws/cluster",
    "cluster.k8s.amazonaws.com/name",
    "KubernetesCluster",
)


@dataclass(frozen=True)
class Leftover:
    """Something that outlived its cluster. `kept`: on purpose, or because others use it; else it is an orphan."""

    kind: str
    id: str
    why: str
    remedy: str
    name: str = ""
    kept: bool = False

    def __str__(self) -> str:
        name = f" ({self.name})" if self.name and self.name != self.id else ""
        return f"{self.kind} {self.id}{name}: {self.why}. {self.remedy}"


class Account(Protocol):
    """What is read of the account; each list is of what carries a mark of the cluster, as AWS describes it."""

    @property
    def region(self) -> str: ...

    def cluster_exists(self, cluster: str) -> bool: ...

    def security_groups(self, cluster: str) -> list[Description]: ...

    def network_interfaces(self, cluster: str) -> list[Description]: ...

    def instances(self, cluster: str) -> list[Description]: ...

    def volumes(self, cluster: str) -> list[Description]: ...

    def load_balancers(self) -> list[tuple[str, str, Tags]]:
        """Every load balancer of the region: ARN, name, tags."""

    def classic_load_balancers(self) -> list[tuple[str, Tags]]:
        """Every load balancer of the first generation: name, tags."""

    def target_groups(self) -> list[tuple[str, str, Tags]]:
        """Every target group of the region: ARN, name, tags."""

    def oidc_providers(self) -> list[str]: ...

    def oidc_provider_tags(self, arn: str) -> Tags: ...

    def log_group(self, name: str) -> Description | None: ...


def log_group_name(cluster: str) -> str:
    """Where EKS writes a cluster's control plane logs."""
    return f"/aws/eks/{cluster}/cluster"


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a description of EC2 as a dictionary."""
    return {tag["Key"]: tag.get("Value", "") for tag in described.get("Tags") or described.get("TagSet") or []}


def mark(tags: Tags, cluster: str) -> str:
    """The tag by which something is a cluster's, as key=value; "" if none says so."""
    ownership = f"kubernetes.io/cluster/{cluster}"
    if ownership in tags:
        return f"{ownership}={tags[ownership]}"
    return next((f"{key}={cluster}" for key in NAME_TAGS if tags.get(key) == cluster), "")


def owned(tags: Tags, owner_tags: Tags) -> str:
    """All of `owner_tags` as a reason; "" if one is missing, or none is asked for."""
    if not owner_tags or not owner_tags.items() <= tags.items():
        return ""
    return "tags " + ", ".join(f"{key}={value}" for key, value in sorted(owner_tags.items()))


def _marked(kind: str, id_: str, name: str, because: str, remedy: str) -> Leftover:
    if because.endswith("=shared"):
        key = because.partition("=")[0]
        return Leftover(
            kind, id_, f"tag {because}: others use it too", f"Only its tag {key} can be removed", name, kept=True
        )
    return Leftover(kind, id_, f"tag {because}", remedy, name)


def security_groups(cluster: str, groups: Iterable[Description]) -> list[Leftover]:
    """Security groups that EKS or a controller made."""
    return [
        _marked(
            "security group",
            group["GroupId"],
            group.get("GroupName", ""),
            mark(tags_of(group), cluster),
            "Take it out of the rules of other groups, then: aws ec2 delete-security-group "
            f"--group-id {group['GroupId']}",
        )
        for group in groups
    ]


def network_interfaces(cluster: str, interfaces: Iterable[Description]) -> list[Leftover]:
    """Network interfaces of the control plane and of nodes; they hold subnets' addresses and security groups."""
    found = []
    for one in interfaces:
        tags, text = tags_of(one), one.get("Description", "")
        because = mark(tags, cluster)
        why = f"tag {because}" if because else f"description '{text}'"
        user = (one.get("Attachment") or {}).get("InstanceId") or (one.get("Attachment") or {}).get("InstanceOwnerId")
        remedy = f"aws ec2 delete-network-interface --network-interface-id {one['NetworkInterfaceId']}"
        if one.get("Status") == "in-use":
            why += f", in use by {user or 'AWS'}"
            remedy = f"Stop what uses it, then: {remedy}"
        found.append(Leftover("network interface", one["NetworkInterfaceId"], why, remedy, text))
    return found


def instances(cluster: str, described: Iterable[Description]) -> list[Leftover]:
    """Instances that still run, such as those of a node provisioner that ended with the cluster."""
    return [
        Leftover(
            "instance",
            one["InstanceId"],
            f"tag {mark(tags_of(one), cluster)}, {one.get('State', {}).get('Name', 'state unknown')}; it is billed",
            f"aws ec2 terminate-instances --instance-ids {one['InstanceId']}",
            tags_of(one).get("Name", ""),
        )
        for one in described
    ]


def volumes(cluster: str, described: Iterable[Description]) -> list[Leftover]:
    """Volumes of persistent volume claims."""
    found = []
    for one in described:
        tags = tags_of(one)
        claim = "/".join(
            tags[key]
            for key in ("kubernetes.io/created-for/pvc/namespace", "kubernetes.io/created-for/pvc/name")
            if key in tags
        )
        because = f"tag {mark(tags, cluster)}" + (f", of claim {claim}" if claim else "")
        remedy = f"Check whether its data is needed, then: aws ec2 delete-volume --volume-id {one['VolumeId']}"
        size = f"{one['Size']} GiB {one.get('State', '')}".strip() if "Size" in one else ""
        found.append(Leftover("volume", one["VolumeId"], f"{because}; {size or 'it'} is billed", remedy, claim))
    return found


def load_balancers(cluster: str, described: Iterable[tuple[str, str, Tags]]) -> list[Leftover]:
    """Load balancers that a controller made for an Ingress or a Service."""
    return [
        _marked(
            "load balancer",
            arn,
            name,
            because,
            f"Make sure that no DNS name points to it, then: aws elbv2 delete-load-balancer --load-balancer-arn {arn}",
        )
        for arn, name, tags in described
        if (because := mark(tags, cluster))
    ]


def classic_load_balancers(cluster: str, described: Iterable[tuple[str, Tags]]) -> list[Leftover]:
    """Load balancers of the first generation, which Kubernetes makes for a Service if no controller does."""
    return [
        _marked(
            "classic load balancer",
            name,
            name,
            because,
            f"Make sure that no DNS name points to it, then: aws elb delete-load-balancer --load-balancer-name {name}",
        )
        for name, tags in described
        if (because := mark(tags, cluster))
    ]


def target_groups(cluster: str, described: Iterable[tuple[str, str, Tags]], owner_tags: Tags) -> list[Leftover]:
    """Target groups that a controller made for an Ingress or a Service, and those with all of `owner_tags`."""
    found = []
    for arn, name, tags in described:
        remedy = f"Take it out of every listener, then: aws elbv2 delete-target-group --target-group-arn {arn}"
        if because := mark(tags, cluster):
            found.append(_marked("target group", arn, name, because, remedy))
        elif why := owned(tags, owner_tags):
            found.append(Leftover("target group", arn, why, remedy, name))
    return found


def oidc_provider(arn: str, why: str) -> Leftover:
    """An OIDC provider whose issuer is gone."""
    return Leftover(
        "OIDC provider",
        arn,
        why,
        "Take it out of the trust policies of roles, then: aws iam delete-open-id-connect-provider "
        f"--open-id-connect-provider-arn {arn}",
    )


def log_group(described: Mapping[str, Any] | None) -> list[Leftover]:
    """The control plane's logs: kept on purpose, they say what happened."""
    if described is None:
        return []
    name, days = described["logGroupName"], described.get("retentionInDays")
    size = f"{described.get('storedBytes', 0) / 1e6:.1f} MB"
    why = f"the control plane's logs, {size}, " + (f"which expire after {days} days" if days else "kept forever")
    remedy = f"When no one needs them: aws logs delete-log-group --log-group-name {name}"
    return [Leftover("log group", name, why, remedy, kept=True)]


def find(account: Account, cluster: str, *, issuer: str = "", owner_tags: Tags | None = None) -> dict[str, Any]:
    """What carries a mark of the cluster, orphans apart from what is kept; a part that AWS denies is in `unread`.

    The OIDC provider is found by the issuer, or, if that is no longer known, by all of `owner_tags`. So are target
    groups that no controller made, once the cluster is gone: before that, they serve.
    """
    exists = account.cluster_exists(cluster)
    owner_tags = owner_tags or {}
    once_gone = {} if exists else owner_tags
    looks: dict[str, Callable[[], list[Leftover]]] = {
        "instances": lambda: instances(cluster, account.instances(cluster)),
        "load balancers": lambda: load_balancers(cluster, account.load_balancers()),
        "classic load balancers": lambda: classic_load_balancers(cluster, account.classic_load_balancers()),
        "target groups": lambda: target_groups(cluster, account.target_groups(), once_gone),
        "network interfaces": lambda: network_interfaces(cluster, account.network_interfaces(cluster)),
        "security groups": lambda: security_groups(cluster, account.security_groups(cluster)),
        "volumes": lambda: volumes(cluster, account.volumes(cluster)),
        "OIDC providers": lambda: _oidc_providers(account, issuer, owner_tags),
        "log groups": lambda: log_group(account.log_group(log_group_name(cluster))),
    }
    found: list[Leftover] = []
    unread: list[str] = []
    for what, look in looks.items():
        try:
            found += look()
        except AnsibleAWSError as error:
            unread.append(f"{what}: {error}")
    return {
        "cluster_exists": exists,
        "orphans": [asdict(one) for one in found if not one.kept],
        "kept": [asdict(one) for one in found if one.kept],
        "unread": unread,
        "lines": lines(cluster, found, unread),
    }


def lines(cluster: str, found: Sequence[Leftover], unread: Sequence[str]) -> list[str]:
    """The findings in lines for people."""
    orphans, kept = [one for one in found if not one.kept], [one for one in found if one.kept]
    told = [f"{cluster}: {len(orphans)} orphans, {len(kept)} left on purpose"]
    told += [f"  orphan    {one}" for one in orphans]
    told += [f"  kept      {one}" for one in kept]
    return told + [f"  not read  {one}" for one in unread]


def _oidc_providers(account: Account, issuer: str, owner_tags: Tags) -> list[Leftover]:
    arns = account.oidc_providers()
    if issuer:
        suffix = ":oidc-provider/" + issuer.partition("://")[2]
        return [oidc_provider(arn, f"its issuer {issuer} is the cluster's") for arn in arns if arn.endswith(suffix)]
    if not owner_tags:
        return []
    # IAM lists those of all regions; the policies allow reading those of one.
    here = f"/oidc.eks.{account.region}."
    return [
        oidc_provider(arn, because)
        for arn in arns
        if here in arn and (because := owned(account.oidc_provider_tags(arn), owner_tags))
    ]
