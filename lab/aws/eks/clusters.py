"""EKS operations on clusters, their versions and their updates."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lab.aws.eks import checks
from lab.aws.eks.access import new_entry
from lab.aws.eks.catalog import CLUSTER_ADMIN_POLICY, DEFAULT_VERSION, OFFERS, PLATFORM_VERSION, Offer
from lab.aws.eks.errors import (
    InvalidParameterError,
    InvalidRequestError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from lab.aws.eks.nodes import free_number
from lab.aws.eks.runtime import Call, ClusterPlan, Runtime
from lab.aws.eks.state import Addon, Cluster, Json, Nodegroup, State, Update

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
# Field of UpdateClusterConfig -> type of the update that it starts.
UPDATE_TYPES = {
    "resourcesVpcConfig": "EndpointAccessUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
}


def active_cluster(state: State, name: str) -> Cluster:
    cluster = state.cluster(name)
    if cluster.status not in ("ACTIVE", "UPDATING"):
        raise InvalidRequestError(f"Cluster '{name}' is not in ACTIVE status: it is {cluster.status}")
    return cluster


def describe_cluster(cluster: Cluster) -> Json:
    """The API's view; endpoint and certificate appear when the API server is up, as on AWS."""
    description: Json = {
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": cluster.created,
        "version": cluster.version,
        "roleArn": cluster.role_arn,
        "resourcesVpcConfig": cluster.vpc_config,
        "status": cluster.status,
        "platformVersion": PLATFORM_VERSION,
        "tags": cluster.tags,
        "health": {"issues": cluster.issues},
        **cluster.spec,
    }
    if cluster.booted:
        description["endpoint"] = cluster.booted.endpoint
        description["identity"] = {"oidc": {"issuer": cluster.issuer}}
        description["certificateAuthority"] = {"data": base64_text(cluster.booted.ca)}
    return description


def base64_text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class ClusterOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def create_cluster(self, call: Call) -> Json:
        name = call.params["name"]
        existing = self._state.clusters.get(name)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"cluster": describe_cluster(existing)}
            raise ResourceInUseError(f"Cluster already exists with name: {name}")
        cluster = self._new_cluster(call)
        self._state.clusters[name] = cluster
        if cluster.creator_is_admin:
            self._admit_creator(cluster)
        plan = ClusterPlan(cluster.name, cluster.index, cluster.version, cluster.issuer)
        self._runtime.lifecycle.start(
            "cluster", f"creation of cluster {name}", lambda: self._boot(cluster, plan), self._created(cluster)
        )
        return {"cluster": describe_cluster(cluster)}

    def _new_cluster(self, call: Call) -> Cluster:
        name, version = call.params["name"], call.get("version", DEFAULT_VERSION)
        checks.check_cluster_name(name)
        checks.check_version(version)
        self._check_role(call.params["roleArn"])
        access = {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **call.get("accessConfig", {}),
        }
        checks.check_authentication_mode(access["authenticationMode"])
        return Cluster(
            name=name,
            arn=self._state.arn("cluster", name),
            index=free_number(cluster.index for cluster in self._state.clusters.values()),
            version=version,
            role_arn=call.params["roleArn"],
            created=self._runtime.now(),
            issuer=self._new_issuer(),
            creator_arn=call.caller_arn,
            creator_is_admin=access["bootstrapClusterCreatorAdminPermissions"],
            vpc_config=self._vpc_config(name, call.params["resourcesVpcConfig"]),
            spec=_cluster_spec(call, access),
            tags=dict(call.get("tags", {})),
            token=call.get("clientRequestToken", ""),
        )

    def _new_issuer(self) -> str:
        """As EKS names it; AssumeRoleWithWebIdentity finds the IAM OIDC provider by this URL."""
        return (
            f"https://oidc.eks.{self._state.region}.amazonaws.com/id/{self._runtime.new_id().replace('-', '').upper()}"
        )

    def _check_role(self, arn: str) -> None:
        checks.check_role_arn(arn)
        if not self._runtime.account.role_exists(arn):
            raise InvalidParameterError(f"Role with arn: {arn}, could not be assumed because it does not exist")

    def _vpc_config(self, name: str, wanted: Json) -> Json:
        ids = wanted.get("subnetIds") or []
        subnets = checks.check_subnets(ids, self._runtime.account.subnets(ids))
        checks.check_cluster_subnets(subnets)
        vpc_id = subnets[0].vpc_id
        return {
            "subnetIds": ids,
            "securityGroupIds": wanted.get("securityGroupIds") or [],
            "clusterSecurityGroupId": self._runtime.account.create_security_group(name, vpc_id),
            "vpcId": vpc_id,
            "endpointPublicAccess": wanted.get("endpointPublicAccess", True),
            "endpointPrivateAccess": wanted.get("endpointPrivateAccess", False),
            "publicAccessCidrs": wanted.get("publicAccessCidrs") or ["0.0.0.0/0"],
        }

    def _admit_creator(self, cluster: Cluster) -> None:
        """In the API modes the creator's right is an access entry that anybody can see; before, it was hidden."""
        if cluster.authentication_mode == "CONFIG_MAP" or not cluster.creator_arn:
            return
        now = self._runtime.now()
        entry = new_entry(self._state, self._runtime, cluster, cluster.creator_arn)
        entry.policies[CLUSTER_ADMIN_POLICY] = ({"type": "cluster", "namespaces": []}, now, now)
        cluster.access_entries[cluster.creator_arn] = entry

    def _boot(self, cluster: Cluster, plan: ClusterPlan) -> None:
        try:
            booted = self._runtime.launcher.boot(plan)
            with self._state.lock:
                cluster.booted = booted
                self._runtime.publish(cluster)
            self._runtime.launcher.start_programs(plan)
        except Exception:
            self._runtime.launcher.delete(cluster.name)
            raise

    def _created(self, cluster: Cluster) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                cluster.status = "FAILED" if error else "ACTIVE"
                if error:
                    cluster.booted = None
                    cluster.issues = [{"code": "InternalFailure", "message": str(error), "resourceIds": [cluster.arn]}]
                self._runtime.publish(cluster)

        return done

    def describe_cluster(self, call: Call) -> Json:
        return {"cluster": describe_cluster(self._state.cluster(call.params["name"]))}

    def list_clusters(self, call: Call) -> Json:
        return checks.page_of("clusters", list(self._state.clusters), call.params)

    def delete_cluster(self, call: Call) -> Json:
        cluster = self._state.cluster(call.params["name"])
        self._check_deletable(cluster)
        cluster.status = "DELETING"
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "delete",
            f"deletion of cluster {cluster.name}",
            lambda: self._runtime.launcher.delete(cluster.name),
            self._deleted(cluster),
        )
        return {"cluster": describe_cluster(cluster)}

    def _check_deletable(self, cluster: Cluster) -> None:
        if cluster.status in ("CREATING", "DELETING"):
            raise ResourceInUseError(f"Cannot delete cluster {cluster.name}: it is in status {cluster.status}")
        if cluster.spec["deletionProtection"]:
            raise InvalidRequestError(
                f"Cannot delete cluster {cluster.name}: deletion protection is enabled; turn it off first"
            )
        if cluster.nodegroups:
            raise ResourceInUseError(f"Cluster has nodegroups attached: {', '.join(sorted(cluster.nodegroups))}")
        if cluster.fargate_profiles:
            names = ", ".join(sorted(cluster.fargate_profiles))
            raise ResourceInUseError(f"Cluster has Fargate profiles attached: {names}")

    def _deleted(self, cluster: Cluster) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                if error:
                    cluster.status = "FAILED"
                    cluster.issues = [{"code": "InternalFailure", "message": str(error), "resourceIds": [cluster.arn]}]
                    return
                self._runtime.account.delete_security_group(cluster.vpc_config["clusterSecurityGroupId"])
                self._state.clusters.pop(cluster.name, None)

        return done

    def update_cluster_config(self, call: Call) -> Json:
        cluster = active_cluster(self._state, call.params["name"])
        fields = [field for field in UPDATE_TYPES if call.get(field) is not None]
        if len(fields) != 1:
            raise InvalidParameterError(
                "Only one type of update can be allowed" if fields else "No changes needed: the request names none"
            )
        check_no_update(cluster.name, cluster.updates)
        field, wanted = fields[0], call.params[fields[0]]
        params = self._apply(cluster, field, wanted)
        update = Update(self._runtime.new_id(), UPDATE_TYPES[field], params, self._runtime.now())
        cluster.updates[update.id] = update
        cluster.status = "UPDATING"
        self._runtime.lifecycle.start(
            "update", f"{update.kind} of {cluster.name}", lambda: None, self._updated(cluster, update)
        )
        self._runtime.publish(cluster)
        return {"update": update.describe()}

    def _apply(self, cluster: Cluster, field: str, wanted: Any) -> list[Json]:
        """Change the description; returns the parameters of the update."""
        if field == "resourcesVpcConfig":
            return _apply_vpc(cluster, wanted)
        if field == "accessConfig":
            checks.check_authentication_mode(wanted["authenticationMode"])
            checks.check_mode_change(cluster.authentication_mode, wanted["authenticationMode"])
        before = cluster.spec[field]
        if field == "logging":
            after: Any = merge_logging(before, wanted)
        else:
            after = {**before, **wanted} if isinstance(wanted, dict) else wanted
        if after == before:
            raise InvalidParameterError(f"No changes needed for the {field} provided")
        cluster.spec[field] = after
        return [{"type": _PARAM_TYPES[field], "value": json.dumps(wanted)}]

    def _updated(self, cluster: Cluster, update: Update) -> Callable[[Exception | None], None]:
        def done(_error: Exception | None) -> None:
            with self._state.lock:
                update.status = "Successful"
                if cluster.status == "UPDATING":
                    cluster.status = "ACTIVE"
                self._runtime.publish(cluster)

        return done

    def describe_update(self, call: Call) -> Json:
        updates = self._owner_of_updates(call).updates
        if call.params["updateId"] not in updates:
            raise ResourceNotFoundError(f"No update found for ID: {call.params['updateId']}")
        return {"update": updates[call.params["updateId"]].describe()}

    def list_updates(self, call: Call) -> Json:
        return checks.page_of("updateIds", list(self._owner_of_updates(call).updates), call.params)

    def _owner_of_updates(self, call: Call) -> Cluster | Nodegroup | Addon:
        cluster = self._state.cluster(call.params["name"])
        if call.get("nodegroupName"):
            return find(cluster.nodegroups, call.params["nodegroupName"], "node group")
        if call.get("addonName"):
            return find(cluster.addons, call.params["addonName"], "addon")
        return cluster

    def describe_cluster_versions(self, call: Call) -> Json:
        wanted = call.get("clusterVersions") or list(OFFERS)
        for version in wanted:
            checks.check_version(version)
        offers = [OFFERS[version] for version in wanted]
        status = call.get("versionStatus")
        offers = [offer for offer in offers if not status or offer.status == status]
        if call.get("defaultOnly"):
            offers = [offer for offer in offers if offer.version == DEFAULT_VERSION]
        return {"clusterVersions": [_describe_offer(offer) for offer in offers], "nextToken": None}


_PARAM_TYPES = {
    "logging": "ClusterLogging",
    "accessConfig": "AuthenticationMode",
    "upgradePolicy": "UpgradePolicy",
    "zonalShiftConfig": "ZonalShiftConfig",
    "deletionProtection": "DeletionProtection",
}


def find[T](things: dict[str, T], name: str, kind: str) -> T:
    """A thing of a cluster by its name, or EKS's refusal."""
    try:
        return things[name]
    except KeyError:
        raise ResourceNotFoundError(f"No {kind} found for name: {name}.") from None


def check_no_update(name: str, updates: dict[str, Update]) -> None:
    running = [update.id for update in updates.values() if update.status == "InProgress"]
    if running:
        raise ResourceInUseError(f"{name} currently has update {running[0]} in progress")


def merge_logging(before: Json, wanted: Json) -> Json:
    """Which log types are on after a change; types that the change does not name stay as they were."""
    enabled = {kind for setup in before["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
    for setup in wanted.get("clusterLogging", []):
        kinds = set(setup.get("types", []))
        enabled = enabled | kinds if setup.get("enabled") else enabled - kinds
    return logging_of(enabled)


def logging_of(enabled: set[str]) -> Json:
    setups = [
        {"types": [kind for kind in LOG_TYPES if kind in enabled], "enabled": True},
        {"types": [kind for kind in LOG_TYPES if kind not in enabled], "enabled": False},
    ]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def _cluster_spec(call: Call, access: Json) -> Json:
    upgrade = {"supportType": "EXTENDED", **call.get("upgradePolicy", {})}
    network = {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", **call.get("kubernetesNetworkConfig", {})}
    return {
        "kubernetesNetworkConfig": network,
        "logging": merge_logging(logging_of(set()), call.get("logging", {})),
        "accessConfig": access,
        "upgradePolicy": upgrade,
        "deletionProtection": call.get("deletionProtection", False),
        "zonalShiftConfig": {"enabled": False, **call.get("zonalShiftConfig", {})},
        "encryptionConfig": call.get("encryptionConfig", []),
    }


def _apply_vpc(cluster: Cluster, wanted: Json) -> list[Json]:
    known = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    changes = {key: wanted[key] for key in known if wanted.get(key) is not None}
    after = {**cluster.vpc_config, **changes}
    if not changes or after == cluster.vpc_config:
        raise InvalidParameterError(
            "Cluster is already at the desired configuration with"
            f" endpointPrivateAccess: {cluster.vpc_config['endpointPrivateAccess']},"
            f" endpointPublicAccess: {cluster.vpc_config['endpointPublicAccess']},"
            f" and Public Endpoint Restrictions: {cluster.vpc_config['publicAccessCidrs']}"
        )
    if not (after["endpointPublicAccess"] or after["endpointPrivateAccess"]):
        raise InvalidParameterError("Private and public endpoint access cannot be false")
    cluster.vpc_config = after
    return [{"type": key[0].upper() + key[1:], "value": json.dumps(value)} for key, value in changes.items()]


def _describe_offer(offer: Offer) -> Json:
    def day(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}T00:00:00+00:00")

    return {
        "clusterVersion": offer.version,
        "clusterType": "eks",
        "defaultPlatformVersion": PLATFORM_VERSION,
        "defaultVersion": offer.version == DEFAULT_VERSION,
        "releaseDate": day(offer.released),
        "endOfStandardSupportDate": day(offer.standard_until),
        "endOfExtendedSupportDate": day(offer.extended_until),
        "status": offer.status.lower().replace("_", "-"),
        "versionStatus": offer.status,
        "kubernetesPatchVersion": offer.patch,
    }
