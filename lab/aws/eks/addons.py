"""EKS operations on add-ons. The lab runs none of them: nodes are kwok's and have no network to set up."""

from __future__ import annotations

import json

import jsonschema  # type: ignore[import-untyped]
import yaml

from lab.aws.eks import checks
from lab.aws.eks.catalog import ADDONS, OFFERS, addon_schema, addon_versions, default_addon_version
from lab.aws.eks.clusters import active_cluster, check_no_update, find
from lab.aws.eks.errors import InvalidParameterError, ResourceInUseError, ResourceNotFoundError
from lab.aws.eks.pod_identity import PodIdentities
from lab.aws.eks.runtime import Call, Fault, Runtime
from lab.aws.eks.state import Addon, Cluster, Json, State, Update, describe_failure

RESOLUTIONS = ("OVERWRITE", "NONE", "PRESERVE")
# Statuses in which an add-on may be changed.
SETTLED = ("ACTIVE", "DEGRADED", "CREATE_FAILED", "UPDATE_FAILED")
KEPT = ("serviceAccountRoleArn", "configurationValues")


class AddonOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime
        self._identities = PodIdentities(state, runtime)

    def create_addon(self, call: Call) -> Json:
        cluster, name = active_cluster(self._state, call.params["clusterName"]), call.params["addonName"]
        existing = cluster.addons.get(name)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"addon": existing.describe()}
            raise ResourceInUseError(f"Addon already exists: {name}")
        now = self._runtime.now()
        version = check_addon(name, call.get("addonVersion"), cluster.version)
        addon = Addon(
            name=name,
            arn=self._state.arn("addon", cluster.name, name, self._runtime.new_id()),
            cluster_name=cluster.name,
            version=version,
            created=now,
            modified=now,
            spec={key: call.params[key] for key in KEPT if call.get(key) is not None},
            tags=dict(call.get("tags", {})),
            token=call.get("clientRequestToken", ""),
        )
        addon.spec["namespaceConfig"] = {"namespace": _namespace(call)}
        self._check(cluster, addon, call)
        self._identities.own(cluster, addon, call.get("podIdentityAssociations", []))
        cluster.addons[name] = addon
        conflict = _conflict(cluster, name, call)

        def work() -> None:
            if conflict:
                raise conflict

        def done(error: Exception | None) -> None:
            with self._state.lock:
                if addon.status == "CREATING":
                    addon.status = "CREATE_FAILED" if error else "ACTIVE"
                    addon.issues = [describe_failure(error, "InternalFailure")] if error else []

        self._runtime.lifecycle.start("addon", f"creation of add-on {cluster.name}/{name}", work, done)
        return {"addon": addon.describe()}

    def _check(self, cluster: Cluster, addon: Addon, call: Call) -> None:
        resolution = call.get("resolveConflicts", "NONE")
        if resolution not in RESOLUTIONS:
            raise InvalidParameterError(f"resolveConflicts {resolution!r} is not one of {', '.join(RESOLUTIONS)}")
        check_configuration(addon.name, call.get("configurationValues"))
        checks.check_tags(call.get("tags", {}))
        role = call.get("serviceAccountRoleArn")
        roles = [one["roleArn"] for one in call.get("podIdentityAssociations", [])]
        for arn in [role, *roles] if role else roles:
            checks.check_role_arn(arn)
            if not self._runtime.account.role_exists(arn):
                raise InvalidParameterError(f"Role with arn: {arn} does not exist")
        self._identities.check_own(cluster, addon, call.get("podIdentityAssociations", []))

    def describe_addon(self, call: Call) -> Json:
        return {"addon": self._find(call)[1].describe()}

    def list_addons(self, call: Call) -> Json:
        return checks.page_of("addons", list(self._state.cluster(call.params["clusterName"]).addons), call.params)

    def update_addon(self, call: Call) -> Json:
        cluster, addon = self._find(call)
        if addon.status not in SETTLED:
            raise ResourceInUseError(f"Addon {addon.name} cannot be updated: it is in status {addon.status}")
        check_no_update(addon.name, addon.updates)
        version = check_addon(addon.name, call.get("addonVersion", addon.version), cluster.version)
        self._check(cluster, addon, call)
        changes = {key: call.params[key] for key in KEPT if call.get(key) is not None}
        params = [{"type": "AddonVersion", "value": version}]
        params += [{"type": key[0].upper() + key[1:], "value": str(value)} for key, value in changes.items()]
        params.append({"type": "ResolveConflicts", "value": call.get("resolveConflicts", "NONE")})
        addon.status, addon.modified = "UPDATING", self._runtime.now()
        update = Update(self._runtime.new_id(), "AddonUpdate", params, addon.modified)
        addon.updates[update.id] = update
        identities = call.get("podIdentityAssociations")
        # A role that an update does not name is gone; configuration too, when it overwrites.
        resets = call.get("resolveConflicts") == "OVERWRITE"

        def done(error: Exception | None) -> None:
            with self._state.lock:
                update.finish(error)
                if addon.status != "UPDATING":
                    return
                addon.status = "UPDATE_FAILED" if error else "ACTIVE"
                addon.issues = [describe_failure(error, "InternalFailure")] if error else []
                if not error:
                    addon.version = version
                    for key in KEPT:
                        if key == "serviceAccountRoleArn" or resets:
                            addon.spec.pop(key, None)
                    addon.spec.update(changes)
                    if identities is not None:
                        self._identities.own(cluster, addon, identities)

        what = f"update of add-on {cluster.name}/{addon.name}"
        self._runtime.lifecycle.start("update", what, lambda: None, done)
        return {"update": update.describe()}

    def delete_addon(self, call: Call) -> Json:
        cluster, addon = self._find(call)
        addon.status = "DELETING"

        def done(error: Exception | None) -> None:
            with self._state.lock:
                if error:
                    addon.status = "DELETE_FAILED"
                    addon.issues = [describe_failure(error, "InternalFailure")]
                    return
                self._identities.own(cluster, addon, [])
                cluster.addons.pop(addon.name, None)

        what = f"deletion of add-on {cluster.name}/{addon.name}"
        self._runtime.lifecycle.start("delete", what, lambda: None, done)
        return {"addon": addon.describe()}

    def describe_addon_versions(self, call: Call) -> Json:
        version, wanted = call.get("kubernetesVersion"), call.get("addonName")
        if version:
            checks.check_version(version)
        if wanted and wanted not in ADDONS:
            raise InvalidParameterError(_unknown_addon(wanted))
        types = call.get("types") or [offer.kind for offer in ADDONS.values()]
        names = [wanted] if wanted else [name for name, offer in ADDONS.items() if offer.kind in types]
        page = checks.page_of("addons", names, call.params)
        clusters = [version] if version else list(OFFERS)
        return {**page, "addons": [_describe_addon(name, clusters) for name in page["addons"]]}

    def describe_addon_configuration(self, call: Call) -> Json:
        name, version = call.params["addonName"], call.params["addonVersion"]
        if name not in ADDONS or all(version not in addon_versions(name, one) for one in OFFERS):
            raise ResourceNotFoundError(f"No configuration found for addon {name} with version {version}")
        return {
            "addonName": name,
            "addonVersion": version,
            "configurationSchema": json.dumps(addon_schema(name)),
            "podIdentityConfiguration": [
                {"serviceAccount": account, "recommendedManagedPolicies": list(policies)}
                for account, policies in ADDONS[name].service_accounts
            ],
        }

    def _find(self, call: Call) -> tuple[Cluster, Addon]:
        cluster = self._state.cluster(call.params["clusterName"])
        return cluster, find(cluster.addons, call.params["addonName"], "addon")


def check_addon(name: str, version: str | None, kubernetes_version: str) -> str:
    """The version to install: the one asked for if it suits the cluster, else the default."""
    versions = addon_versions(name, kubernetes_version)
    if not versions:
        raise InvalidParameterError(_unknown_addon(name))
    if version and version not in versions:
        raise InvalidParameterError(
            f"Addon version specified is not supported: {name} {version}, with Kubernetes {kubernetes_version};"
            f" supported are {', '.join(versions)}"
        )
    return version or default_addon_version(name, kubernetes_version)


def check_configuration(name: str, text: str | None) -> None:
    """Configuration comes as JSON or YAML and must fit the add-on's schema."""
    if not text:
        return
    refused = "ConfigurationValue provided in request is not supported"
    try:
        jsonschema.validate(yaml.safe_load(text), addon_schema(name))
    except yaml.YAMLError:
        raise InvalidParameterError(f"{refused}: it is neither JSON nor YAML") from None
    except jsonschema.ValidationError as error:
        raise InvalidParameterError(
            f"{refused}: Json schema validation failed with error: [{error.json_path}: {error.message}]"
        ) from None


def _namespace(call: Call) -> str:
    return str(call.get("namespaceConfig", {}).get("namespace") or ADDONS[call.params["addonName"]].namespace)


def _conflict(cluster: Cluster, name: str, call: Call) -> Fault | None:
    """A new cluster's self-managed add-on is in the way of one that may change nothing."""
    if not (ADDONS[name].self_managed and cluster.self_managed_addons) or call.get("resolveConflicts") == "OVERWRITE":
        return None
    return Fault(
        "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:"
        f" the self-managed {name} in namespace kube-system",
        "ConfigurationConflict",
    )


def _unknown_addon(name: str) -> str:
    return f"Addon {name} specified is not supported; the lab has {', '.join(ADDONS)}"


def _describe_addon(name: str, kubernetes_versions: list[str]) -> Json:
    compatible: dict[str, list[Json]] = {}
    for kubernetes_version in kubernetes_versions:
        default = default_addon_version(name, kubernetes_version)
        for version in addon_versions(name, kubernetes_version):
            compatible.setdefault(version, []).append(
                {
                    "clusterVersion": kubernetes_version,
                    "platformVersions": ["*"],
                    "defaultVersion": version == default,
                }
            )
    return {
        "addonName": name,
        "type": ADDONS[name].kind,
        "owner": "aws",
        "publisher": "eks",
        "defaultNamespace": ADDONS[name].namespace,
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "computeTypes": ["ec2", "auto", "hybrid"],
                "compatibilities": found,
                "requiresConfiguration": False,
                "requiresIamPermissions": bool(ADDONS[name].service_accounts),
            }
            for version, found in sorted(compatible.items(), reverse=True)
        ],
    }
