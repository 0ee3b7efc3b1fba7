"""The modules of what belongs to a cluster, against the lab's EKS and IAM: add-ons, entries, identities, reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.aws.modules import play, refusal, succeed, twice
from tests.contract.aws.world import ROLE, World

POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{}Policy"
VIEW, EDIT, ADMIN = (POLICY.format(name) for name in ("View", "Edit", "ClusterAdmin"))
MATCHMAKER, NODE = ROLE.format("matchmaker"), ROLE.format("node")


pytestmark = pytest.mark.usefixtures("operator", "short_sleeps")


def test_an_add_on_follows_what_is_on_offer(world: World, cluster: str) -> None:
    addon: dict[str, Any] = {"cluster_name": cluster, "name": "coredns"}
    succeed("eks_addon", **addon, version="v1.12.4-eksbuild.1")
    result = twice("eks_addon", **addon, version="default", configuration_values={"replicaCount": 3})
    assert result["addon"]["addon_version"] == "v1.13.1-eksbuild.1"
    assert result["addon"]["configuration_values"] == {"replicaCount": 3}
    assert result["diff"]["before"]["version"] == "v1.12.4-eksbuild.1"
    assert not succeed("eks_addon", **addon)["changed"], "what is not given stays"
    assert twice("eks_addon", **addon, configuration_values={})["addon"]["configuration_values"] == {}
    gone = succeed("eks_addon", **addon, state="absent", preserve=True)
    assert (gone["changed"], gone["addon"]) == (True, None)


def test_the_latest_add_on_is_not_always_the_default(world: World, cluster: str) -> None:
    addon: dict[str, Any] = {"cluster_name": cluster, "name": "vpc-cni", "resolve_conflicts": "PRESERVE"}
    succeed("eks_addon", **{**addon, "resolve_conflicts": "OVERWRITE"}, version="default")
    assert twice("eks_addon", **addon, version="latest")["addon"]["addon_version"] == "v1.21.1-eksbuild.1"


def test_configuration_is_compared_by_content(world: World, cluster: str) -> None:
    name = "metrics-server"
    world.eks.create_addon(clusterName=cluster, addonName=name, configurationValues="replicas: 2\n")
    options: dict[str, Any] = {"cluster_name": cluster, "name": name}
    assert not succeed("eks_addon", **options, configuration_values={"replicas": 2})["changed"]
    changed = succeed("eks_addon", **options, configuration_values={"replicas": 3})
    assert changed["diff"]["before"]["configuration_values"] == {"replicas": 2}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"version": "v0.1"}, ["v0.1 is not on offer", "v1.21.1-eksbuild.1", "v1.21.0-eksbuild.1 (default)"]),
        ({"configuration_values": {"env": {"WARM": "1"}, "x": 1}}, ["; env: ", "'WARM'", "at the top: ", "'x'"]),
        ({"name": "nonsense", "version": "latest"}, ["nonsense"]),
        ({"cluster_name": "missing", "service_account_role_arn": "a" * 300}, ["service_account_role_arn", "255"]),
    ],
)
def test_a_bad_add_on_is_refused_before_anything_is_written(
    world: World, cluster: str, options: dict[str, Any], words: list[str]
) -> None:
    name = world.create_cluster("empty")
    message = refusal("eks_addon", **{"cluster_name": name, "name": "vpc-cni", **options})
    for word in words:
        assert word in message
    assert world.eks.list_addons(clusterName=name)["addons"] == []


def test_an_add_on_on_a_cluster_to_come(world: World) -> None:
    options: dict[str, Any] = {"cluster_name": "to-come", "name": "vpc-cni", "version": "latest"}
    predicted = play("eks_addon", check_mode=True, **options)
    assert (predicted["changed"], predicted["addon"].get("addon_version")) == (True, None)
    assert "create it first" in play("eks_addon", **options)["msg"]


def test_an_add_on_gets_its_permissions_one_way_or_the_other(world: World, cluster: str) -> None:
    options: dict[str, Any] = {"cluster_name": cluster, "name": "aws-ebs-csi-driver"}
    twice("eks_addon", **options, service_account_role_arn=NODE)
    moved = [{"service_account": "ebs-csi-controller-sa", "role_arn": MATCHMAKER}]
    addon = twice("eks_addon", **options, pod_identity_associations=moved)["addon"]
    assert addon["pod_identity_associations"][0]["role_arn"] == MATCHMAKER
    assert "service_account_role_arn" not in addon
    owned: dict[str, Any] = {
        "cluster_name": cluster,
        "namespace": "kube-system",
        "service_account": "ebs-csi-controller-sa",
    }
    assert "belongs to the add-on" in refusal("eks_pod_identity_association", **owned, role_arn=NODE)
    assert "belongs to the add-on" in refusal("eks_pod_identity_association", **owned, state="absent")
    assert twice("eks_addon", **options, pod_identity_associations=[])["addon"]["pod_identity_associations"] == []
    both = play("eks_addon", **options, pod_identity_associations=moved, service_account_role_arn=NODE)
    assert "mutually exclusive" in both["msg"]


def test_a_failed_update_of_an_add_on_is_told_and_mended(world: World, cluster: str) -> None:
    options: dict[str, Any] = {
        "cluster_name": cluster,
        "name": "eks-pod-identity-agent",
        "version": "v1.3.8-eksbuild.2",
    }
    succeed("eks_addon", **options)
    options["version"] = "latest"
    with world.failing(f"update of add-on {cluster}/eks-pod-identity-agent", "edited by hand", "ConfigurationConflict"):
        failed = play("eks_addon", **options)
    assert "ConfigurationConflict: edited by hand" in failed["msg"]
    assert succeed("eks_addon", **options)["changed"]


def test_a_failed_installation_of_an_add_on_is_told(world: World) -> None:
    cluster = world.create_cluster("polite")
    failed = play("eks_addon", cluster_name=cluster, name="kube-proxy", resolve_conflicts="NONE")
    assert "CREATE_FAILED: ConfigurationConflict: Conflicts found" in failed["msg"]
    assert succeed("eks_addon", cluster_name=cluster, name="kube-proxy", state="absent")["changed"]
    assert succeed("eks_addon", cluster_name=cluster, name="kube-proxy")["changed"]


def test_a_failed_deletion_of_an_add_on_is_told_and_mended(world: World, cluster: str) -> None:
    options: dict[str, Any] = {"cluster_name": cluster, "name": "eks-node-monitoring-agent"}
    succeed("eks_addon", **options)
    with world.failing(f"deletion of add-on {cluster}/eks-node-monitoring-agent", "no way in", "ClusterUnreachable"):
        failed = play("eks_addon", **options, state="absent")
    assert "DELETE_FAILED: ClusterUnreachable: no way in" in failed["msg"]
    assert succeed("eks_addon", **options, state="absent")["addon"] is None


def test_add_ons_are_started_together_and_waited_for_later(world: World) -> None:
    cluster, names = world.create_cluster("together"), ("vpc-cni", "kube-proxy")
    with world.held():
        started = [succeed("eks_addon", cluster_name=cluster, name=name, wait=False) for name in names]
        again = succeed("eks_addon", cluster_name=cluster, name=names[0], wait=False)
    assert [one["addon"]["status"] for one in (*started, again)] == ["CREATING"] * 3
    assert [one["changed"] for one in (*started, again)] == [True, True, False]
    for name in names:
        waited = succeed("eks_addon", cluster_name=cluster, name=name)
        assert (waited["changed"], waited["addon"]["status"]) == (False, "ACTIVE")


def test_an_access_entry_converges_with_its_policies(world: World, cluster: str) -> None:
    entry: dict[str, Any] = {"cluster_name": cluster, "principal_arn": MATCHMAKER}
    made = twice("eks_access_entry", **entry, kubernetes_groups=["a"], policy_arns=[VIEW], tags={"slot": "green"})
    assert made["access_entry"]["policy_arns"] == [VIEW]
    scoped = [{"policy_arn": VIEW, "scope": "namespace", "namespaces": ["b", "a"]}, {"policy_arn": EDIT}]
    moved = twice("eks_access_entry", **entry, access_policies=scoped, username="matchmaker")["access_entry"]
    assert (moved["username"], moved["kubernetes_groups"]) == ("matchmaker", ["a"])
    assert moved["access_policies"][1] == {"policy_arn": VIEW, "scope": "namespace", "namespaces": ["a", "b"]}
    kept = twice("eks_access_entry", **entry, policy_arns=[ADMIN], purge_policies=False)["access_entry"]
    assert set(kept["policy_arns"]) == {VIEW, EDIT, ADMIN}
    assert not succeed("eks_access_entry", **entry)["changed"]
    assert twice("eks_access_entry", **entry, policy_arns=[], tags={}, purge_tags=True)["access_entry"]["tags"] == {}
    gone = succeed("eks_access_entry", **entry, state="absent")
    assert (gone["changed"], gone["access_entry"]) == (True, None)
    assert not succeed("eks_access_entry", **entry, state="absent")["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy_arns": [POLICY.format("Nothing")]}, "choose from"),
        ({"policy_arns": [VIEW], "access_policies": [{"policy_arn": VIEW}]}, "more than once"),
        ({"access_policies": [{"policy_arn": VIEW, "scope": "namespace"}]}, "the scope namespace needs namespaces"),
        ({"principal_arn": "arn:aws:sts::123456789012:assumed-role/arena-node/s"}, "not that of a session"),
        ({"type": "EC2_LINUX", "kubernetes_groups": ["a"]}, "leave them out"),
        ({"type": "EC2_LINUX", "policy_arns": [VIEW]}, "takes no access policies"),
    ],
)
def test_a_bad_entry_is_refused_before_anything_is_written(
    world: World, cluster: str, options: dict[str, Any], words: str
) -> None:
    request = {"cluster_name": cluster, "principal_arn": ROLE.format("fargate"), **options}
    assert words in refusal("eks_access_entry", **request)
    pages = world.eks.get_paginator("list_access_entries").paginate(clusterName=cluster)
    assert ROLE.format("fargate") not in [one for page in pages for one in page["accessEntries"]]


def test_the_type_of_an_entry_is_fixed(world: World, cluster: str) -> None:
    entry: dict[str, Any] = {"cluster_name": cluster, "principal_arn": ROLE.format("load-balancer-controller")}
    succeed("eks_access_entry", **entry)
    assert "type is 'STANDARD', wanted 'EC2_LINUX'" in refusal("eks_access_entry", **entry, type="EC2_LINUX")


@pytest.mark.parametrize("groups", [None, []])
def test_the_groups_of_nodes_are_left_to_eks(world: World, cluster: str, groups: list[str] | None) -> None:
    role = ROLE.format("load-balancer-controller")
    succeed("eks_access_entry", cluster_name=cluster, principal_arn=role, state="absent")
    entry: dict[str, Any] = {"cluster_name": cluster, "principal_arn": role, "policy_arns": []}
    made = twice("eks_access_entry", **entry, type="EC2_LINUX", kubernetes_groups=groups)["access_entry"]
    assert made["kubernetes_groups"] == ["system:nodes"]
    again = succeed("eks_access_entry", **entry, kubernetes_groups=groups)
    assert not again["changed"], "the type that is there counts"


@pytest.mark.parametrize(
    ("module", "key", "options", "names"),
    [
        ("eks_addon", "addon", {"name": "vpc-cni"}, {"addon_name": "vpc-cni"}),
        ("eks_access_entry", "access_entry", {"principal_arn": MATCHMAKER}, {"principal_arn": MATCHMAKER}),
        (
            "eks_pod_identity_association",
            "association",
            {"namespace": "arena", "service_account": "telemetry", "role_arn": NODE},
            {"namespace": "arena", "service_account": "telemetry"},
        ),
    ],
)
def test_a_prediction_has_its_names(
    world: World, module: str, key: str, options: dict[str, Any], names: dict[str, str]
) -> None:
    cluster = world.create_cluster()
    request = {"cluster_name": cluster, **options}
    for result in (play(module, check_mode=True, **request), succeed(module, **request)):
        assert {**result[key], **names, "cluster_name": cluster} == result[key]


def test_a_provider_to_come_has_its_url(world: World) -> None:
    cluster = world.create_cluster()
    predicted = play("iam_oidc_provider", check_mode=True, cluster_name=cluster)["oidc_provider"]
    assert predicted["url"] == succeed("iam_oidc_provider", cluster_name=cluster)["oidc_provider"]["url"]


def test_a_pod_identity_association_converges(world: World, cluster: str) -> None:
    association: dict[str, Any] = {"cluster_name": cluster, "namespace": "arena", "service_account": "telemetry"}
    made = twice("eks_pod_identity_association", **association, role_arn=NODE, tags={"slot": "green"})["association"]
    assert made["association_id"].startswith("a-")
    target = "arn:aws:iam::210987654321:role/telemetry"
    role: dict[str, Any] = {"role_arn": MATCHMAKER}
    moved = twice("eks_pod_identity_association", **association, **role, target_role_arn=target)["association"]
    assert (moved["role_arn"], moved["target_role_arn"]) == (MATCHMAKER, target)
    plain: dict[str, Any] = {"target_role_arn": "", "disable_session_tags": True}
    cleared = twice("eks_pod_identity_association", **association, **role, **plain)["association"]
    assert (cleared.get("target_role_arn"), cleared["disable_session_tags"]) == (None, True)
    assert succeed("eks_pod_identity_association", **association, state="absent")["association"] is None
    assert not succeed("eks_pod_identity_association", **association, state="absent")["changed"]


def test_a_provider_converges(world: World, cluster: str) -> None:
    provider: dict[str, Any] = {"cluster_name": cluster}
    made = twice("iam_oidc_provider", **provider, tags={"slot": "green", "other": "x"})
    assert made["issuer"] == world.cluster(cluster)["identity"]["oidc"]["issuer"]
    assert made["oidc_provider_arn"].endswith(made["issuer"].removeprefix("https://"))
    assert made["oidc_provider"]["client_ids"] == ["sts.amazonaws.com"]
    thumbprint = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
    more = twice("iam_oidc_provider", **provider, client_ids=["arena"], thumbprints=[thumbprint])["oidc_provider"]
    assert (set(more["client_ids"]), more["thumbprints"]) == ({"arena", "sts.amazonaws.com"}, [thumbprint])
    fewer = twice("iam_oidc_provider", **provider, purge_client_ids=True, tags={"slot": "green"}, purge_tags=True)
    assert (fewer["oidc_provider"]["client_ids"], fewer["oidc_provider"]["tags"]) == (
        ["sts.amazonaws.com"],
        {"slot": "green"},
    )
    gone = succeed("iam_oidc_provider", issuer=made["issuer"], state="absent")
    assert (gone["changed"], gone["oidc_provider_arn"], gone["oidc_provider"]) == (True, "", None)
    assert not succeed("iam_oidc_provider", issuer=made["issuer"], state="absent")["changed"]


def test_a_provider_needs_its_cluster(world: World) -> None:
    predicted = play("iam_oidc_provider", check_mode=True, cluster_name="to-come")
    assert (predicted["changed"], predicted["issuer"]) == (True, "")
    assert "create it first" in play("iam_oidc_provider", cluster_name="to-come")["msg"]
    assert not succeed("iam_oidc_provider", cluster_name="to-come", state="absent")["changed"]


def test_one_shape_for_reading_and_writing(world: World, cluster: str) -> None:
    written = succeed("eks_cluster", name=cluster)["cluster"]
    read = succeed("eks_cluster_info", name=cluster, versions=True)
    assert read["cluster"] == written
    assert [one["cluster_version"] for one in read["versions"]] == ["1.36", "1.35", "1.34", "1.33"]
    assert "insights" not in read
    nothing = succeed("eks_cluster_info", name="missing", insights=["MISCONFIGURATION"])
    assert (nothing["changed"], nothing["cluster"], nothing["insights"]) == (False, None, [])
    assert "set name" in play("eks_cluster_info", insights=["MISCONFIGURATION"])["msg"]


def test_insights_come_worst_first_and_in_full(world: World) -> None:
    name = world.create_cluster("insights", tags={"lab/insights": "apis=ERROR"})
    insights = succeed("eks_cluster_info", name=name, insights=["UPGRADE_READINESS"])["insights"]
    assert len(insights) == 6, "more than a page"
    assert insights[0]["insight_status"]["status"] == "ERROR"
    details = insights[0]["category_specific_summary"]["deprecation_details"][0]
    assert details["stop_serving_version"] == "1.36"
    assert "recommendation" not in insights[1]
    json.dumps(insights)
