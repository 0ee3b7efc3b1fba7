# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""An access entry and its policies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import with_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    Difference,
    Field,
    converges,
    same_members,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

ENTRY, POLICIES = "entry", "policies"
# Kept next to the entry's own description; CreateAccessEntry and UpdateAccessEntry do not know it.
POLICIES_PATH = "accessPolicies"
PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(role|user)/.+")
# Other types get their groups from EKS and have no policies.
FOR_PEOPLE = ("STANDARD",)
WITH_POLICIES = ("STANDARD", "EC2")

EntryPolicy = Mapping[str, Any]


def read_entry_policies(associated: Any) -> list[dict[str, Any]]:
    """Associated policies as the option access_policies has them, in order."""
    found = [
        {
            "policy_arn": one["policyArn"],
            "scope": one["accessScope"]["type"],
            "namespaces": sorted(one["accessScope"].get("namespaces") or []),
        }
        for one in associated or []
    ]
    return sorted(found, key=lambda one: str(one["policy_arn"]))


def _write_policies(policies: Sequence[EntryPolicy]) -> list[dict[str, Any]]:
    return [
        {
            "policyArn": one["policy_arn"],
            "accessScope": {"type": one["scope"], "namespaces": list(one["namespaces"] or [])},
        }
        for one in policies
    ]


ENTRY_FIELDS = (
    Field("type", "type", FIXED, lambda have, want: (have or "STANDARD") == want),
    Field("kubernetes_groups", "kubernetesGroups", converges(ENTRY), same_members),
    Field("username", "username", converges(ENTRY)),
    Field(
        "access_policies",
        POLICIES_PATH,
        converges(POLICIES),
        lambda have, want: have == read_entry_policies(_write_policies(want)),
        read_entry_policies,
        _write_policies,
    ),
)


def settled_entry(options: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values of an entry's fields, or a refusal of options that contradict each other.

    `policy_arns` are joined with `access_policies`; without `purge_policies` those that are there stay. What EKS sets
    itself is not asked for, not even as an empty value: an update would take the nodes' groups from them.
    """
    what = f"access entry {options['cluster_name']}/{options['principal_arn']}"
    kind = options["type"] or (have or {}).get("type") or "STANDARD"
    policies = _wanted_policies(options)
    _refuse_bad(what, options, kind, policies or [])
    if policies is not None and have is not None and not options["purge_policies"]:
        named = {one["policy_arn"] for one in policies}
        policies += [one for one in read_entry_policies(have.get(POLICIES_PATH)) if one["policy_arn"] not in named]
    own = {name: options[name] if kind in FOR_PEOPLE else None for name in ("kubernetes_groups", "username")}
    return {"type": options["type"], **own, "access_policies": policies}


def with_policies(entry: Mapping[str, Any] | None, principal: str) -> dict[str, Any] | None:
    """An entry as the module returns it: its policies as the options have them."""
    if entry is None:
        return None
    policies = [
        {
            "policy_arn": one["policy_arn"],
            "scope": one["access_scope"]["type"],
            "namespaces": sorted(one["access_scope"].get("namespaces") or []),
        }
        for one in sorted(entry.get("access_policies") or [], key=lambda one: str(one["policy_arn"]))
    ]
    arns = [one["policy_arn"] for one in policies]
    return {"principal_arn": principal, **entry, "access_policies": policies, "policy_arns": arns}


def _wanted_policies(options: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    if options["policy_arns"] is None and options["access_policies"] is None:
        return None
    wide = [{"policy_arn": arn, "scope": "cluster", "namespaces": []} for arn in options["policy_arns"] or []]
    return [*wide, *({**one, "namespaces": list(one["namespaces"] or [])} for one in options["access_policies"] or [])]


def _refuse_bad(what: str, options: Mapping[str, Any], kind: str, policies: Sequence[EntryPolicy]) -> None:
    problems = []
    if not PRINCIPAL.fullmatch(options["principal_arn"]):
        problems.append(
            "principal_arn must be the ARN of an IAM role or user, not that of a session (arn:aws:sts:...:assumed-role)"
        )
    if kind not in FOR_PEOPLE and (options["kubernetes_groups"] or options["username"]):
        problems.append(f"an entry of type {kind} gets its groups and user name from EKS: leave them out")
    if kind not in WITH_POLICIES and policies:
        problems.append(f"an entry of type {kind} takes no access policies")
    arns = [one["policy_arn"] for one in policies]
    problems += [f"{arn} is named more than once" for arn in sorted({one for one in arns if arns.count(one) > 1})]
    for one in policies:
        if (one["scope"] == "namespace") != bool(one["namespaces"]):
            problems.append(f"{one['policy_arn']}: the scope namespace needs namespaces, and no other scope takes them")
    if problems:
        raise BlueGreenError(f"{what}: {'; '.join(problems)}")


@aws_call("read the access entry of {principal} in cluster {cluster}", none_for=NOT_FOUND)
def describe_access_entry(client: Any, cluster: str, principal: str) -> Description | None:
    found: Description = client.describe_access_entry(clusterName=cluster, principalArn=principal)["accessEntry"]
    return found


@aws_call("create an access entry for {principal} in cluster {cluster}")
def create_access_entry(client: Any, cluster: str, principal: str, body: Mapping[str, Any]) -> Description:
    answer = client.create_access_entry(clusterName=cluster, principalArn=principal, **body)
    created: Description = answer["accessEntry"]
    return created


@aws_call("update the access entry of {principal} in cluster {cluster}")
def update_access_entry(client: Any, cluster: str, principal: str, body: Mapping[str, Any]) -> None:
    client.update_access_entry(clusterName=cluster, principalArn=principal, **body)


@aws_call("delete the access entry of {principal} in cluster {cluster}", none_for=NOT_FOUND)
def delete_access_entry(client: Any, cluster: str, principal: str) -> None:
    client.delete_access_entry(clusterName=cluster, principalArn=principal)


@aws_call("list the policies of {principal} in cluster {cluster}", none_for=NOT_FOUND)
def list_associated_policies(client: Any, cluster: str, principal: str) -> list[Description] | None:
    paginator = client.get_paginator("list_associated_access_policies")
    pages = paginator.paginate(clusterName=cluster, principalArn=principal)
    return [policy for page in pages for policy in page["associatedAccessPolicies"]]


@aws_call("list the access policies on offer")
def list_policies_on_offer(client: Any) -> list[str]:
    pages = client.get_paginator("list_access_policies").paginate()
    return [policy["arn"] for page in pages for policy in page["accessPolicies"]]


# EKS may not find an entry that it has just made.
@aws_call("associate {policy} with {principal} in cluster {cluster}", not_yet=NOT_FOUND)
def associate_access_policy(client: Any, cluster: str, principal: str, policy: str, scope: Mapping[str, Any]) -> None:
    client.associate_access_policy(
        clusterName=cluster, principalArn=principal, policyArn=policy, accessScope=dict(scope)
    )


@aws_call("remove {policy} from {principal} in cluster {cluster}", none_for=NOT_FOUND)
def disassociate_access_policy(client: Any, cluster: str, principal: str, policy: str) -> None:
    client.disassociate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy)


class AccessEntry(Part):
    """The entry of one IAM principal, with the policies that are associated with it."""

    kind = "access entry"
    part_key = "principalArn"
    arn_key = "accessEntryArn"
    fields = ENTRY_FIELDS
    creation = "CreateAccessEntry"

    def describe(self) -> Description | None:
        at = (self.client, self.cluster, self.part)
        found = describe_access_entry(*at)
        policies = list_associated_policies(*at) if found is not None else None
        if found is None or policies is None:
            return None
        return with_status({**found, POLICIES_PATH: policies})

    def check(self, body: Mapping[str, Any]) -> None:
        super().check({key: value for key, value in body.items() if key != POLICIES_PATH})
        wanted = [one["policyArn"] for one in body.get(POLICIES_PATH) or []]
        on_offer = list_policies_on_offer(self.client) if wanted else []
        unknown = sorted(set(wanted) - set(on_offer))
        if unknown:
            raise BlueGreenError(
                f"{self.kind} {self.name}: EKS has no access policy {', '.join(unknown)}; "
                f"choose from {', '.join(sorted(on_offer))}"
            )

    def create(self, body: Mapping[str, Any]) -> Description:
        at = (self.client, self.cluster, self.part)
        created = create_access_entry(*at, {key: value for key, value in body.items() if key != POLICIES_PATH})
        self._associate(body.get(POLICIES_PATH) or [])
        return with_status({**created, POLICIES_PATH: body.get(POLICIES_PATH) or []})

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:
        if call == ENTRY:
            body = {change.field.path: change.body for change in changes}
            update_access_entry(self.client, self.cluster, self.part, body)
            return ""
        (change,) = changes
        there = read_entry_policies(have[POLICIES_PATH])
        # Rights are added before others are removed, so that no one is locked out in between.
        self._associate([one for one in change.body if read_entry_policies([one])[0] not in there])
        wanted = {one["policyArn"] for one in change.body}
        for one in there:
            if one["policy_arn"] not in wanted:
                disassociate_access_policy(self.client, self.cluster, self.part, one["policy_arn"])
        return ""

    def _associate(self, policies: Sequence[Mapping[str, Any]]) -> None:
        for one in policies:
            associate_access_policy(self.client, self.cluster, self.part, one["policyArn"], one["accessScope"])

    def delete(self) -> None:
        delete_access_entry(self.client, self.cluster, self.part)
