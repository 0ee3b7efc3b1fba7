"""EKS operations on access entries and policies, and their effect in Kubernetes."""

from __future__ import annotations

from lab.aws.eks import checks
from lab.aws.eks.catalog import CLUSTER_ADMIN_POLICY, POLICY_PREFIX, POLICY_ROLES, policy_group
from lab.aws.eks.errors import InvalidParameterError, InvalidRequestError, ResourceInUseError, ResourceNotFoundError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import AccessEntry, Cluster, Json, State

# Types of entries that EKS makes by itself for nodes -> their Kubernetes groups.
NODE_GROUPS = {
    "EC2_LINUX": ["system:nodes"],
    "EC2_WINDOWS": ["eks:kube-proxy-windows", "system:nodes"],
    "FARGATE_LINUX": ["system:bootstrappers", "system:nodes", "system:node-proxier"],
    "HYBRID_LINUX": ["system:nodes"],
    "EC2": ["system:nodes"],
}


def default_username(principal_arn: str) -> str:
    """A user's own ARN; for a role the session's, whose name EKS fills in at each login."""
    account, _, path = principal_arn.partition(":iam::")[2].partition(":")
    kind, _, name = path.partition("/")
    if kind == "user":
        return principal_arn
    return f"arn:aws:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/{{{{SessionName}}}}"


def new_entry(
    state: State, runtime: Runtime, cluster: Cluster, principal_arn: str, *, kind: str = "STANDARD"
) -> AccessEntry:
    now = runtime.now()
    path = principal_arn.rpartition(":")[2]
    return AccessEntry(
        principal_arn=principal_arn,
        arn=state.arn(
            "access-entry",
            cluster.name,
            path.split("/")[0],
            state.account_id,
            path.rpartition("/")[2],
            runtime.new_id(),
        ),
        cluster_name=cluster.name,
        created=now,
        modified=now,
        username=default_username(principal_arn),
        groups=list(NODE_GROUPS.get(kind, [])),
        kind=kind,
        tags={},
        token="",
    )


def admit_nodes(state: State, runtime: Runtime, cluster: Cluster, role_arn: str, kind: str) -> None:
    """The entry that EKS makes for the role of a node group or a Fargate profile."""
    if cluster.authentication_mode != "CONFIG_MAP" and role_arn not in cluster.access_entries:
        cluster.access_entries[role_arn] = new_entry(state, runtime, cluster, role_arn, kind=kind)


def kubernetes_groups(cluster: Cluster, principal_arn: str) -> tuple[str, list[str]] | None:
    """User name (perhaps a template) and groups of a principal in a cluster; None: it may not enter."""
    if cluster.authentication_mode == "CONFIG_MAP":
        if cluster.creator_is_admin and principal_arn == cluster.creator_arn:
            return default_username(principal_arn), [policy_group("AmazonEKSClusterAdminPolicy")]
        return None
    entry = cluster.access_entries.get(principal_arn)
    if entry is None:
        return None
    # The lab has no authorizer for namespaces: a policy for some of them grants nothing.
    wide = [arn for arn, (scope, _, _) in entry.policies.items() if scope["type"] == "cluster"]
    policies = [arn.removeprefix(POLICY_PREFIX) for arn in wide]
    return entry.username, [*entry.groups, *(policy_group(name) for name in sorted(policies))]


class AccessOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def create_access_entry(self, call: Call) -> Json:
        cluster, principal = self._cluster(call), call.params["principalArn"]
        existing = cluster.access_entries.get(principal)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"accessEntry": existing.describe()}
            raise ResourceInUseError(
                f"The specified access entry resource is already in use on this cluster: {principal}"
            )
        checks.check_principal(principal)
        kind, groups = call.get("type", "STANDARD"), call.get("kubernetesGroups", [])
        if kind not in ("STANDARD", *NODE_GROUPS):
            raise InvalidParameterError(
                f"The access entry type {kind!r} is not one of {', '.join(('STANDARD', *NODE_GROUPS))}"
            )
        if kind != "STANDARD" and groups:
            raise InvalidParameterError(f"An access entry of type {kind} cannot have kubernetesGroups")
        checks.check_groups(groups)
        checks.check_tags(call.get("tags", {}))
        entry = new_entry(self._state, self._runtime, cluster, principal, kind=kind)
        entry.groups += groups
        entry.username = call.get("username", entry.username)
        entry.tags = dict(call.get("tags", {}))
        entry.token = call.get("clientRequestToken", "")
        cluster.access_entries[principal] = entry
        self._runtime.publish(cluster)
        return {"accessEntry": entry.describe()}

    def describe_access_entry(self, call: Call) -> Json:
        return {"accessEntry": self._entry(call).describe()}

    def list_access_entries(self, call: Call) -> Json:
        entries = self._cluster(call).access_entries.values()
        policy = call.get("associatedPolicyArn")
        arns = [entry.principal_arn for entry in entries if not policy or policy in entry.policies]
        return checks.page_of("accessEntries", arns, call.params)

    def update_access_entry(self, call: Call) -> Json:
        entry = self._entry(call)
        groups = call.get("kubernetesGroups")
        if groups is not None:
            if entry.kind != "STANDARD":
                raise InvalidParameterError(f"The kubernetesGroups of an entry of type {entry.kind} cannot be changed")
            checks.check_groups(groups)
            entry.groups = list(groups)
        entry.username = call.get("username", entry.username)
        self._touch(entry)
        return {"accessEntry": entry.describe()}

    def delete_access_entry(self, call: Call) -> Json:
        entry = self._entry(call)
        cluster = self._cluster(call)
        del cluster.access_entries[entry.principal_arn]
        self._runtime.publish(cluster)
        return {}

    def associate_access_policy(self, call: Call) -> Json:
        entry, policy = self._entry(call), call.params["policyArn"]
        _check_policy(policy)
        if entry.kind not in ("STANDARD", "EC2"):
            raise InvalidRequestError(f"Access policies cannot be associated with an entry of type {entry.kind}")
        scope = checks.check_scope(call.params["accessScope"])
        now = self._runtime.now()
        associated = entry.policies[policy][1] if policy in entry.policies else now
        entry.policies[policy] = (scope, associated, now)
        self._touch(entry)
        return {
            "clusterName": entry.cluster_name,
            "principalArn": entry.principal_arn,
            "associatedAccessPolicy": _describe_policy(entry, policy),
        }

    def disassociate_access_policy(self, call: Call) -> Json:
        entry, policy = self._entry(call), call.params["policyArn"]
        if policy not in entry.policies:
            raise ResourceNotFoundError(
                f"The access policy {policy} is not associated with the principal {entry.principal_arn}"
            )
        del entry.policies[policy]
        self._touch(entry)
        return {}

    def list_associated_access_policies(self, call: Call) -> Json:
        entry = self._entry(call)
        page = checks.page_of("associatedAccessPolicies", list(entry.policies), call.params)
        found = [_describe_policy(entry, policy) for policy in page["associatedAccessPolicies"]]
        return {
            **page,
            "clusterName": entry.cluster_name,
            "principalArn": entry.principal_arn,
            "associatedAccessPolicies": found,
        }

    def list_access_policies(self, call: Call) -> Json:
        page = checks.page_of("accessPolicies", list(POLICY_ROLES), call.params)
        return {**page, "accessPolicies": [{"name": n, "arn": POLICY_PREFIX + n} for n in page["accessPolicies"]]}

    def _cluster(self, call: Call) -> Cluster:
        cluster = self._state.cluster(call.params["clusterName"])
        checks.check_access_api(cluster.authentication_mode)
        return cluster

    def _entry(self, call: Call) -> AccessEntry:
        principal = call.params["principalArn"]
        entry = self._cluster(call).access_entries.get(principal)
        if entry is None:
            raise ResourceNotFoundError(f"The specified principalArn could not be found: {principal}")
        return entry

    def _touch(self, entry: AccessEntry) -> None:
        entry.modified = self._runtime.now()
        self._runtime.publish(self._state.cluster(entry.cluster_name))


def _check_policy(arn: str) -> None:
    if arn.removeprefix(POLICY_PREFIX) not in POLICY_ROLES or not arn.startswith(POLICY_PREFIX):
        raise InvalidParameterError(
            f"The policyArn {arn!r} is not an access policy of the lab; known are"
            f" {', '.join(POLICY_ROLES)}, as in {CLUSTER_ADMIN_POLICY}"
        )


def _describe_policy(entry: AccessEntry, policy: str) -> Json:
    scope, associated, modified = entry.policies[policy]
    return {"policyArn": policy, "accessScope": scope, "associatedAt": associated, "modifiedAt": modified}
