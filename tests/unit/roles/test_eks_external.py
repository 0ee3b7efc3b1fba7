"""What others have built is compared with the very options by which the collection would build it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.wanted import WantedSlot, wanted_slot
from ansible_collections.gameops.eks_bluegreen.plugins.modules.slot_deviations_info import ARGUMENT_SPEC

ROLES = Path(__file__).parents[3] / "roles"
OURS = "gameops.eks_bluegreen."
OMIT = "__omitted__"
# About the work, not about what comes of it.
WORK = {"wait", "wait_timeout"}
PLAIN: dict[str, Any] = {
    "inventory_hostname": "arena",
    "omit": OMIT,
    "eks_bluegreen_source": {"slot": "blue", "cluster_name": "arena-blue"},
    "eks_bluegreen_target": {"slot": "green", "cluster_name": "arena-green"},
    "eks_bluegreen_release_spec": {
        "name": "2026-11",
        "kubernetes_version": "1.36",
        "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1"},
        "addons": [],
    },
    "eks_bluegreen_network": {"vpc_id": "vpc-1", "public_subnet_ids": ["p-1"], "private_subnet_ids": ["i-1"]},
    "eks_bluegreen_cluster_role_arn": "arn:cluster",
    "eks_bluegreen_node_role_arn": "arn:node",
    "eks_bluegreen_fargate_role_arn": "arn:fargate",
    "eks_bluegreen_fargate_profiles": [{"name": "system", "selectors": [{"namespace": "kube-system"}]}],
    "eks_bluegreen_nodegroups": [{"name": "game", "min_size": 1, "max_size": 4, "desired_size": 2}],
}
TAGS = {"team": "ops"}
RICH: dict[str, Any] = {
    **PLAIN,
    "eks_bluegreen_release_spec": {
        **PLAIN["eks_bluegreen_release_spec"],
        "addons": [
            {"name": "vpc-cni", "version": "v1.21.0", "before_nodes": True, "configuration_values": {"a": 1}},
            {
                "name": "coredns",
                "version": "default",
                "service_account_role_arn": "arn:dns",
                "resolve_conflicts": "PRESERVE",
            },
            {"name": "csi", "version": "v1", "pod_identity_associations": [{"service_account": "s", "role_arn": "r"}]},
        ],
    },
    "eks_bluegreen_access_entries": [
        {"principal_arn": "arn:one", "kubernetes_groups": ["g"], "username": "u", "type": "STANDARD"},
        {"principal_arn": "arn:two", "policy_arns": ["arn:p"], "access_policies": [{"policy_arn": "arn:q"}]},
    ],
    "eks_bluegreen_pod_identity_associations": [
        {"namespace": "arena", "service_account": "a", "role_arn": "arn:r"},
        {
            "namespace": "arena",
            "service_account": "b",
            "role_arn": "arn:r",
            "target_role_arn": "arn:t",
            "disable_session_tags": True,
        },
    ],
    "eks_bluegreen_nodegroups": [
        {
            "name": "game",
            "min_size": 1,
            "max_size": 4,
            "desired_size": 2,
            "instance_types": ["c7i.large"],
            "labels": {"a": "b"},
            "taints": [{"key": "k", "effect": "NO_EXECUTE"}],
            "role_arn": "arn:own",
            "subnet_ids": ["own"],
            "capacity_type": "SPOT",
            "disk_size": 20,
            "max_unavailable": 1,
            "update_strategy": "MINIMAL",
            "node_repair": {"enabled": False},
            "warm_pool": {"enabled": True},
            "tags": {"cost": "game"},
        },
        {
            "name": "own-image",
            "min_size": 0,
            "max_size": 4,
            "desired_size": 0,
            "launch_template": {"id": "lt-1", "version": "3"},
            "ami_type": "",
            "release_version": "",
            "max_unavailable_percentage": 10,
        },
        {
            "name": "bottle",
            "min_size": 0,
            "max_size": 4,
            "desired_size": 0,
            "ami_type": "BOTTLEROCKET_x86_64",
            "release_version": "1.2",
        },
    ],
    "eks_bluegreen_load_balancers": ["arena"],
    "eks_bluegreen_services": [
        {"name": "mm", "target_groups": {"blue": "mm-blue", "green": "mm-green"}},
        {
            "name": "voice",
            "target_groups": {"blue": "voice-blue", "green": "voice-green"},
            "protocol": "HTTP",
            "port": 80,
            "health_check_path": "/healthz",
        },
    ],
}
# Every option of the four roles in place of what it is by default.
OWN: dict[str, Any] = {
    **RICH,
    "eks_bluegreen_cluster_role_arn": "arn:own-cluster",
    "eks_bluegreen_cluster_subnet_ids": ["own"],
    "eks_bluegreen_cluster_security_group_ids": ["sg-1"],
    "eks_bluegreen_cluster_authentication_mode": "API_AND_CONFIG_MAP",
    "eks_bluegreen_cluster_bootstrap_cluster_creator_admin_permissions": False,
    "eks_bluegreen_cluster_bootstrap_self_managed_addons": False,
    "eks_bluegreen_cluster_endpoint_public_access": False,
    "eks_bluegreen_cluster_endpoint_private_access": True,
    "eks_bluegreen_cluster_public_access_cidrs": ["198.51.100.0/24"],
    "eks_bluegreen_cluster_service_ipv4_cidr": "10.100.0.0/16",
    "eks_bluegreen_cluster_ip_family": "ipv4",
    "eks_bluegreen_cluster_logging_types": ["api"],
    "eks_bluegreen_cluster_encryption_key_arn": "arn:key",
    "eks_bluegreen_cluster_support_type": "STANDARD",
    "eks_bluegreen_cluster_deletion_protection": True,
    "eks_bluegreen_cluster_zonal_shift": True,
    "eks_bluegreen_cluster_control_plane_tier": "standard",
    "eks_bluegreen_cluster_tags": TAGS,
    "eks_bluegreen_access_entries": [{"principal_arn": "arn:three"}],
    "eks_bluegreen_pod_identity_associations": [{"namespace": "n", "service_account": "c", "role_arn": "arn:x"}],
    "eks_bluegreen_fargate_profiles": [{"name": "own", "selectors": [{"namespace": "own", "labels": {"a": "b"}}]}],
    "eks_bluegreen_fargate_role_arn": "arn:own-fargate",
    "eks_bluegreen_fargate_subnet_ids": ["own"],
    "eks_bluegreen_fargate_tags": TAGS,
    "eks_bluegreen_nodegroups": [{"name": "own", "min_size": 1, "max_size": 1, "desired_size": 1}],
    "eks_bluegreen_addons": [{"name": "own", "version": "v1"}],
    "eks_bluegreen_node_role_arn": "arn:own-node",
    "eks_bluegreen_node_subnet_ids": ["own"],
    "eks_bluegreen_node_image": {"ami_type": "AL2023_ARM_64_STANDARD", "release_version": "own"},
    "eks_bluegreen_node_tags": TAGS,
    "eks_bluegreen_services": [{"name": "own", "target_groups": {"blue": "own-blue", "green": "own-green"}}],
    "eks_bluegreen_load_balancers": ["own"],
    "eks_bluegreen_traffic_tags": TAGS,
}
# The role and the task file that asks for a kind, and what it goes through, one by one.
KINDS = {
    "eks_cluster": ("eks_cluster", "create", None),
    "iam_oidc_provider": ("eks_cluster", "access", None),
    "eks_access_entry": ("eks_cluster", "access", "eks_bluegreen_access_entries"),
    "eks_pod_identity_association": ("eks_cluster", "access", "eks_bluegreen_pod_identity_associations"),
    "eks_fargate_profile": ("eks_fargate", "main", "eks_bluegreen_fargate_profiles"),
    "eks_nodegroup": ("eks_nodegroups", "nodegroups", "eks_bluegreen_nodegroups"),
    "eks_addon": ("eks_nodegroups", "addons", "eks_bluegreen_addons"),
    "elbv2_target_group": ("traffic_shift", "attach", "eks_bluegreen_services"),
    "elbv2_target_group_swap": ("traffic_shift", "attach", None),
}


def loaded(role: str, path: str) -> Any:
    file = ROLES / role / path
    return DataLoader().load_from_file(str(file), trusted_as_template=True) if file.exists() else {}


def of_role(role: str, given: dict[str, Any]) -> dict[str, Any]:
    """The variables that a role's tasks know."""
    files = [loaded(name, f"{folder}/main.yml") for folder in ("defaults", "vars") for name in ("options", role)]
    return {name: value for known in (*files, given) for name, value in known.items()}


def templated(text: Any, variables: dict[str, Any]) -> Any:
    return Templar(DataLoader(), variables=variables).template(text)


def without_omitted(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value != OMIT and name not in WORK}


def built_by(module: str, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The options that the role gives the module, task by task, when the collection builds the slot."""
    role, file, through = KINDS[module]
    variables = of_role(role, given)
    (task,) = [one for one in loaded(role, f"tasks/{file}.yml") if OURS + module in one]
    for item in templated(variables[through], variables) if through else [None]:
        told = {"of_role": task.get("module_defaults", {}).get(OURS + module, {}), "of_task": task[OURS + module]}
        options = templated(told, {**variables, "item": item})
        yield without_omitted({**options["of_role"], **options["of_task"]})


def compared_with(given: dict[str, Any]) -> WantedSlot:
    """What the slot is compared with where another tool builds it."""
    task = loaded("eks_external", "tasks/main.yml")[0]
    asked: dict[str, Any] = templated(task[f"{OURS}slot_deviations_info"], of_role("eks_external", given))
    asked["cluster"] = without_omitted(asked["cluster"])
    checked = ArgumentSpecValidator(ARGUMENT_SPEC).validate(asked)
    assert checked.error_messages == []
    return wanted_slot(checked.validated_parameters)


each_inventory = pytest.mark.parametrize("given", [PLAIN, RICH, OWN], ids=["plain", "rich", "own"])


@each_inventory
def test_the_same_is_asked_for_as_where_the_collection_builds(given: dict[str, Any]) -> None:
    want = compared_with(given)
    for module, asked in {
        "eks_cluster": [want.cluster],
        "iam_oidc_provider": [want.oidc_provider],
        "eks_access_entry": want.access_entries,
        "eks_pod_identity_association": want.pod_identities,
        "eks_fargate_profile": want.fargate_profiles,
        "eks_nodegroup": want.nodegroups,
        "eks_addon": want.addons,
        "elbv2_target_group": want.target_groups,
    }.items():
        assert list(asked) == list(built_by(module, given)), module


@each_inventory
def test_the_target_groups_are_in_the_listeners_as_the_collection_puts_them_there(given: dict[str, Any]) -> None:
    want = compared_with(given)
    (swap,) = built_by("elbv2_target_group_swap", given)
    assert want.load_balancers == swap["load_balancers"]
    assert [{"blue": blue, "green": green} for blue, green in want.pairs] == swap["pairs"]
    assert (swap["weights"], swap["toward"], swap["require_healthy"]) == ({"blue": 100, "green": 0}, "green", False)
    assert want.slot == swap["toward"]


def test_every_option_of_a_builder_is_in_this_test() -> None:
    others = {"timeout", "ready_timeout", "expected_nodes", "eks_bluegreen_traffic_steps", "step_seconds"}
    for role in ("eks_cluster", "eks_fargate", "eks_nodegroups", "traffic_shift"):
        described = loaded(role, "meta/argument_specs.yml")["argument_specs"]
        options = {option for entry in described.values() for option in entry.get("options", {})}
        missing = {option for option in options if option not in OWN and option.removeprefix(f"{role}_") not in others}
        assert missing == set()


def test_every_deviation_is_told_at_once_and_nothing_else_fails() -> None:
    compare, refuse, *_rest = loaded("eks_external", "tasks/main.yml")
    assert refuse["ansible.builtin.assert"]["that"] == f"not {compare['register']}.deviations"
    for role in ("eks_cluster", "eks_fargate", "eks_nodegroups", "traffic_shift", "eks_external"):
        for path in (ROLES / role / "tasks").glob("*.yml"):
            assert "ignore_errors" not in path.read_text(), path


def test_what_comes_before_the_charts_knows_the_provider_as_after_a_cluster_of_the_collection_s_own() -> None:
    tasks = loaded("eks_external", "tasks/main.yml")
    (fact,) = [one["ansible.builtin.set_fact"] for one in tasks if "ansible.builtin.set_fact" in one]
    provider = {"issuer": "https://oidc/id/A", "oidc_provider_arn": "arn:provider"}
    found = templated(fact, {"__eks_external_compared": {"oidc_provider": provider}})
    assert found == {"eks_bluegreen_oidc_provider": provider}


def test_as_many_nodes_are_proven_as_the_node_groups_want() -> None:
    prove = loaded("eks_external", "tasks/main.yml")[-1]
    assert prove["ansible.builtin.include_role"] == {"name": f"{OURS}eks_nodegroups", "tasks_from": "prove"}
    found = templated(prove["vars"], {"__eks_external_compared": {"desired_nodes": 3}})
    assert found == {"eks_nodegroups_expected_nodes": 3}
    (read, _name) = loaded("eks_nodegroups", "tasks/prove.yml")
    assert "node_problems(eks_nodegroups_expected_nodes | int)" in read["until"]
