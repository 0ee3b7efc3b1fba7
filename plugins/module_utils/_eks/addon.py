# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""An EKS add-on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.pod_identity_association import (
    describe_pod_identity_association,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Difference,
    Field,
    converges,
    equal_to,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

ADDON = converges("addon")
# What an update would reset to its default if the request left it out.
KEPT = ("addonVersion", "serviceAccountRoleArn", "configurationValues")


def read_configuration(text: Any) -> Any:
    """Configuration is JSON or YAML to AWS; a dictionary here. What cannot be read stays text."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        pass
    try:
        return yaml_load(text) if HAS_YAML else text
    except Exception:  # whatever PyYAML raises
        return text


def write_configuration(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _same_configuration(have: Any, want: Any) -> bool:
    return bool((have or {}) == want)


def _read_identities(associations: Any) -> Any:
    known = [{"service_account": one["serviceAccount"], "role_arn": one["roleArn"]} for one in associations or []]
    return sorted(known, key=lambda one: str(one["service_account"]))


def _write_identities(wanted: Any) -> Any:
    return [{"serviceAccount": one["service_account"], "roleArn": one["role_arn"]} for one in wanted]


def _same_identities(have: Any, want: Any) -> bool:
    return bool(have == _read_identities(_write_identities(want)))


ADDON_FIELDS = (
    Field("version", "addonVersion", ADDON),
    Field(
        "configuration_values",
        "configurationValues",
        ADDON,
        _same_configuration,
        read_configuration,
        write_configuration,
    ),
    # AWS leaves it out if there is none; an empty one removes it.
    Field("service_account_role_arn", "serviceAccountRoleArn", ADDON, equal_to(""), lambda role: role or None),
    Field(
        "pod_identity_associations",
        "podIdentityAssociations",
        ADDON,
        _same_identities,
        _read_identities,
        _write_identities,
    ),
)


def addon_update(changes: Sequence[Difference], have: Mapping[str, Any], resolve_conflicts: str) -> dict[str, Any]:
    """The body of UpdateAddon: the changes, and what should stay as it is."""
    kept = {path: have[path] for path in KEPT if have.get(path)}
    changed = {change.field.path: change.body for change in changes}
    return {**given({**kept, **changed}), "resolveConflicts": resolve_conflicts}


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without an empty role: AWS removes what is left out."""
    return {path: value for path, value in body.items() if value != ""}


@aws_call("list the add-ons of cluster {cluster}")
def list_addons(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_addons").paginate(clusterName=cluster)
    return [name for page in pages for name in page["addons"]]


@aws_call("read add-on {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_addon(client: Any, cluster: str, name: str) -> Description | None:
    found: Description = client.describe_addon(clusterName=cluster, addonName=name)["addon"]
    return found


@aws_call("create add-on {name} in cluster {cluster}")
def create_addon(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> Description:
    created: Description = client.create_addon(clusterName=cluster, addonName=name, **body)["addon"]
    return created


@aws_call("update add-on {name} of cluster {cluster}")
def update_addon(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> str:
    return str(client.update_addon(clusterName=cluster, addonName=name, **body)["update"]["id"])


@aws_call("delete add-on {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_addon(client: Any, cluster: str, name: str, preserve: bool) -> None:
    client.delete_addon(clusterName=cluster, addonName=name, preserve=preserve)


class Addon(Part):
    """An EKS add-on.

    `resolve_conflicts`: what AWS does with settings that others have changed. `preserve`: deletion leaves the
    software in the cluster.
    """

    kind = "add-on"
    part_key = "addonName"
    arn_key = "addonArn"
    fields = ADDON_FIELDS
    creation = "CreateAddon"

    def __init__(
        self, client: Any, cluster: str, part: str, *, resolve_conflicts: str = "OVERWRITE", preserve: bool = False
    ) -> None:
        super().__init__(client, cluster, part)
        self._resolve_conflicts = resolve_conflicts
        self._preserve = preserve

    def check(self, body: Mapping[str, Any]) -> None:
        super().check(given(body))

    def describe(self) -> Description | None:
        """As AWS describes it, with its pod identity associations in full, of which AWS gives only the ARNs."""
        found = describe_addon(self.client, self.cluster, self.part)
        if found is not None and found.get("podIdentityAssociations"):
            found["podIdentityAssociations"] = self._associations(found["podIdentityAssociations"])
        return found

    def _associations(self, arns: Sequence[str]) -> list[Description]:
        ids = [arn.rpartition("/")[2] for arn in arns]
        found = [describe_pod_identity_association(self.client, self.cluster, one) for one in ids]
        keys = ("serviceAccount", "roleArn", "associationArn")
        return [{key: one[key] for key in keys} for one in found if one is not None]

    def create(self, body: Mapping[str, Any]) -> Description:
        # PRESERVE is for updates: what a cluster came with is taken over.
        resolve = "OVERWRITE" if self._resolve_conflicts == "PRESERVE" else self._resolve_conflicts
        created = create_addon(self.client, self.cluster, self.part, {**given(body), "resolveConflicts": resolve})
        if created.get("podIdentityAssociations"):
            created["podIdentityAssociations"] = self._associations(created["podIdentityAssociations"])
        return created

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:  # noqa: ARG002
        body = addon_update(changes, have, self._resolve_conflicts)
        return update_addon(self.client, self.cluster, self.part, body)

    def update_owner(self) -> Mapping[str, str]:
        return {self.part_key: self.part}

    def delete(self) -> None:
        delete_addon(self.client, self.cluster, self.part, self._preserve)
