"""EKS operations on insights: what EKS would warn about before an upgrade, and what is set up wrongly."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from lab.aws.eks import checks
from lab.aws.eks.catalog import OFFERS, addon_versions
from lab.aws.eks.errors import InvalidParameterError, ResourceNotFoundError
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Cluster, Json, State

CATEGORIES = ("UPGRADE_READINESS", "MISCONFIGURATION", "ROLLBACK_READINESS")
# A cluster's tag lets the lab find what it has not looked for: "apis=ERROR addons=WARNING".
TAG = "lab/insights"


@dataclass(frozen=True)
class Insight:
    name: str
    category: str
    description: str
    recommendation: str
    kubernetes_version: str
    status: str = "PASSING"
    reason: str = "Nothing was found."
    resources: tuple[Json, ...] = ()
    summary: Json = field(default_factory=dict)

    def id_in(self, cluster: Cluster) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.arn}/{self.category}/{self.name}"))

    @property
    def insight_status(self) -> Json:
        return {"status": self.status, "reason": self.reason}


class InsightOperations:
    def __init__(self, state: State, runtime: Runtime) -> None:
        self._state = state
        self._runtime = runtime

    def list_insights(self, call: Call) -> Json:
        cluster, wanted = self._state.cluster(call.params["clusterName"]), call.get("filter", {})
        for category in wanted.get("categories", []):
            if category not in CATEGORIES:
                raise InvalidParameterError(f"The category {category!r} is not one of {', '.join(CATEGORIES)}")
        found = {one.id_in(cluster): one for one in insights_of(cluster) if _wanted(one, wanted)}
        page = checks.page_of("insights", list(found), call.params)
        return {**page, "insights": [self._summary(cluster, found[one]) for one in page["insights"]]}

    def describe_insight(self, call: Call) -> Json:
        cluster = self._state.cluster(call.params["clusterName"])
        found = {one.id_in(cluster): one for one in insights_of(cluster)}
        if call.params["id"] not in found:
            raise ResourceNotFoundError(f"No insight found for ID: {call.params['id']}")
        insight = found[call.params["id"]]
        described = {
            **self._summary(cluster, insight),
            "recommendation": insight.recommendation,
            "additionalInfo": {},
            "resources": [{**one, "insightStatus": insight.insight_status} for one in insight.resources],
            "categorySpecificSummary": {"deprecationDetails": [], "addonCompatibilityDetails": [], **insight.summary},
        }
        return {"insight": described}

    def _summary(self, cluster: Cluster, insight: Insight) -> Json:
        return {
            "id": insight.id_in(cluster),
            "name": insight.name,
            "category": insight.category,
            "kubernetesVersion": insight.kubernetes_version,
            "lastRefreshTime": self._runtime.now(),
            "lastTransitionTime": cluster.created,
            "description": insight.description,
            "insightStatus": insight.insight_status,
        }


def insights_of(cluster: Cluster) -> list[Insight]:
    """Against the next minor version; only the add-ons are really looked at."""
    told = dict(word.split("=", 1) for word in cluster.tags.get(TAG, "").split() if "=" in word)
    following = _next_minor(cluster.version)
    ready = {
        "Cluster health issues": "Checks for any cluster health issues that prevent successful upgrade.",
        "Kubelet version skew": "Checks for kubelet minor version of worker nodes against the control plane's.",
        "kube-proxy version skew": "Checks version of kube-proxy in cluster against the control plane's.",
        "Amazon Linux 2 compatibility": "Checks if any nodes in the cluster run Amazon Linux 2.",
    }
    plain = [
        Insight(name, "UPGRADE_READINESS", text, "Put this right before the upgrade.", following)
        for name, text in ready.items()
    ]
    subnets = Insight(
        "Amazon EKS node subnets",
        "MISCONFIGURATION",
        "Checks that the subnets of nodes have free addresses.",
        "Use subnets with room for more nodes.",
        cluster.version,
    )
    return [*plain, _apis(following, told.get("apis")), _addons(cluster, following, told.get("addons")), subnets]


def _apis(following: str, told: str | None) -> Insight:
    usage = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas"
    details = {
        "usage": usage,
        "replacedWith": "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        "stopServingVersion": following,
        "startServingReplacementVersion": "1.29",
        "clientStats": [{"userAgent": "arena-tools", "numberOfRequestsLast30Days": 7}],
    }
    finding: Json = {
        "status": told,
        "reason": "Deprecated API usage detected within the last 30 days.",
        "resources": ({"kubernetesResourceUri": f"{usage}/arena"},),
        "summary": {"deprecationDetails": [details]},
    }
    return Insight(
        f"Deprecated APIs removed in Kubernetes v{following}",
        "UPGRADE_READINESS",
        "Checks for usage of deprecated APIs that are removed in this version.",
        "Update manifests and clients to use newer APIs.",
        following,
        **(finding if told else {}),
    )


def _addons(cluster: Cluster, following: str, told: str | None) -> Insight:
    """kube-proxy may stay behind the cluster's minor version, as on EKS."""
    offered = {name: addon_versions(name, following) if following in OFFERS else () for name in cluster.addons}
    bad = [
        name
        for name, addon in sorted(cluster.addons.items())
        if told or (offered[name] and name != "kube-proxy" and addon.version not in offered[name])
    ]
    finding: Json = {
        "status": told or "ERROR",
        "reason": f"Installed add-on versions do not support Kubernetes {following}: {', '.join(bad)}.",
        "resources": tuple({"arn": cluster.addons[name].arn} for name in bad),
        "summary": {
            "addonCompatibilityDetails": [{"name": name, "compatibleVersions": list(offered[name])} for name in bad]
        },
    }
    return Insight(
        "EKS add-on version compatibility",
        "UPGRADE_READINESS",
        "Checks version of installed EKS add-ons to ensure compatibility with the next version of Kubernetes.",
        "Upgrade the add-ons to a compatible version.",
        following,
        **(finding if told or bad else {}),
    )


def _next_minor(version: str) -> str:
    major, minor = version.split(".")
    return f"{major}.{int(minor) + 1}"


def _wanted(insight: Insight, wanted: Json) -> bool:
    given = {
        "categories": insight.category,
        "kubernetesVersions": insight.kubernetes_version,
        "statuses": insight.status,
    }
    return all(value in wanted[key] for key, value in given.items() if wanted.get(key))
