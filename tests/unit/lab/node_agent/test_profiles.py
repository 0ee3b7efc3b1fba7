"""Which pods Fargate takes, and how it is told to the API server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lab.node_agent.cluster import Profile, Selector
from lab.node_agent.profiles import match_profile, review, webhook_configuration

PROFILES = [
    Profile("system", [Selector("kube-system", {}), Selector("agones-system", {})], "ACTIVE"),
    Profile("arena", [Selector("arena", {"compute": "fargate"})], "ACTIVE"),
    Profile("teams", [Selector("team-?", {"tier": "web*"})], "ACTIVE"),
    Profile("both", [Selector("both", {"a": "1", "b": "2"})], "ACTIVE"),
    Profile("also-system", [Selector("kube-system", {})], "CREATING"),
]


@pytest.mark.parametrize(
    ("namespace", "labels", "expected"),
    [
        ("kube-system", {}, "system"),
        ("kube-system", {"any": "thing"}, "system"),
        ("agones-system", {}, "system"),
        ("kube-system-2", {}, None),
        ("arena", {}, None),
        ("arena", {"compute": "fargate"}, "arena"),
        ("arena", {"compute": "fargate-2"}, None),
        ("arena", {"agones.dev/role": "gameserver"}, None),
        ("team-a", {"tier": "web-1"}, "teams"),
        ("team-ab", {"tier": "web-1"}, None),
        ("team-a", {"tier": "api"}, None),
        ("both", {"a": "1"}, None),
        ("both", {"a": "1", "b": "2", "c": "3"}, "both"),
    ],
)
def test_a_profile_takes_pods_by_namespace_and_all_its_labels(
    namespace: str, labels: dict[str, str], expected: str | None
) -> None:
    assert match_profile(PROFILES, namespace, labels) == expected


def test_of_several_profiles_the_first_by_name_takes_the_pod() -> None:
    profiles = [Profile(name, [Selector("n", {})], "ACTIVE") for name in ("b", "a", "c")]
    assert match_profile(profiles, "n", {}) == "a"


def ask(metadata: dict[str, Any], namespace: str = "kube-system") -> dict[str, Any]:
    body = {"request": {"uid": "u1", "namespace": namespace, "object": {"metadata": metadata, "spec": {}}}}
    answer: dict[str, Any] = review(body, PROFILES)["response"]
    assert answer["uid"] == "u1"
    assert answer["allowed"]
    return answer


def test_a_pod_that_is_taken_gets_the_scheduler_and_the_profiles_label() -> None:
    patch = json.loads(base64.b64decode(ask({"labels": {"a": "b"}})["patch"]))
    assert patch == [
        {"op": "add", "path": "/spec/schedulerName", "value": "fargate-scheduler"},
        {"op": "add", "path": "/metadata/labels/eks.amazonaws.com~1fargate-profile", "value": "system"},
    ]


def test_labels_are_made_where_a_pod_has_none() -> None:
    patch = json.loads(base64.b64decode(ask({})["patch"]))
    assert [one["path"] for one in patch] == [
        "/spec/schedulerName",
        "/metadata/labels",
        "/metadata/labels/eks.amazonaws.com~1fargate-profile",
    ]


def test_other_pods_pass_unchanged() -> None:
    assert "patch" not in ask({"labels": {}}, namespace="default")


def test_the_registration_has_a_webhook_per_selector_and_knows_profiles_in_creation() -> None:
    configuration = webhook_configuration(PROFILES, "https://127.1.1.1:9443/mutate", "Q0E=")
    assert configuration is not None
    webhooks = {one["name"]: one for one in configuration["webhooks"]}
    assert list(webhooks) == [
        "s0.also-system.fargate.lab",
        "s0.arena.fargate.lab",
        "s0.both.fargate.lab",
        "s0.system.fargate.lab",
        "s1.system.fargate.lab",
        "s0.teams.fargate.lab",
    ]
    arena = webhooks["s0.arena.fargate.lab"]
    assert arena["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "arena"}}
    assert arena["objectSelector"] == {"matchLabels": {"compute": "fargate"}}
    assert arena["failurePolicy"] == "Fail"
    assert arena["clientConfig"] == {"url": "https://127.1.1.1:9443/mutate", "caBundle": "Q0E="}


def test_a_wildcard_is_left_to_the_webhook_itself() -> None:
    configuration = webhook_configuration([PROFILES[2]], "u", "c")
    assert configuration is not None
    webhook = configuration["webhooks"][0]
    assert "namespaceSelector" not in webhook
    assert webhook["objectSelector"] == {"matchLabels": {}}


@pytest.mark.parametrize("status", ["DELETING", "CREATE_FAILED"])
def test_without_a_live_profile_there_is_no_registration(status: str) -> None:
    assert webhook_configuration([Profile("p", [Selector("n", {})], status)], "u", "c") is None
