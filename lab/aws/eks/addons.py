"""EKS operations on add-ons. The lab runs none of them: nodes are kwok's and have no network to set up."""

from __future__ import annotations

import json
from collections.abc import Callable

from lab.aws.eks import checks
from lab.aws.eks.catalog import ADDON_TYPES, OFFERS, addon_versions
from lab.aws.eks.clusters import active_cluster, check_no_update, find
from lab.aws.eks.errors import InvalidParameterError, ResourceInUseError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Addon, Cluster, Json, State, Update


class AddonOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def create_addon(self, call: Call) -> Json:
        cluster, name = active_cluster(self._state, call.params["clusterName"]), call.params["addonName"]
        existing = cluster.addons.get(name)
        if existing:
            if existing.token and existing.token == call.get("clientRequestToken"):
                return {"addon": existing.describe()}
            raise ResourceInUseError(f"Addon already exists: {name}")
        now = self._runtime.now()
        optional = ("serviceAccountRoleArn", "configurationValues")
        addon = Addon(
            name=name,
            arn=self._state.arn("addon", cluster.name, name, self._runtime.new_id()),
            cluster_name=cluster.name,
            version=check_addon(name, call.get("addonVersion"), cluster.version),
            created=now,
            modified=now,
            spec={key: call.params[key] for key in optional if call.get(key) is not None},
            tags=dict(call.get("tags", {})),
            token=call.get("clientRequestToken", ""),
        )
        cluster.addons[name] = addon
        self._settle("addon", f"creation of add-on {cluster.name}/{name}", lambda: _activate(addon))
        return {"addon": addon.describe()}

    def _settle(self, kind: str, what: str, change: Callable[[], object]) -> None:
        def done(_error: Exception | None) -> None:
            with self._state.lock:
                change()

        self._runtime.lifecycle.start(kind, what, lambda: None, done)

    def describe_addon(self, call: Call) -> Json:
        return {"addon": self._find(call)[1].describe()}

    def list_addons(self, call: Call) -> Json:
        return checks.page_of("addons", list(self._state.cluster(call.params["clusterName"]).addons), call.params)

    def update_addon(self, call: Call) -> Json:
        cluster, addon = self._find(call)
        if addon.status != "ACTIVE":
            raise ResourceInUseError(f"Addon {addon.name} cannot be updated: it is in status {addon.status}")
        check_no_update(addon.name, addon.updates)
        version = check_addon(addon.name, call.get("addonVersion", addon.version), cluster.version)
        keys = ("serviceAccountRoleArn", "configurationValues")
        changes = {key: call.params[key] for key in keys if call.get(key) is not None}
        params = [{"type": "AddonVersion", "value": version}]
        params += [{"type": key[0].upper() + key[1:], "value": json.dumps(value)} for key, value in changes.items()]
        addon.version, addon.status, addon.modified = version, "UPDATING", self._runtime.now()
        addon.spec.update(changes)
        update = Update(self._runtime.new_id(), "AddonUpdate", params, addon.modified)
        addon.updates[update.id] = update

        def finish() -> None:
            update.status = "Successful"
            _activate(addon)

        self._settle("update", f"update of add-on {cluster.name}/{addon.name}", finish)
        return {"update": update.describe()}

    def delete_addon(self, call: Call) -> Json:
        cluster, addon = self._find(call)
        addon.status = "DELETING"
        self._settle(
            "delete", f"deletion of add-on {cluster.name}/{addon.name}", lambda: cluster.addons.pop(addon.name, None)
        )
        return {"addon": addon.describe()}

    def describe_addon_versions(self, call: Call) -> Json:
        version, wanted = call.get("kubernetesVersion"), call.get("addonName")
        if version:
            checks.check_version(version)
        if wanted and wanted not in ADDON_TYPES:
            raise InvalidParameterError(_unknown_addon(wanted))
        names = [wanted] if wanted else list(ADDON_TYPES)
        page = checks.page_of("addons", names, call.params)
        clusters = [version] if version else list(OFFERS)
        return {**page, "addons": [_describe_addon(name, clusters) for name in page["addons"]]}

    def _find(self, call: Call) -> tuple[Cluster, Addon]:
        cluster = self._state.cluster(call.params["clusterName"])
        return cluster, find(cluster.addons, call.params["addonName"], "addon")


def _activate(addon: Addon) -> None:
    """Unless somebody deletes it meanwhile."""
    if addon.status in ("CREATING", "UPDATING"):
        addon.status = "ACTIVE"


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
    return version or versions[0]


def _unknown_addon(name: str) -> str:
    return f"Addon {name} specified is not supported; the lab has {', '.join(ADDON_TYPES)}"


def _describe_addon(name: str, kubernetes_versions: list[str]) -> Json:
    compatible: dict[str, list[Json]] = {}
    for kubernetes_version in kubernetes_versions:
        for position, version in enumerate(addon_versions(name, kubernetes_version)):
            compatible.setdefault(version, []).append(
                {"clusterVersion": kubernetes_version, "platformVersions": ["*"], "defaultVersion": position == 0}
            )
    return {
        "addonName": name,
        "type": ADDON_TYPES[name],
        "owner": "aws",
        "publisher": "eks",
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": found,
                "requiresConfiguration": False,
                "requiresIamPermissions": False,
            }
            for version, found in sorted(compatible.items(), reverse=True)
        ],
    }
