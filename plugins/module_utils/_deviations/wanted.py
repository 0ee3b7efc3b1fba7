# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a slot should be, kind by kind, by the options of the module that would make it so. Pure.

The roles eks_cluster, eks_fargate, eks_nodegroups and traffic_shift make the same options from the same variables
when they build a slot; tests/unit/roles/test_eks_external.py checks that both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import (
    ENVIRONMENT_TAG,
    RELEASE_TAG,
    SLOT_TAG,
    other,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_Tags = Mapping[str, str]

# What an entry of the inventory may say for itself. Anything else in it is not asked for.
ENTRY_OPTIONS = ("principal_arn", "type", "kubernetes_groups", "policy_arns", "access_policies", "username")
IDENTITY_OPTIONS = ("namespace", "service_account", "role_arn", "target_role_arn", "disable_session_tags")
PROFILE_OPTIONS = ("name", "selectors")
_NODEGROUP_OPTIONS = (
    "name",
    "subnet_ids",
    "ami_type",
    "release_version",
    "capacity_type",
    "instance_types",
    "disk_size",
    "launch_template",
    "min_size",
    "max_size",
    "desired_size",
    "labels",
    "taints",
    "max_unavailable",
    "max_unavailable_percentage",
    "update_strategy",
    "node_repair",
    "warm_pool",
)
ADDON_OPTIONS = (
    "name",
    "version",
    "configuration_values",
    "service_account_role_arn",
    "pod_identity_associations",
    "resolve_conflicts",
)
SERVICE_OPTIONS = ("protocol", "port", "health_check_path")


@dataclass(frozen=True)
class WantedSlot:
    """The options of each kind's module. Without services there are no `target_groups`."""

    cluster: Data
    oidc_provider: Data
    access_entries: Sequence[Data]
    pod_identities: Sequence[Data]
    fargate_profiles: Sequence[Data]
    nodegroups: Sequence[Data]
    addons: Sequence[Data]
    target_groups: Sequence[Data]
    load_balancers: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    slot: str


def wanted_slot(options: Data) -> WantedSlot:
    """What the options of module slot_deviations_info say a slot should be."""
    slot = str(options["slot"])
    own = {ENVIRONMENT_TAG: str(options["environment_name"]), SLOT_TAG: slot}
    cluster, fargate, nodes, traffic = (options[part] for part in ("cluster", "fargate", "nodes", "traffic"))
    name = {"cluster_name": cluster["name"]}
    cluster_tags = {**(cluster.get("tags") or {}), **own, RELEASE_TAG: str(options["release"])}
    shared = {**name, "tags": cluster_tags}
    node_tags = {**(nodes["tags"] or {}), **own}
    return WantedSlot(
        cluster={**cluster, "tags": cluster_tags},
        oidc_provider=shared,
        access_entries=[_entry(one, shared) for one in options["access_entries"]],
        pod_identities=[{**shared, **_said(one, IDENTITY_OPTIONS)} for one in options["pod_identity_associations"]],
        fargate_profiles=[_profile(one, fargate, name, own) for one in fargate["profiles"]],
        nodegroups=[_nodegroup(one, nodes, name, node_tags) for one in nodes["nodegroups"]],
        addons=[{**name, **_said(one, ADDON_OPTIONS), "tags": node_tags} for one in nodes["addons"]],
        target_groups=[_target_group(one, traffic, slot, own) for one in traffic["services"]],
        load_balancers=traffic["load_balancers"],
        pairs=[(one["target_groups"]["blue"], one["target_groups"]["green"]) for one in traffic["services"]],
        slot=slot,
    )


def _entry(said: Data, shared: Data) -> Data:
    nothing: dict[str, Any] = {"kubernetes_groups": [], "policy_arns": [], "access_policies": []}
    return {**shared, **nothing, **_said(said, ENTRY_OPTIONS)}


def _profile(said: Data, of_all: Data, name: Data, own: _Tags) -> Data:
    tags = {**(of_all["tags"] or {}), **own}
    return {
        **name,
        **_said(of_all, ("pod_execution_role_arn", "subnet_ids")),
        **_said(said, PROFILE_OPTIONS),
        "tags": tags,
    }


def _nodegroup(said: Data, of_all: Data, name: Data, tags: _Tags) -> Data:
    image = of_all["node_image"]
    options = {
        "subnet_ids": of_all["subnet_ids"],
        "ami_type": image["ami_type"],
        "release_version": image["release_version"],
        "labels": {},
        "taints": [],
        **_said(said, _NODEGROUP_OPTIONS),
    }
    # A launch template that names an image of its own takes neither.
    without_image = [one for one in ("ami_type", "release_version") if not options[one]]
    return {
        **name,
        "node_role_arn": said.get("role_arn", of_all["node_role_arn"]),
        **{option: value for option, value in options.items() if option not in without_image},
        "tags": {**tags, **(said.get("tags") or {})},
    }


def _target_group(service: Data, of_all: Data, slot: str, own: _Tags) -> Data:
    return {
        "name": service["target_groups"][slot],
        "like": service["target_groups"][other(slot)],
        "vpc_id": of_all["vpc_id"],
        **_said(service, SERVICE_OPTIONS),
        "tags": {**(of_all["tags"] or {}), **own},
    }


def _said(entry: Data, options: Iterable[str]) -> dict[str, Any]:
    return {option: entry[option] for option in options if option in entry}
