# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A cluster's OIDC provider in IAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import with_status
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    Difference,
    Field,
    at,
    converges,
    same_members,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

_NOT_FOUND = "NoSuchEntity"
CLIENTS, THUMBPRINTS = "clients", "thumbprints"

PROVIDER_FIELDS = (
    Field("client_ids", "ClientIDList", converges(CLIENTS), same_members),
    Field("thumbprints", "ThumbprintList", converges(THUMBPRINTS), same_members),
)


def all_clients(wanted: Sequence[str], have: Mapping[str, Any] | None, *, purge: bool) -> list[str]:
    """The audiences that there should be: without `purge` those that are there stay."""
    there = list((have or {}).get("ClientIDList") or [])
    return list(dict.fromkeys(wanted if purge else [*there, *wanted]))


def find_provider(arns: Sequence[str], issuer: str) -> str:
    """The ARN of an issuer's provider: arn:aws:iam::<account>:oidc-provider/<issuer without https://>."""
    path = issuer.split("://", 1)[-1]
    return next((arn for arn in arns if path and arn.split(":oidc-provider/", 1)[-1] == path), "")


def by_options(provider: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A provider as the module returns it, by the names of its options."""
    if provider is None:
        return None
    names = {"client_id_list": "client_ids", "thumbprint_list": "thumbprints"}
    return {names.get(name, name): value for name, value in provider.items()}


@aws_call("list the OIDC providers of the account")
def list_oidc_providers(client: Any) -> list[str]:
    return [one["Arn"] for one in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


@aws_call("read OIDC provider {arn}", none_for=_NOT_FOUND)
def get_oidc_provider(client: Any, arn: str) -> Description | None:
    found: Description = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return found


@aws_call("create the OIDC provider of {url}")
def create_oidc_provider(client: Any, url: str, body: Mapping[str, Any]) -> str:
    return str(client.create_open_id_connect_provider(Url=url, **body)["OpenIDConnectProviderArn"])


@aws_call("add client {client_id} to OIDC provider {arn}")
def add_oidc_client(client: Any, arn: str, client_id: str) -> None:
    client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)


@aws_call("remove client {client_id} from OIDC provider {arn}")
def remove_oidc_client(client: Any, arn: str, client_id: str) -> None:
    client.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)


@aws_call("set the thumbprints of OIDC provider {arn}")
def set_oidc_thumbprints(client: Any, arn: str, thumbprints: Sequence[str]) -> None:
    client.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=list(thumbprints))


@aws_call("tag OIDC provider {arn}")
def tag_oidc_provider(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=_listed(tags))


@aws_call("remove tags from OIDC provider {arn}")
def untag_oidc_provider(client: Any, arn: str, keys: Sequence[str]) -> None:
    client.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=list(keys))


@aws_call("delete OIDC provider {arn}", none_for=_NOT_FOUND)
def delete_oidc_provider(client: Any, arn: str) -> None:
    client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class OidcProvider(Resource):
    """The provider of the issuer of a cluster, or of an issuer whose cluster may be gone."""

    kind = "OIDC provider"
    arn_key = "Arn"
    fields = PROVIDER_FIELDS
    creation = "CreateOpenIDConnectProvider"

    def __init__(self, iam: Any, eks: Any, cluster: str, issuer: str = "") -> None:
        super().__init__(iam, cluster, f"of {cluster or issuer}")
        self._eks = eks
        self.issuer = issuer
        self.arn = ""

    def identity(self) -> Description:
        """Its URL, once its issuer is known."""
        return {"Url": self.issuer.removeprefix("https://")} if self.issuer else {}

    def describe(self) -> Description | None:
        """As IAM describes it, with its ARN, and tags as a dictionary."""
        self.issuer = self.issuer or self._issuer_of_cluster()
        self.arn = find_provider(list_oidc_providers(self.client), self.issuer) if self.issuer else ""
        found = get_oidc_provider(self.client, self.arn) if self.arn else None
        if found is None:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags") or []}
        return with_status({**_without_metadata(found), "Arn": self.arn, "tags": tags})

    def _issuer_of_cluster(self) -> str:
        """ "" if there is no such cluster, or it has no issuer yet."""
        found = describe_cluster(self._eks, self.cluster)
        return str(at(found, "identity.oidc.issuer") or "") if found else ""

    def check(self, body: Mapping[str, Any]) -> None:
        super().check(_request(body))

    def create(self, body: Mapping[str, Any]) -> Description:
        if not self.issuer:
            raise BlueGreenError(f"cluster {self.cluster} does not exist or has no OIDC issuer yet: create it first")
        self.arn = create_oidc_provider(self.client, self.issuer, _request(body))
        return with_status({**body, "Url": self.issuer, "Arn": self.arn})

    def update(self, call: str, changes: Sequence[Difference], have: Description) -> str:
        (change,) = changes
        if call == THUMBPRINTS:
            set_oidc_thumbprints(self.client, have["Arn"], change.want)
            return ""
        for client_id in change.want:
            if client_id not in change.have:
                add_oidc_client(self.client, have["Arn"], client_id)
        for client_id in change.have:
            if client_id not in change.want:
                remove_oidc_client(self.client, have["Arn"], client_id)
        return ""

    def delete(self) -> None:
        delete_oidc_provider(self.client, self.arn)

    def tag(self, arn: str, add: Mapping[str, str]) -> None:
        tag_oidc_provider(self.client, arn, add)

    def untag(self, arn: str, remove: Sequence[str]) -> None:
        untag_oidc_provider(self.client, arn, remove)


def _request(body: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in body.items() if key != "tags"}
    return {**given, "Tags": _listed(body["tags"])} if body.get("tags") else given


def _without_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", "Tags")}
