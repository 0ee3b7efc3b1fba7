"""EKS operations on clusters, their versions and their updates."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime

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
from lab.aws.eks.state import Addon, Cluster, Json, Nodegroup, State, Update, describe_failure
from lab.aws.eks.updates import Change, cidrs_of, logging_of, merge_logging, plan_encryption, plan_update


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
        checks.check_encryption(call.get("encryptionConfig", []))
        checks.check_tier(call.get("controlPlaneScalingConfig", {"tier": "standard"})["tier"])
        checks.check_tags(call.get("tags", {}))
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
            self_managed_addons=call.get("bootstrapSelfManagedAddons", True),
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
        is_public = wanted.get("endpointPublicAccess", True)
        cidrs = wanted.get("publicAccessCidrs") or []
        checks.check_cidrs(cidrs)
        return {
            "subnetIds": ids,
            "securityGroupIds": wanted.get("securityGroupIds") or [],
            "clusterSecurityGroupId": self._runtime.account.create_security_group(name, vpc_id),
            "vpcId": vpc_id,
            "endpointPublicAccess": is_public,
            "endpointPrivateAccess": wanted.get("endpointPrivateAccess", False),
            "publicAccessCidrs": cidrs_of(is_public, cidrs, present=[]),
        }

    def _admit_creator(self, cluster: Cluster) -> None:
        """In the API modes the creator's right is an access entry that anyone can see; in CONFIG_MAP it is hidden."""
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
                    cluster.issues = [describe_failure(error, "InternalFailure", [cluster.arn])]
                self._runtime.publish(cluster)

        return done

    def describe_cluster(self, call: Call) -> Json:
        return {"cluster": describe_cluster(self._state.cluster(call.params["name"]))}

    def list_clusters(self, call: Call) -> Json:
        return checks.page_of("clusters", list(self._state.clusters), call.params)

    def list_capabilities(self, call: Call) -> Json:
        """None: no one can make one here."""
        self._state.cluster(call.params["clusterName"])
        return checks.page_of("capabilities", [], call.params)

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
                    cluster.issues = [describe_failure(error, "InternalFailure", [cluster.arn])]
                    return
                self._runtime.account.delete_security_group(cluster.vpc_config["clusterSecurityGroupId"])
                self._state.clusters.pop(cluster.name, None)

        return done

    def update_cluster_config(self, call: Call) -> Json:
        cluster = active_cluster(self._state, call.params["name"])
        check_no_update(cluster.name, cluster.updates)
        change = plan_update(cluster, call.params)
        if change.kind == "VpcConfigUpdate":
            self._check_network(cluster, call.params["resourcesVpcConfig"].get("subnetIds"))
        return self._start(cluster, change)

    def associate_encryption_config(self, call: Call) -> Json:
        cluster = active_cluster(self._state, call.params["clusterName"])
        check_no_update(cluster.name, cluster.updates)
        return self._start(cluster, plan_encryption(cluster, call.params["encryptionConfig"]))

    def _check_network(self, cluster: Cluster, ids: list[str] | None) -> None:
        if ids is not None:
            subnets = checks.check_subnets(ids, self._runtime.account.subnets(ids))
            checks.check_cluster_subnets(subnets)
            if subnets[0].vpc_id != cluster.vpc_config["vpcId"]:
                raise InvalidParameterError("Subnets specified must belong to the cluster's VPC")

    def _start(self, cluster: Cluster, change: Change) -> Json:
        update = Update(self._runtime.new_id(), change.kind, change.params, self._runtime.now())
        cluster.updates[update.id] = update
        cluster.status = "UPDATING"

        def done(error: Exception | None) -> None:
            with self._state.lock:
                update.finish(error)
                if not error:
                    change.apply()
                if cluster.status == "UPDATING":
                    cluster.status = "ACTIVE"
                self._runtime.publish(cluster)

        self._runtime.lifecycle.start("update", f"{update.kind} of {cluster.name}", lambda: None, done)
        self._runtime.publish(cluster)
        return {"update": update.describe()}

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
        page = checks.page_of("clusterVersions", [offer.version for offer in offers], call.params, newest_first=True)
        return {**page, "clusterVersions": [_describe_offer(OFFERS[one]) for one in page["clusterVersions"]]}


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


def _cluster_spec(call: Call, access: Json) -> Json:
    upgrade = {"supportType": "EXTENDED", **call.get("upgradePolicy", {})}
    network = {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", **call.get("kubernetesNetworkConfig", {})}
    return {
        "kubernetesNetworkConfig": network,
        "logging": merge_logging(logging_of(set()), call.get("logging", {})),
        "accessConfig": access,
        "upgradePolicy": upgrade,
        "deletionProtection": call.get("deletionProtection", False),
        "controlPlaneScalingConfig": {"tier": "standard", **call.get("controlPlaneScalingConfig", {})},
        "zonalShiftConfig": {"enabled": False, **call.get("zonalShiftConfig", {})},
        "encryptionConfig": call.get("encryptionConfig", []),
    }


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
