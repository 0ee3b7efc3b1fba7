"""What UpdateClusterConfig makes of a cluster: one kind of change in each call. Nothing here acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.aws.eks import checks
from lab.aws.eks.errors import InvalidParameterError, InvalidRequestError
from lab.aws.eks.state import Cluster, Json

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
ENDPOINT_FIELDS = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
NETWORK_FIELDS = ("subnetIds", "securityGroupIds")


@dataclass(frozen=True)
class Change:
    """An update that may start: its type and parameters, and what it makes of the cluster in the end."""

    kind: str
    params: list[Json]
    apply: Callable[[], None]


def plan_update(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    """The one change that a request asks for, or EKS's refusal."""
    kinds = [kind for kind in _PLANNERS if _asks_for(kind, request)]
    if not kinds:
        raise InvalidParameterError("No changes needed: the request names none")
    if len(kinds) > 1:
        raise InvalidParameterError("Only one type of update can be allowed")
    return _PLANNERS[kinds[0]](cluster, request)


def plan_encryption(cluster: Cluster, config: list[Json]) -> Change:
    checks.check_encryption(config)
    if cluster.spec["encryptionConfig"]:
        raise InvalidRequestError(f"Cluster {cluster.name} already has an encryption configuration; it stays for good")

    def apply() -> None:
        cluster.spec["encryptionConfig"] = config

    return Change("AssociateEncryptionConfig", [_param("EncryptionConfig", config)], apply)


def merge_logging(before: Json, wanted: Json) -> Json:
    """Which log types are on after a change; types that the change does not name stay as they were."""
    enabled = {kind for setup in before["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
    for setup in wanted.get("clusterLogging", []):
        kinds = set(setup.get("types", []))
        if unknown := sorted(kinds - set(LOG_TYPES)):
            raise InvalidParameterError(f"{unknown[0]!r} is not a log type; known are {', '.join(LOG_TYPES)}")
        enabled = enabled | kinds if setup.get("enabled") else enabled - kinds
    return logging_of(enabled)


def logging_of(enabled: set[str]) -> Json:
    setups = [
        {"types": [kind for kind in LOG_TYPES if kind in enabled], "enabled": True},
        {"types": [kind for kind in LOG_TYPES if kind not in enabled], "enabled": False},
    ]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def _asks_for(kind: str, request: Mapping[str, Any]) -> bool:
    vpc = request.get("resourcesVpcConfig") or {}
    if kind == "EndpointAccessUpdate":
        return any(vpc.get(key) is not None for key in ENDPOINT_FIELDS)
    if kind == "VpcConfigUpdate":
        return any(vpc.get(key) is not None for key in NETWORK_FIELDS)
    return request.get(_FIELDS[kind]) is not None


def _endpoints(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    changes = _given(request["resourcesVpcConfig"], ENDPOINT_FIELDS)
    after = {**cluster.vpc_config, **changes}
    present = cluster.vpc_config["publicAccessCidrs"]
    after["publicAccessCidrs"] = cidrs_of(after["endpointPublicAccess"], after["publicAccessCidrs"], present)
    if after == cluster.vpc_config:
        raise InvalidParameterError(
            "Cluster is already at the desired configuration with"
            f" endpointPrivateAccess: {cluster.vpc_config['endpointPrivateAccess']},"
            f" endpointPublicAccess: {cluster.vpc_config['endpointPublicAccess']},"
            f" and Public Endpoint Restrictions: {cluster.vpc_config['publicAccessCidrs']}"
        )
    if not (after["endpointPublicAccess"] or after["endpointPrivateAccess"]):
        raise InvalidParameterError("Private and public endpoint access cannot be false")
    checks.check_cidrs(after["publicAccessCidrs"])
    params = [_param(key[0].upper() + key[1:], value) for key, value in changes.items()]
    update = {key: after[key] for key in ENDPOINT_FIELDS}
    return Change("EndpointAccessUpdate", params, lambda: cluster.vpc_config.update(update))


def cidrs_of(is_public: bool, wanted: list[str], present: list[str]) -> list[str]:
    """The networks that an endpoint has: all where none is named; those of a private one stay as they are."""
    return (wanted or ["0.0.0.0/0"]) if is_public else present


def _network(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    changes = _given(request["resourcesVpcConfig"], NETWORK_FIELDS)
    if {**cluster.vpc_config, **changes} == cluster.vpc_config:
        raise InvalidParameterError("No changes needed for the resourcesVpcConfig provided")
    names = {"subnetIds": "Subnets", "securityGroupIds": "SecurityGroups"}
    params = [_param(names[key], value) for key, value in changes.items()]
    return Change("VpcConfigUpdate", params, lambda: cluster.vpc_config.update(changes))


def _given(wanted: Mapping[str, Any], keys: tuple[str, ...]) -> Json:
    return {key: wanted[key] for key in keys if wanted.get(key) is not None}


def _logging(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    after = merge_logging(cluster.spec["logging"], request["logging"])
    return _of_spec(cluster, "LoggingUpdate", after, [_param("ClusterLogging", request["logging"])])


def _access(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    mode = request["accessConfig"]["authenticationMode"]
    checks.check_authentication_mode(mode)
    checks.check_mode_change(cluster.authentication_mode, mode)
    after = {**cluster.spec["accessConfig"], "authenticationMode": mode}
    return _of_spec(cluster, "AccessConfigUpdate", after, [_param("AuthenticationMode", mode)])


def _tier(cluster: Cluster, request: Mapping[str, Any]) -> Change:
    before, wanted = cluster.spec["controlPlaneScalingConfig"], request["controlPlaneScalingConfig"]
    checks.check_tier(wanted["tier"])
    params = [_param("PreviousTier", before["tier"]), _param("UpdatedTier", wanted["tier"])]
    return _of_spec(cluster, "ControlPlaneScalingConfigUpdate", {**before, **wanted}, params)


def _plain(kind: str) -> Callable[[Cluster, Mapping[str, Any]], Change]:
    def plan(cluster: Cluster, request: Mapping[str, Any]) -> Change:
        field = _FIELDS[kind]
        before, wanted = cluster.spec[field], request[field]
        after = {**before, **wanted} if isinstance(wanted, dict) else wanted
        return _of_spec(cluster, kind, after, [_param(field[0].upper() + field[1:], wanted)])

    return plan


def _of_spec(cluster: Cluster, kind: str, after: Any, params: list[Json]) -> Change:
    field = _FIELDS[kind]
    if after == cluster.spec[field]:
        raise InvalidParameterError(f"No changes needed for the {field} provided")
    return Change(kind, params, lambda: cluster.spec.update({field: after}))


def _param(kind: str, value: Any) -> Json:
    return {"type": kind, "value": value if isinstance(value, str) else json.dumps(value)}


# Type of an update -> the field of the request that asks for it.
_FIELDS = {
    "LoggingUpdate": "logging",
    "AccessConfigUpdate": "accessConfig",
    "UpgradePolicyUpdate": "upgradePolicy",
    "ZonalShiftConfigUpdate": "zonalShiftConfig",
    "DeletionProtectionUpdate": "deletionProtection",
    "ControlPlaneScalingConfigUpdate": "controlPlaneScalingConfig",
}
_PLANNERS = {
    "EndpointAccessUpdate": _endpoints,
    "VpcConfigUpdate": _network,
    "LoggingUpdate": _logging,
    "AccessConfigUpdate": _access,
    "UpgradePolicyUpdate": _plain("UpgradePolicyUpdate"),
    "ZonalShiftConfigUpdate": _plain("ZonalShiftConfigUpdate"),
    "DeletionProtectionUpdate": _plain("DeletionProtectionUpdate"),
    "ControlPlaneScalingConfigUpdate": _tier,
}
