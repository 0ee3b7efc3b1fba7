"""What the installation brings, by the names that others rely on."""

from __future__ import annotations

import pytest

from tests.contract.agones.cluster import Cluster


@pytest.mark.parametrize("role", ["controller", "extensions"])
def test_deployments(cluster: Cluster, role: str) -> None:
    answer = cluster.call("GET", f"/apis/apps/v1/namespaces/agones-system/deployments/agones-{role}")
    assert answer.code == 200
    spec = answer.body["spec"]
    assert spec["strategy"]["type"] == "Recreate"
    labels = spec["template"]["metadata"]["labels"]
    expected = {"agones.dev/role": role, "app": "agones", "release": "agones", "heritage": "Helm"}
    assert expected.items() <= labels.items()
    assert spec["template"]["spec"]["serviceAccountName"] == "agones-controller"
    assert f"/agones-{role}:" in spec["template"]["spec"]["containers"][0]["image"]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("fleets.agones.dev", ["flt"]),
        ("gameserversets.agones.dev", ["gss", "gsset"]),
        ("gameservers.agones.dev", ["gs"]),
        ("fleetautoscalers.autoscaling.agones.dev", ["fas"]),
        ("gameserverallocationpolicies.multicluster.agones.dev", ["gsap"]),
    ],
)
def test_resources(cluster: Cluster, name: str, short: list[str]) -> None:
    answer = cluster.call("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    assert answer.code == 200
    assert answer.body["spec"]["names"]["shortNames"] == short


@pytest.mark.parametrize(
    ("kind", "name", "webhook"),
    [
        ("validatingwebhookconfigurations", "agones-validation-webhook", "validations.agones.dev"),
        ("mutatingwebhookconfigurations", "agones-mutation-webhook", "mutations.agones.dev"),
    ],
)
def test_webhooks_fail_closed(cluster: Cluster, kind: str, name: str, webhook: str) -> None:
    configuration = cluster.call("GET", f"/apis/admissionregistration.k8s.io/v1/{kind}/{name}").body
    (one,) = configuration["webhooks"]
    assert (one["name"], one["failurePolicy"]) == (webhook, "Fail")
    assert one["clientConfig"]["service"]["name"] == "agones-controller-service"
    resources = {resource for rule in one["rules"] for resource in rule["resources"]}
    assert "fleets/scale" not in resources
    updated = {resource for rule in one["rules"] if "UPDATE" in rule["operations"] for resource in rule["resources"]}
    assert "gameservers" not in updated
