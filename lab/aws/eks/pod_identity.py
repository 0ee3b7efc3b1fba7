"""EKS operations on pod identity associations. The lab keeps them; its pods get no credentials through them."""

from __future__ import annotations

from collections.abc import Sequence

from lab.aws.eks import checks
from lab.aws.eks.clusters import active_cluster
from lab.aws.eks.errors import InvalidParameterError, InvalidRequestError, ResourceInUseError, ResourceNotFoundError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Addon, Cluster, Json, PodIdentityAssociation, State


class PodIdentities:
    """The associations themselves, for their own operations and for the add-ons that bring some."""

    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def add(
        self, cluster: Cluster, namespace: str, service_account: str, spec: Json, owner_arn: str | None = None
    ) -> PodIdentityAssociation:
        check_free(cluster, namespace, service_account, owner_arn)
        now = self._runtime.now()
        association_id = f"a-{self._runtime.new_id().replace('-', '')[:17]}"
        association = PodIdentityAssociation(
            id=association_id,
            arn=self._state.arn("podidentityassociation", cluster.name, association_id),
            cluster_name=cluster.name,
            namespace=namespace,
            service_account=service_account,
            created=now,
            modified=now,
            spec=spec,
            tags={},
            token="",
            owner_arn=owner_arn,
        )
        cluster.pod_identities[association_id] = association
        return association

    def check_own(self, cluster: Cluster, addon: Addon, wanted: Sequence[Json]) -> None:
        for one in wanted:
            check_free(cluster, addon.spec["namespaceConfig"]["namespace"], one["serviceAccount"], addon.arn)

    def own(self, cluster: Cluster, addon: Addon, wanted: Sequence[Json]) -> None:
        """Make an add-on's associations those that are wanted."""
        roles = {one["serviceAccount"]: one["roleArn"] for one in wanted}
        for association in list(cluster.pod_identities.values()):
            if association.owner_arn != addon.arn:
                continue
            role = roles.pop(association.service_account, None)
            if role is None:
                del cluster.pod_identities[association.id]
            else:
                association.spec["roleArn"] = role
        for account, role in roles.items():
            spec = {"roleArn": role, "disableSessionTags": False}
            self.add(cluster, addon.spec["namespaceConfig"]["namespace"], account, spec, addon.arn)
        owned = [one.arn for one in cluster.pod_identities.values() if one.owner_arn == addon.arn]
        addon.spec["podIdentityAssociations"] = owned


class PodIdentityOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime
        self._identities = PodIdentities(state, runtime)

    def create_pod_identity_association(self, call: Call) -> Json:
        cluster = active_cluster(self._state, call.params["clusterName"])
        namespace, account = call.params["namespace"], call.params["serviceAccount"]
        token = call.get("clientRequestToken", "")
        again = next((one for one in cluster.pod_identities.values() if token and one.token == token), None)
        if again:
            return {"association": again.describe()}
        checks.check_tags(call.get("tags", {}))
        spec = {"roleArn": call.params["roleArn"], "disableSessionTags": call.get("disableSessionTags", False)}
        self._apply(spec, call, f"{self._state.region}/{self._state.account_id}/{cluster.name}/{namespace}/{account}")
        association = self._identities.add(cluster, namespace, account, spec)
        association.tags, association.token = dict(call.get("tags", {})), token
        return {"association": association.describe()}

    def describe_pod_identity_association(self, call: Call) -> Json:
        return {"association": self._find(call)[1].describe()}

    def list_pod_identity_associations(self, call: Call) -> Json:
        known = self._state.cluster(call.params["clusterName"]).pod_identities
        wanted = [
            one.id
            for one in known.values()
            if call.get("namespace") in (None, one.namespace)
            and call.get("serviceAccount") in (None, one.service_account)
        ]
        page = checks.page_of("associations", wanted, call.params)
        return {**page, "associations": [known[one].summary() for one in page["associations"]]}

    def update_pod_identity_association(self, call: Call) -> Json:
        cluster, association = self._find(call)
        _check_not_owned(association)
        spec = dict(association.spec)
        names = (cluster.name, association.namespace, association.service_account)
        self._apply(spec, call, "/".join((self._state.region, self._state.account_id, *names)))
        association.spec, association.modified = spec, self._runtime.now()
        return {"association": association.describe()}

    def delete_pod_identity_association(self, call: Call) -> Json:
        cluster, association = self._find(call)
        _check_not_owned(association)
        del cluster.pod_identities[association.id]
        return {"association": association.describe()}

    def _apply(self, spec: Json, call: Call, external_id: str) -> None:
        """Take a request's settings over; an empty target role or policy takes the old one away."""
        for field in ("roleArn", "disableSessionTags", "targetRoleArn", "policy"):
            if call.get(field) is not None:
                spec[field] = call.params[field]
        for field in ("targetRoleArn", "policy"):
            if spec.get(field) == "":
                del spec[field]
        checks.check_role_arn(spec["roleArn"])
        if not self._runtime.account.role_exists(spec["roleArn"]):
            raise InvalidParameterError(f"Role provided in the request does not exist: {spec['roleArn']}")
        if spec.get("policy") and not spec["disableSessionTags"]:
            raise InvalidParameterError("A policy can be given only with disableSessionTags set to true")
        spec.pop("externalId", None)
        if "targetRoleArn" in spec:
            checks.check_role_arn(spec["targetRoleArn"])
            spec["externalId"] = external_id

    def _find(self, call: Call) -> tuple[Cluster, PodIdentityAssociation]:
        cluster, wanted = self._state.cluster(call.params["clusterName"]), call.params["associationId"]
        if wanted not in cluster.pod_identities:
            raise ResourceNotFoundError(f"No association found for ID: {wanted}")
        return cluster, cluster.pod_identities[wanted]


def check_free(cluster: Cluster, namespace: str, service_account: str, owner_arn: str | None) -> None:
    for one in cluster.pod_identities.values():
        taken = (one.namespace, one.service_account) == (namespace, service_account)
        if taken and (owner_arn is None or one.owner_arn != owner_arn):
            raise ResourceInUseError(f"Association already exists: {one.id}")


def _check_not_owned(association: PodIdentityAssociation) -> None:
    if association.owner_arn:
        raise InvalidRequestError(
            f"Association {association.id} is owned by {association.owner_arn}: change it through the add-on"
        )
