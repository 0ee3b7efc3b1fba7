"""cluster.json: what the lab's other programs know about a cluster."""

from __future__ import annotations

from lab.aws.eks.clusters import base64_text
from lab.aws.eks.state import Cluster, Json
from lab.world.config import LabConfig, write_json


def cluster_facts(cluster: Cluster, region: str) -> Json:
    """The content of cluster.json of a cluster that has booted."""
    assert cluster.booted
    return {
        "name": cluster.name,
        "index": cluster.index,
        "region": region,
        "version": cluster.version,
        "arn": cluster.arn,
        "status": cluster.status,
        "endpoint": cluster.booted.endpoint,
        "certificate_authority": base64_text(cluster.booted.ca),
        "kubeconfig": cluster.booted.kubeconfig,
        "oidc_issuer": cluster.issuer,
        "nodegroups": [
            {"name": group.name, "status": group.status, "nodes": sorted(group.nodes)}
            for group in cluster.nodegroups.values()
        ],
        "fargate_profiles": [
            {
                "name": profile.name,
                "selectors": [
                    {"namespace": selector["namespace"], "labels": selector.get("labels") or {}}
                    for selector in profile.selectors
                ],
                "subnets": profile.subnets,
                "role_arn": profile.role_arn,
                "status": profile.status,
            }
            for profile in cluster.fargate_profiles.values()
        ],
        "access_entries": [
            {
                "principal_arn": entry.principal_arn,
                "username": entry.username,
                "groups": entry.groups,
                "policies": sorted(entry.policies),
            }
            for entry in cluster.access_entries.values()
        ],
    }


class Publisher:
    """Writes cluster.json after each change, once the cluster has an API server."""

    def __init__(self, config: LabConfig, region: str) -> None:
        self._config = config
        self._region = region
        self._written: dict[str, Json] = {}

    def __call__(self, cluster: Cluster) -> None:
        if cluster.booted is None:
            return
        facts = cluster_facts(cluster, self._region)
        path = self._config.cluster_dir(cluster.name) / "cluster.json"
        if self._written.get(cluster.name) != facts or not path.exists():
            write_json(path, facts)
            self._written[cluster.name] = facts
