"""The lab as AWS, the clusters' API servers and the players show it, as JSON, for the scenarios to check.

It asks with boto3 and kubectl, as the lab's administrator, so that no module of the collection judges its own work.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import Any

from lab.demo import demo
from lab.world import seed, world
from lab.world.config import LabConfig

Json = dict[str, Any]

KINDS = (
    "fleets.agones.dev",
    "gameservers.agones.dev",
    "fleetautoscalers.autoscaling.agones.dev",
    "deployments.apps",
    "pods",
    "roles.rbac.authorization.k8s.io",
    "configmaps",
    "nodes",
)
RECORD = "eks-bluegreen/arena/run.json"


class World:
    """The lab, read anew with each call."""

    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._account = seed.Account(config)

    def look(self) -> Json:
        return {
            "run": self.run(),
            "clusters": {name: self.cluster(name) for name in self._eks("list_clusters")["clusters"]},
            "oidc_issuers": self.oidc_issuers(),
            "target_groups": self.target_groups(),
            "weights": self.weights(),
            "destination": self._parameter(seed.DOCUMENT),
            "readers": self.readers(),
            "slots": {slot: self.slot(name) for slot, name in seed.CLUSTER_NAMES.items() if self._runs(name)},
            "players": demo.players_status(self._config, lists=False),
        }

    def run(self) -> Json | None:
        """The run record, but for what was before the run."""
        s3 = self._account.client("s3")
        try:
            found: Json = json.loads(s3.get_object(Bucket=seed.BUCKET, Key=RECORD)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None
        return {key: value for key, value in found.items() if key != "previous"}

    # AWS

    def cluster(self, name: str) -> Json:
        described: Json = self._eks("describe_cluster", name=name)["cluster"]
        parts = {
            "nodegroups": ("nodegroup", "nodegroupName"),
            "fargate_profiles": ("fargate_profile", "fargateProfileName"),
            "addons": ("addon", "addonName"),
            "access_entries": ("access_entry", "principalArn"),
        }
        found = {many: self._parts(name, many, one, option) for many, (one, option) in parts.items()}
        identities = self._eks("list_pod_identity_associations", clusterName=name)["associations"]
        return {**described, **found, "pod_identities": identities}

    def _parts(self, cluster: str, many: str, one: str, option: str) -> Json:
        """All node groups, say, of a cluster by name."""
        names = [
            name
            for page in self._account.client("eks").get_paginator(f"list_{many}").paginate(clusterName=cluster)
            for name in next(value for value in page.values() if isinstance(value, list))
        ]
        return {name: self._described(one, clusterName=cluster, **{option: name}) for name in names}

    def _described(self, kind: str, **names: str) -> Json:
        answer = self._eks(f"describe_{kind}", **names)
        return next(value for key, value in answer.items() if key != "ResponseMetadata")

    def oidc_issuers(self) -> list[str]:
        providers = self._account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        return [one["Arn"].partition(":oidc-provider/")[2] for one in providers]

    def target_groups(self) -> Json:
        elbv2 = self._account.client("elbv2")
        return {
            one["TargetGroupName"]: {
                **one,
                "attributes": _pairs(elbv2.describe_target_group_attributes(TargetGroupArn=one["TargetGroupArn"])),
                "healthy": _healthy(elbv2.describe_target_health(TargetGroupArn=one["TargetGroupArn"])),
            }
            for one in elbv2.describe_target_groups()["TargetGroups"]
        }

    def weights(self) -> Json:
        """What the rules of the game's load balancer give to each target group, each kind of rule with its number."""
        elbv2 = self._account.client("elbv2")
        balancer = elbv2.describe_load_balancers(Names=[seed.GAME])["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
        pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener)
        return Counter(_weights(rule["Actions"][-1]) for page in pages for rule in page["Rules"])

    def readers(self) -> list[Json]:
        """What the matchmakers have written back."""
        found = self._account.client("ssm").get_parameters_by_path(Path=f"{seed.DOCUMENT}/readers")["Parameters"]
        return [json.loads(one["Value"]) for one in found]

    def _parameter(self, name: str) -> Json:
        found: Json = json.loads(self._account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        return found

    def _eks(self, operation: str, **options: str) -> Any:
        call: Callable[..., Any] = getattr(self._account.client("eks"), operation)
        return call(**options)

    # The clusters

    def slot(self, cluster: str) -> Json:
        """Objects of the game's namespace by kind and name, the nodes, the Helm releases, and who may allocate."""
        listed = self._ask(cluster, "kubectl", "get", ",".join(self._served(cluster)), "--output=json")
        found: Json = {}
        for one in json.loads(listed)["items"]:
            found.setdefault(one["kind"], {})[one["metadata"]["name"]] = one
        return {**found, "Release": self._releases(cluster), "allocators": self._allocators(cluster)}

    def _served(self, cluster: str) -> list[str]:
        served = self._ask(cluster, "kubectl", "api-resources", "--output=name").split()
        return [kind for kind in KINDS if kind in served]

    def _releases(self, cluster: str) -> Json:
        listed = json.loads(self._ask(cluster, "helm", "list", "--all-namespaces", "--output=json"))
        return {one["name"]: one for one in listed}

    def _allocators(self, cluster: str) -> bool:
        """Whether the matchmakers may allocate game servers."""
        matchmaker = ("--as=somebody", "--as-group=arena-matchmakers")
        asked = ("auth", "can-i", "create", "gameserverallocations.allocation.agones.dev", *matchmaker)
        return self._run(cluster, "kubectl", *asked).stdout.strip() == "yes"

    def _ask(self, cluster: str, program: str, *arguments: str) -> str:
        done = self._run(cluster, program, *arguments)
        if done.returncode:
            raise SystemExit(f"{program} {' '.join(arguments)} on {cluster}: {done.stderr}")
        return done.stdout

    def _run(self, cluster: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        kubeconfig = world.cluster_facts(self._config, cluster)["kubeconfig"]
        command = [str(self._config.binary(program)), "--kubeconfig", kubeconfig, "--namespace", seed.GAME, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    def _runs(self, cluster: str) -> bool:
        return cluster in world.running_clusters(self._config)


def _pairs(answer: Any) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def _healthy(answer: Any) -> int:
    return sum(one["TargetHealth"]["State"] == "healthy" for one in answer["TargetHealthDescriptions"])


def _weights(action: Json) -> str:
    """As `arena-matchmaker-blue 100, arena-matchmaker-green 0`; a rule with one target group names no weight."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    return ", ".join(sorted(f"{one['TargetGroupArn'].split('/')[1]} {one.get('Weight', 1)}" for one in groups))


if __name__ == "__main__":
    print(json.dumps(World(LabConfig.from_environment()).look(), default=str))
