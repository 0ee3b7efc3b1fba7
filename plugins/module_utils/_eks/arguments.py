# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The options of the modules of EKS resources, without those that all of them have.

They are here and not in the modules, so that a slot can be compared with what the same options would make of it.
"""

from __future__ import annotations

from typing import Any

Arguments = dict[str, Any]

_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
CLUSTER_ARGUMENTS: Arguments = {
    "name": {"type": "str", "required": True},
    "kubernetes_version": {"type": "str"},
    "role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "service_ipv4_cidr": {"type": "str"},
    "ip_family": {"type": "str", "choices": ["ipv4", "ipv6"]},
    "authentication_mode": {"type": "str", "choices": ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]},
    "bootstrap_cluster_creator_admin_permissions": {"type": "bool"},
    "bootstrap_self_managed_addons": {"type": "bool"},
    "endpoint_public_access": {"type": "bool"},
    "endpoint_private_access": {"type": "bool"},
    "public_access_cidrs": {"type": "list", "elements": "str"},
    "logging_types": {"type": "list", "elements": "str", "choices": _LOGS},
    "encryption_key_arn": {"type": "str", "no_log": False},
    "support_type": {"type": "str", "choices": ["STANDARD", "EXTENDED"]},
    "zonal_shift": {"type": "bool"},
    "control_plane_tier": {"type": "str"},
    "deletion_protection": {"type": "bool"},
    "delete_contents": {"type": "bool", "default": False},
}

_EFFECTS = ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]
_TAINT = {
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "str"},
    "effect": {"type": "str", "choices": _EFFECTS, "required": True},
}
_LAUNCH_TEMPLATE = {"id": {"type": "str"}, "name": {"type": "str"}, "version": {"type": "str"}}
_OVERRIDE = {
    "node_monitoring_condition": {"type": "str", "required": True},
    "node_unhealthy_reason": {"type": "str", "required": True},
    "min_repair_wait_time_mins": {"type": "int", "required": True},
    "repair_action": {"type": "str", "choices": ["Replace", "Reboot", "NoAction"], "required": True},
}
_NODE_REPAIR = {
    "enabled": {"type": "bool"},
    "max_unhealthy_node_threshold_count": {"type": "int"},
    "max_unhealthy_node_threshold_percentage": {"type": "int"},
    "max_parallel_nodes_repaired_count": {"type": "int"},
    "max_parallel_nodes_repaired_percentage": {"type": "int"},
    "node_repair_config_overrides": {"type": "list", "elements": "dict", "options": _OVERRIDE},
}
_WARM_POOL = {
    "enabled": {"type": "bool"},
    "min_size": {"type": "int"},
    "max_group_prepared_capacity": {"type": "int"},
    "pool_state": {"type": "str", "choices": ["STOPPED", "RUNNING", "HIBERNATED"]},
    "reuse_on_scale_in": {"type": "bool"},
}
NODEGROUP_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "kubernetes_version": {"type": "str"},
    "release_version": {"type": "str"},
    "ami_type": {"type": "str"},
    "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]},
    "instance_types": {"type": "list", "elements": "str"},
    "disk_size": {"type": "int"},
    "launch_template": {
        "type": "dict",
        "options": _LAUNCH_TEMPLATE,
        "mutually_exclusive": [("id", "name")],
        "required_one_of": [("id", "name")],
    },
    "node_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "min_size": {"type": "int"},
    "max_size": {"type": "int"},
    "desired_size": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": {"type": "list", "elements": "dict", "options": _TAINT},
    "max_unavailable": {"type": "int"},
    "max_unavailable_percentage": {"type": "int"},
    "update_strategy": {"type": "str", "choices": ["DEFAULT", "MINIMAL"]},
    "node_repair": {
        "type": "dict",
        "options": _NODE_REPAIR,
        "mutually_exclusive": [
            ("max_unhealthy_node_threshold_count", "max_unhealthy_node_threshold_percentage"),
            ("max_parallel_nodes_repaired_count", "max_parallel_nodes_repaired_percentage"),
        ],
    },
    "warm_pool": {"type": "dict", "options": _WARM_POOL},
}

_SELECTOR = {"namespace": {"type": "str", "required": True}, "labels": {"type": "dict", "default": {}}}
FARGATE_PROFILE_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "pod_execution_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "selectors": {"type": "list", "elements": "dict", "options": _SELECTOR},
    "recreate": {"type": "bool", "default": False},
}

_IDENTITY = {
    "service_account": {"type": "str", "required": True},
    "role_arn": {"type": "str", "required": True},
}
ADDON_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "configuration_values": {"type": "dict"},
    "service_account_role_arn": {"type": "str"},
    "pod_identity_associations": {"type": "list", "elements": "dict", "options": _IDENTITY},
    "resolve_conflicts": {"type": "str", "choices": ["OVERWRITE", "PRESERVE", "NONE"], "default": "OVERWRITE"},
    "preserve": {"type": "bool", "default": False},
}

_TYPES = ["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"]
_POLICY = {
    "policy_arn": {"type": "str", "required": True},
    "scope": {"type": "str", "choices": ["cluster", "namespace"], "default": "cluster"},
    "namespaces": {"type": "list", "elements": "str", "default": []},
}
ACCESS_ENTRY_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str", "required": True},
    "principal_arn": {"type": "str", "required": True},
    "type": {"type": "str", "choices": _TYPES},
    "kubernetes_groups": {"type": "list", "elements": "str"},
    "username": {"type": "str"},
    "policy_arns": {"type": "list", "elements": "str"},
    "access_policies": {"type": "list", "elements": "dict", "options": _POLICY},
    "purge_policies": {"type": "bool", "default": True},
}

POD_IDENTITY_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "service_account": {"type": "str", "required": True},
    "role_arn": {"type": "str"},
    "target_role_arn": {"type": "str"},
    "disable_session_tags": {"type": "bool"},
}

OIDC_PROVIDER_ARGUMENTS: Arguments = {
    "cluster_name": {"type": "str"},
    "issuer": {"type": "str"},
    "client_ids": {"type": "list", "elements": "str", "default": ["sts.amazonaws.com"]},
    "purge_client_ids": {"type": "bool", "default": False},
    "thumbprints": {"type": "list", "elements": "str"},
}

# Which of them exclude each other.
NODEGROUP_CONFLICTS = [("max_unavailable", "max_unavailable_percentage"), ("disk_size", "launch_template")]
ADDON_CONFLICTS = [("service_account_role_arn", "pod_identity_associations")]
