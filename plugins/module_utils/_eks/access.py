# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""An access entry and its policies: create, converge, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resources import ACCESS_ENTRY_FIELDS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import differences, request

Result = dict[str, Any]


class Api(Protocol):
    """What is needed of AWS, for one principal of one cluster."""

    def describe(self) -> api.Description | None: ...

    def policies(self) -> list[str]: ...

    def create(self, body: Mapping[str, Any]) -> None: ...

    def update(self, body: Mapping[str, Any]) -> None: ...

    def associate(self, policy: str) -> None: ...

    def disassociate(self, policy: str) -> None: ...

    def delete(self) -> None: ...


class Keeper(Protocol):
    """The lease of the run, if there is one."""

    def keep(self) -> None: ...


class AccessEntryApi:
    """The adapter to boto3."""

    def __init__(self, client: Any, cluster: str, principal: str) -> None:
        self._at = (client, cluster, principal)

    def describe(self) -> api.Description | None:
        return api.describe_access_entry(*self._at)

    def policies(self) -> list[str]:
        return api.list_access_policies(*self._at)

    def create(self, body: Mapping[str, Any]) -> None:
        api.create_access_entry(*self._at, body)

    def update(self, body: Mapping[str, Any]) -> None:
        api.update_access_entry(*self._at, body)

    def associate(self, policy: str) -> None:
        api.associate_access_policy(*self._at, policy)

    def disassociate(self, policy: str) -> None:
        api.disassociate_access_policy(*self._at, policy)

    def delete(self) -> None:
        api.delete_access_entry(*self._at)


def present(entry: Api, want: Mapping[str, Any], *, check_mode: bool, keeper: Keeper) -> Result:
    """Create the entry, or converge its groups, user name and policies. `want` holds the module's options."""
    have = entry.describe()
    policies = set(entry.policies()) if have is not None else set()
    wanted = set(want["policy_arns"])
    changes = differences(ACCESS_ENTRY_FIELDS, want, have) if have is not None else []
    body = {change.field.path: change.want for change in changes}
    if have is None:
        body = request(ACCESS_ENTRY_FIELDS, want)
    changed = have is None or bool(changes) or policies != wanted
    if changed and not check_mode:
        keeper.keep()
        if have is None:
            entry.create({**body, "tags": dict(want["tags"])} if want["tags"] else body)
        elif body:
            entry.update(body)
        for policy in sorted(wanted - policies):
            entry.associate(policy)
        for policy in sorted(policies - wanted):
            entry.disassociate(policy)
    after = {"principalArn": want["principal_arn"], **(have or {}), **body}
    return _result(_shown(have, policies), _shown(after, wanted), changed=changed)


def absent(entry: Api, *, check_mode: bool, keeper: Keeper) -> Result:
    """Delete the entry; its policies go with it."""
    have = entry.describe()
    if have is not None and not check_mode:
        keeper.keep()
        entry.delete()
    return _result(_shown(have, set()), None, changed=have is not None)


def _shown(have: Mapping[str, Any] | None, policies: set[str]) -> dict[str, Any] | None:
    if have is None:
        return None
    return {**camel_dict_to_snake_dict(dict(have), ignore_list=["tags"]), "policy_arns": sorted(policies)}


def _result(before: dict[str, Any] | None, after: dict[str, Any] | None, *, changed: bool) -> Result:
    return {"changed": changed, "access_entry": after, "diff": {"before": before or {}, "after": after or {}}}
