# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the kinds of EKS resources have in common: tags, updates, and what a round asks of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.request import check_request
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import Difference, Field, changed_to
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

NOT_FOUND = "ResourceNotFoundException"


@aws_call("tag {arn}")
def tag_resource(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=dict(tags))


@aws_call("remove tags from {arn}")
def untag_resource(client: Any, arn: str, keys: Sequence[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=list(keys))


@aws_call("read update {update_id} of cluster {cluster}", none_for=NOT_FOUND)
def describe_update(client: Any, cluster: str, update_id: str, owner: Mapping[str, str]) -> Description | None:
    found: Description = client.describe_update(name=cluster, updateId=update_id, **owner)["update"]
    return found


@aws_call("list the updates of cluster {cluster}", none_for=NOT_FOUND)
def list_updates(client: Any, cluster: str, owner: Mapping[str, str]) -> list[str] | None:
    pages = client.get_paginator("list_updates").paginate(name=cluster, **owner)
    return [update_id for page in pages for update_id in page["updateIds"]]


class Resource(ABC):
    """Something that EKS creates, describes with a status, changes and deletes.

    A kind names its fields and makes the calls; a round (see round.py) decides which ones and when.
    """

    kind: str
    # Where a description holds the ARN.
    arn_key: str
    fields: tuple[Field, ...]
    # The options without which it cannot be created.
    needed: tuple[str, ...] = ()
    # The API operation that creates it: its model is what a request is checked against.
    creation: str

    def __init__(self, client: Any, cluster: str, name: str) -> None:
        self.client = client
        self.cluster = cluster
        self.name = name

    @abstractmethod
    def identity(self) -> Description:
        """The part of its description that follows from its name."""

    @abstractmethod
    def describe(self) -> Description | None:
        """What AWS says about it; None if there is none."""

    @abstractmethod
    def create(self, body: Mapping[str, Any]) -> Description:
        """Ask AWS to make it; returns what AWS answers."""

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:
        """Make the changes of one call; returns the id of the update, "" if AWS gives none."""
        raise NotImplementedError(call)

    @abstractmethod
    def delete(self) -> None:
        """Ask AWS to delete it."""

    def changed(self, have: Description, changes: Sequence[Difference]) -> Description:
        """The description as it will be after the changes."""
        return changed_to(have, changes)

    def update_owner(self) -> Mapping[str, str] | None:
        """What names this resource among the owners of updates; None for a kind whose updates AWS does not list."""
        return None

    def describe_update(self, update_id: str) -> Description | None:
        """An update; None while AWS does not know of it yet."""
        return describe_update(self.client, self.cluster, update_id, self.update_owner() or {})

    def running_update(self) -> str:
        """The id of the update that is under way, "" if none is known."""
        owner = self.update_owner()
        if owner is None:
            return ""
        for update_id in list_updates(self.client, self.cluster, owner) or []:
            found = self.describe_update(update_id)
            if found is not None and found["status"] == "InProgress":
                return update_id
        return ""

    def protection(self, have: Description) -> str:  # noqa: ARG002
        """Why it must not be deleted, and what to do about it; "" if nothing protects it."""
        return ""

    def hindrance(self, values: Mapping[str, Any], have: Description) -> str:  # noqa: ARG002
        """Why the resource cannot get these values of options, and what to do about it; "" if it can."""
        return ""

    def counted(self, values: Mapping[str, Any], have: Description | None) -> Mapping[str, Any]:  # noqa: ARG002
        """The values of options that count for what there is; the others become None."""
        return values

    def contents(self) -> Sequence[Resource]:
        """What is in it and keeps AWS from deleting it; deleted before it if asked for."""
        return ()

    def check(self, body: Mapping[str, Any]) -> None:
        """Raise if the body of a create request is not what AWS's model of the API allows."""
        check_request(self.client, self.creation, f"{self.kind} {self.name}", body, self.fields)

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        tag_resource(self.client, arn, add)

    def untag(self, arn: str, remove: Sequence[str]) -> None:
        untag_resource(self.client, arn, remove)


class Part(Resource):
    """Something in a cluster, with a name of its own there."""

    # What its description and its calls name it by.
    part_key: str

    def __init__(self, client: Any, cluster: str, part: str) -> None:
        super().__init__(client, cluster, f"{cluster}/{part}")
        self.part = part

    def identity(self) -> Description:
        return {"clusterName": self.cluster, self.part_key: self.part}
