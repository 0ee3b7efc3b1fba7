"""EKS operations on Fargate profiles. The node agent decides from cluster.json which pods they take."""

from __future__ import annotations

from collections.abc import Callable

from lab.aws.eks import checks
from lab.aws.eks.access import admit_nodes
from lab.aws.eks.clusters import active_cluster, find
from lab.aws.eks.errors import InvalidParameterError, ResourceInUseError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Cluster, FargateProfile, Json, State, describe_failure


class FargateOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def create_fargate_profile(self, call: Call) -> Json:
        cluster, name = active_cluster(self._state, call.params["clusterName"]), call.params["fargateProfileName"]
        existing = cluster.fargate_profiles.get(name)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"fargateProfile": existing.describe()}
            raise ResourceInUseError(f"A Fargate Profile already exists with this name in this cluster: {name}")
        check_alone(cluster, f"create Fargate Profile {name}")
        profile = self._new_profile(cluster, call)
        cluster.fargate_profiles[name] = profile
        admit_nodes(self._state, self._runtime, cluster, profile.role_arn, "FARGATE_LINUX")
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "fargate_profile",
            f"creation of Fargate profile {cluster.name}/{name}",
            lambda: self._runtime.launcher.admit_profile(cluster.name, profile.name),
            self._settled(cluster, profile, "CREATE_FAILED", lambda: setattr(profile, "status", "ACTIVE")),
        )
        return {"fargateProfile": profile.describe()}

    def _new_profile(self, cluster: Cluster, call: Call) -> FargateProfile:
        name, role = call.params["fargateProfileName"], call.params["podExecutionRoleArn"]
        checks.check_role_arn(role)
        if not self._runtime.account.role_exists(role):
            raise InvalidParameterError(f"Misconfigured PodExecutionRole: {role} does not exist")
        checks.check_selectors(call.get("selectors", []))
        checks.check_tags(call.get("tags", {}))
        ids = call.get("subnets") or cluster.vpc_config["subnetIds"]
        subnets = checks.check_subnets(ids, self._runtime.account.subnets(ids))
        if not call.get("subnets"):
            subnets = [subnet for subnet in subnets if not subnet.routes_to_internet]
        checks.check_fargate_subnets(subnets)
        return FargateProfile(
            name=name,
            arn=self._state.arn("fargateprofile", cluster.name, name, self._runtime.new_id()),
            cluster_name=cluster.name,
            created=self._runtime.now(),
            role_arn=role,
            subnets=[subnet.id for subnet in subnets],
            selectors=list(call.params["selectors"]),
            tags=dict(call.get("tags", {})),
            token=call.get("clientRequestToken", ""),
        )

    def _settled(
        self, cluster: Cluster, profile: FargateProfile, failed: str, change: Callable[[], object]
    ) -> Callable[[Exception | None], None]:
        def done(error: Exception | None) -> None:
            with self._state.lock:
                if error:
                    profile.status, profile.issues = failed, [describe_failure(error, "InternalFailure")]
                else:
                    change()
                self._runtime.publish(cluster)

        return done

    def describe_fargate_profile(self, call: Call) -> Json:
        return {"fargateProfile": self._find(call)[1].describe()}

    def list_fargate_profiles(self, call: Call) -> Json:
        cluster = self._state.cluster(call.params["clusterName"])
        return checks.page_of("fargateProfileNames", list(cluster.fargate_profiles), call.params)

    def delete_fargate_profile(self, call: Call) -> Json:
        cluster, profile = self._find(call)
        check_alone(cluster, f"delete Fargate Profile {profile.name}")
        profile.status = "DELETING"
        self._runtime.publish(cluster)
        self._runtime.lifecycle.start(
            "delete",
            f"deletion of Fargate profile {cluster.name}/{profile.name}",
            lambda: None,
            self._settled(cluster, profile, "DELETE_FAILED", lambda: cluster.fargate_profiles.pop(profile.name, None)),
        )
        return {"fargateProfile": profile.describe()}

    def _find(self, call: Call) -> tuple[Cluster, FargateProfile]:
        cluster = self._state.cluster(call.params["clusterName"])
        return cluster, find(cluster.fargate_profiles, call.params["fargateProfileName"], "Fargate Profile")


def check_alone(cluster: Cluster, what: str) -> None:
    """EKS changes one Fargate profile of a cluster at a time."""
    for profile in cluster.fargate_profiles.values():
        if profile.status in ("CREATING", "DELETING"):
            raise ResourceInUseError(
                f"Cannot {what} because cluster {cluster.name} currently has Fargate profile {profile.name}"
                f" in status {profile.status}"
            )
