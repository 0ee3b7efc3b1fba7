"""The things that the lab's EKS keeps, and how the API describes them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.aws.eks.errors import ResourceNotFoundError
from lab.aws.eks.nodes import NodePlace

Json = dict[str, Any]
Lock = AbstractContextManager[bool]


@dataclass(frozen=True)
class BootedCluster:
    """What a launcher knows of a running cluster. Paths are absolute; keys and certificates are PEM text."""

    endpoint: str
    kubeconfig: str
    ca: str
    service_account_key: str


def describe_failure(error: Exception, code: str, resources: Sequence[str] = ()) -> Json:
    """An issue of a thing's health. An error that knows better than `code` what it is says so by its own."""
    return {"code": getattr(error, "code", code), "message": str(error), "resourceIds": sorted(resources)}


@dataclass
class Update:
    id: str
    kind: str
    params: list[Json]
    created: datetime
    status: str = "InProgress"
    errors: list[Json] = field(default_factory=list)

    def describe(self) -> Json:
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "params": self.params,
            "createdAt": self.created,
            "errors": self.errors,
        }

    def finish(self, error: Exception | None, code: str = "Unknown") -> None:
        self.status = "Failed" if error else "Successful"
        if error:
            failed = describe_failure(error, code)
            named = {"errorCode": "code", "errorMessage": "message", "resourceIds": "resourceIds"}
            self.errors = [{key: failed[name] for key, name in named.items()}]


@dataclass
class Nodegroup:
    name: str
    arn: str
    cluster_name: str
    created: datetime
    modified: datetime
    version: str
    release_version: str
    spec: Json
    tags: dict[str, str]
    token: str
    status: str = "CREATING"
    issues: list[Json] = field(default_factory=list)
    nodes: dict[str, NodePlace] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    def describe(self) -> Json:
        return {
            "nodegroupName": self.name,
            "nodegroupArn": self.arn,
            "clusterName": self.cluster_name,
            "version": self.version,
            "releaseVersion": self.release_version,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "status": self.status,
            "health": {"issues": self.issues},
            "tags": self.tags,
            **self.spec,
        }


@dataclass
class FargateProfile:
    name: str
    arn: str
    cluster_name: str
    created: datetime
    role_arn: str
    subnets: list[str]
    selectors: list[Json]
    tags: dict[str, str]
    token: str
    status: str = "CREATING"
    issues: list[Json] = field(default_factory=list)

    def describe(self) -> Json:
        return {
            "fargateProfileName": self.name,
            "fargateProfileArn": self.arn,
            "clusterName": self.cluster_name,
            "createdAt": self.created,
            "podExecutionRoleArn": self.role_arn,
            "subnets": self.subnets,
            "selectors": self.selectors,
            "status": self.status,
            "tags": self.tags,
            "health": {"issues": self.issues},
        }


@dataclass
class Addon:
    name: str
    arn: str
    cluster_name: str
    version: str
    created: datetime
    modified: datetime
    spec: Json
    tags: dict[str, str]
    token: str
    status: str = "CREATING"
    issues: list[Json] = field(default_factory=list)
    updates: dict[str, Update] = field(default_factory=dict)

    def describe(self) -> Json:
        return {
            "addonName": self.name,
            "addonArn": self.arn,
            "clusterName": self.cluster_name,
            "addonVersion": self.version,
            "status": self.status,
            "health": {"issues": self.issues},
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "owner": "aws",
            "publisher": "eks",
            "tags": self.tags,
            **self.spec,
        }


@dataclass
class AccessEntry:
    principal_arn: str
    arn: str
    cluster_name: str
    created: datetime
    modified: datetime
    username: str
    groups: list[str]
    kind: str
    tags: dict[str, str]
    token: str
    # Policy ARN -> (scope, associated at, modified at)
    policies: dict[str, tuple[Json, datetime, datetime]] = field(default_factory=dict)

    def describe(self) -> Json:
        return {
            "clusterName": self.cluster_name,
            "principalArn": self.principal_arn,
            "kubernetesGroups": self.groups,
            "accessEntryArn": self.arn,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "tags": self.tags,
            "username": self.username,
            "type": self.kind,
        }


@dataclass
class PodIdentityAssociation:
    """`owner_arn`: the add-on that it belongs to, which alone may change it."""

    id: str
    arn: str
    cluster_name: str
    namespace: str
    service_account: str
    created: datetime
    modified: datetime
    spec: Json
    tags: dict[str, str]
    token: str
    owner_arn: str | None = None

    def summary(self) -> Json:
        found = {
            "clusterName": self.cluster_name,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
        }
        return {**found, "ownerArn": self.owner_arn} if self.owner_arn else found

    def describe(self) -> Json:
        return {
            **self.summary(),
            "tags": self.tags,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            **self.spec,
        }


@dataclass
class Cluster:
    name: str
    arn: str
    index: int
    version: str
    role_arn: str
    created: datetime
    issuer: str
    creator_arn: str
    creator_is_admin: bool
    vpc_config: Json
    spec: Json
    tags: dict[str, str]
    token: str
    self_managed_addons: bool = True
    status: str = "CREATING"
    issues: list[Json] = field(default_factory=list)
    booted: BootedCluster | None = None
    nodegroups: dict[str, Nodegroup] = field(default_factory=dict)
    fargate_profiles: dict[str, FargateProfile] = field(default_factory=dict)
    addons: dict[str, Addon] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    pod_identities: dict[str, PodIdentityAssociation] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def authentication_mode(self) -> str:
        return str(self.spec["accessConfig"]["authenticationMode"])


@dataclass
class State:
    """Every cluster of one region. Hold `lock` to read or write; a thread may take it twice."""

    account_id: str
    region: str
    lock: Lock
    clusters: dict[str, Cluster] = field(default_factory=dict)

    def arn(self, kind: str, *parts: str) -> str:
        return f"arn:aws:eks:{self.region}:{self.account_id}:{kind}/{'/'.join(parts)}"

    def cluster(self, name: str) -> Cluster:
        try:
            return self.clusters[name]
        except KeyError:
            raise ResourceNotFoundError(f"No cluster found for name: {name}.") from None

    def find_issuer(self, issuer: str) -> Cluster | None:
        return next((cluster for cluster in self.clusters.values() if cluster.issuer == issuer), None)
