# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A pod identity association: the IAM role of a service account's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import with_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND, Part
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    FIXED,
    Difference,
    Field,
    converges,
    equal_to,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

ASSOCIATION = converges("association")


_FIELDS = (
    Field("role_arn", "roleArn", ASSOCIATION),
    # AWS leaves it out if there is none; an empty one removes it.
    Field("target_role_arn", "targetRoleArn", ASSOCIATION, equal_to(""), lambda role: role or None),
    Field("disable_session_tags", "disableSessionTags", ASSOCIATION, equal_to(False)),
)


@aws_call(
    "list the pod identity associations of {namespace}/{service_account} in cluster {cluster}", none_for=NOT_FOUND
)
def list_pod_identity_associations(
    client: Any, cluster: str, namespace: str, service_account: str
) -> list[Description] | None:
    paginator = client.get_paginator("list_pod_identity_associations")
    pages = paginator.paginate(clusterName=cluster, namespace=namespace, serviceAccount=service_account)
    return [one for page in pages for one in page["associations"]]


@aws_call("read pod identity association {association_id} of cluster {cluster}", none_for=NOT_FOUND)
def describe_pod_identity_association(client: Any, cluster: str, association_id: str) -> Description | None:
    answer = client.describe_pod_identity_association(clusterName=cluster, associationId=association_id)
    found: Description = answer["association"]
    return found


@aws_call("create the pod identity association of {namespace}/{service_account} in cluster {cluster}")
def create_pod_identity_association(
    client: Any, cluster: str, namespace: str, service_account: str, body: Mapping[str, Any]
) -> Description:
    answer = client.create_pod_identity_association(
        clusterName=cluster, namespace=namespace, serviceAccount=service_account, **body
    )
    created: Description = answer["association"]
    return created


@aws_call("update pod identity association {association_id} of cluster {cluster}")
def update_pod_identity_association(client: Any, cluster: str, association_id: str, body: Mapping[str, Any]) -> None:
    client.update_pod_identity_association(clusterName=cluster, associationId=association_id, **body)


@aws_call("delete pod identity association {association_id} of cluster {cluster}", none_for=NOT_FOUND)
def delete_pod_identity_association(client: Any, cluster: str, association_id: str) -> None:
    client.delete_pod_identity_association(clusterName=cluster, associationId=association_id)


class PodIdentityAssociation(Part):
    """The association of one service account; AWS keeps at most one for each."""

    kind = "pod identity association"
    arn_key = "associationArn"
    fields: tuple[Field, ...] = _FIELDS
    needed = ("role_arn",)
    creation = "CreatePodIdentityAssociation"

    def __init__(self, client: Any, cluster: str, namespace: str, service_account: str) -> None:
        super().__init__(client, cluster, f"{namespace}/{service_account}")
        self._namespace = namespace
        self._service_account = service_account
        self._id = ""

    def identity(self) -> Description:
        return {"clusterName": self.cluster, "namespace": self._namespace, "serviceAccount": self._service_account}

    def describe(self) -> Description | None:
        listed = list_pod_identity_associations(self.client, self.cluster, self._namespace, self._service_account)
        found = None
        if listed:
            self._id = listed[0]["associationId"]
            found = describe_pod_identity_association(self.client, self.cluster, self._id)
        if found is not None and found.get("ownerArn"):
            owner = f"it belongs to the add-on {found['ownerArn']}; change it there"
            self.fields = tuple(replace(one, rule=FIXED, hindrance=lambda _have, _want: owner) for one in _FIELDS)
        return with_status(found) if found is not None else None

    def create(self, body: Mapping[str, Any]) -> Description:
        given = {key: value for key, value in body.items() if value != ""}
        at = (self.client, self.cluster, self._namespace, self._service_account)
        return with_status(create_pod_identity_association(*at, given))

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:  # noqa: ARG002
        body = {change.field.path: change.body for change in changes}
        update_pod_identity_association(self.client, self.cluster, have["associationId"], body)
        return ""

    def protection(self, have: Description) -> str:
        owner = have.get("ownerArn")
        return f"it belongs to the add-on {owner}. Remove it there (eks_addon)" if owner else ""

    def delete(self) -> None:
        delete_pod_identity_association(self.client, self.cluster, self._id)
