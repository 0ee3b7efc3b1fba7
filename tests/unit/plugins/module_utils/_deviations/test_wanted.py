"""What a slot should be, by the options of each kind's module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.wanted import WantedSlot, wanted_slot

OWN = {"eks-bluegreen/environment": "arena", "eks-bluegreen/slot": "green"}
RELEASE = {**OWN, "eks-bluegreen/release": "2026-11"}
IMAGE = {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1"}
SERVICE = {"name": "mm", "target_groups": {"blue": "mm-blue", "green": "mm-green"}}


def wanted(**parts: Any) -> WantedSlot:
    """Of a slot's parts, those that are given; of the four that are dictionaries what they say."""
    options: dict[str, Any] = {
        "environment_name": "arena",
        "slot": "green",
        "release": "2026-11",
        "cluster": {"name": "arena-green", "kubernetes_version": "1.36"},
        "access_entries": [],
        "pod_identity_associations": [],
        "fargate": {"profiles": [], "pod_execution_role_arn": "arn:fargate", "subnet_ids": ["private"], "tags": {}},
        "nodes": {
            "nodegroups": [],
            "addons": [],
            "node_role_arn": "arn:node",
            "subnet_ids": ["public"],
            "node_image": IMAGE,
            "tags": {},
        },
        "traffic": {"services": [], "load_balancers": ["arena"], "vpc_id": "vpc-1", "tags": {}},
    }
    for name, value in parts.items():
        options[name] = {**options[name], **value} if isinstance(value, Mapping) else value
    return wanted_slot(options)


def test_a_slot_of_a_cluster_alone() -> None:
    found = wanted()
    assert found.cluster == {"name": "arena-green", "kubernetes_version": "1.36", "tags": RELEASE}
    assert found.oidc_provider == {"cluster_name": "arena-green", "tags": RELEASE}
    parts = (found.access_entries, found.pod_identities, found.fargate_profiles, found.nodegroups, found.addons)
    assert all(part == [] for part in parts)
    assert (found.target_groups, found.pairs, found.slot) == ([], [], "green")


def test_the_collection_s_own_tags_win_over_those_of_all() -> None:
    mine = {"team": "ops", "eks-bluegreen/slot": "blue"}
    found = wanted(
        cluster={"tags": mine},
        access_entries=[{"principal_arn": "arn:one"}],
        pod_identity_associations=[{"namespace": "arena", "service_account": "sa", "role_arn": "arn:two"}],
        fargate={"profiles": [{"name": "system", "selectors": []}], "tags": mine},
        nodes={"nodegroups": [{"name": "game"}], "addons": [{"name": "coredns"}], "tags": mine},
        traffic={"services": [SERVICE], "tags": mine},
    )
    for one in (found.cluster, found.oidc_provider, *found.access_entries, *found.pod_identities):
        assert one["tags"] == {"team": "ops", **RELEASE}
    for one in (*found.fargate_profiles, *found.nodegroups, *found.addons, *found.target_groups):
        assert one["tags"] == {"team": "ops", **OWN}


def test_an_entry_gives_nothing_that_it_does_not_say() -> None:
    (entry,) = wanted(access_entries=[{"principal_arn": "arn:one", "username": "ci"}]).access_entries
    assert entry == {
        "cluster_name": "arena-green",
        "principal_arn": "arn:one",
        "username": "ci",
        "kubernetes_groups": [],
        "policy_arns": [],
        "access_policies": [],
        "tags": RELEASE,
    }


def test_a_profile_has_role_and_subnets_of_all() -> None:
    (profile,) = wanted(fargate={"profiles": [{"name": "system", "selectors": [{"namespace": "x"}]}]}).fargate_profiles
    assert profile == {
        "cluster_name": "arena-green",
        "name": "system",
        "selectors": [{"namespace": "x"}],
        "pod_execution_role_arn": "arn:fargate",
        "subnet_ids": ["private"],
        "tags": OWN,
    }


@pytest.mark.parametrize(
    ("said", "differs"),
    [
        ({}, {}),
        ({"role_arn": "arn:own", "subnet_ids": ["own"]}, {"node_role_arn": "arn:own", "subnet_ids": ["own"]}),
        ({"labels": {"a": "b"}, "min_size": 0}, {"labels": {"a": "b"}, "min_size": 0}),
        ({"ami_type": "BOTTLEROCKET_x86_64"}, {"ami_type": "BOTTLEROCKET_x86_64"}),
        # A launch template names the image.
        ({"ami_type": "", "release_version": ""}, {"ami_type": None, "release_version": None}),
        ({"tags": {"eks-bluegreen/slot": "mine"}}, {"tags": {**OWN, "eks-bluegreen/slot": "mine"}}),
        # Whatever else the inventory notes there.
        ({"kubernetes_version": "1.30", "note": "x"}, {}),
    ],
)
def test_a_node_group_has_of_all_what_it_does_not_say(said: dict[str, Any], differs: dict[str, Any]) -> None:
    (group,) = wanted(nodes={"nodegroups": [{"name": "game", **said}]}).nodegroups
    of_all = {
        "cluster_name": "arena-green",
        "name": "game",
        "node_role_arn": "arn:node",
        "subnet_ids": ["public"],
        **IMAGE,
        "labels": {},
        "taints": [],
        "tags": OWN,
    }
    assert group == {option: value for option, value in {**of_all, **differs}.items() if value is not None}


def test_an_add_on_says_all_for_itself() -> None:
    said = {"name": "vpc-cni", "version": "v1.21.0", "before_nodes": True}
    (addon,) = wanted(nodes={"addons": [said]}).addons
    assert addon == {"cluster_name": "arena-green", "name": "vpc-cni", "version": "v1.21.0", "tags": OWN}


@pytest.mark.parametrize(("slot", "sibling"), [("green", "blue"), ("blue", "green")])
def test_a_target_group_is_like_that_of_the_other_slot(slot: str, sibling: str) -> None:
    found = wanted(slot=slot, traffic={"services": [{**SERVICE, "port": 8080, "owner": "x"}]})
    assert found.target_groups == [
        {
            "name": f"mm-{slot}",
            "like": f"mm-{sibling}",
            "vpc_id": "vpc-1",
            "port": 8080,
            "tags": {**OWN, "eks-bluegreen/slot": slot},
        }
    ]
    assert (found.pairs, found.load_balancers) == ([("mm-blue", "mm-green")], ["arena"])
