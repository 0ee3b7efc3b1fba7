# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A cluster's OIDC provider in IAM: create, converge, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import at, missing_tags

Result = dict[str, Any]


class Api(Protocol):
    """What is needed of AWS."""

    def issuer(self, cluster: str) -> str: ...

    def providers(self) -> list[str]: ...

    def get(self, arn: str) -> api.Description | None: ...

    def create(self, url: str, client_ids: Sequence[str], tags: Mapping[str, str]) -> str: ...

    def add_client(self, arn: str, client_id: str) -> None: ...

    def tag(self, arn: str, tags: Mapping[str, str]) -> None: ...

    def delete(self, arn: str) -> None: ...


class Keeper(Protocol):
    """The lease of the run, if there is one."""

    def keep(self) -> None: ...


class OidcApi:
    """The adapter to boto3."""

    def __init__(self, eks: Any, iam: Any) -> None:
        self._eks = eks
        self._iam = iam

    def issuer(self, cluster: str) -> str:
        """The cluster's issuer, or "" if there is no such cluster or it has none yet."""
        found = api.describe_cluster(self._eks, cluster)
        return str(at(found, "identity.oidc.issuer") or "") if found else ""

    def providers(self) -> list[str]:
        return api.list_oidc_providers(self._iam)

    def get(self, arn: str) -> api.Description | None:
        return api.get_oidc_provider(self._iam, arn)

    def create(self, url: str, client_ids: Sequence[str], tags: Mapping[str, str]) -> str:
        return api.create_oidc_provider(self._iam, url, client_ids, tags)

    def add_client(self, arn: str, client_id: str) -> None:
        api.add_oidc_client(self._iam, arn, client_id)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        api.tag_oidc_provider(self._iam, arn, tags)

    def delete(self, arn: str) -> None:
        api.delete_oidc_provider(self._iam, arn)


def present(
    oidc: Api,
    cluster: str,
    client_ids: Sequence[str],
    tags: Mapping[str, str],
    *,
    check_mode: bool,
    keeper: Keeper,
) -> Result:
    """Register the cluster's issuer; add missing audiences and tags."""
    issuer = oidc.issuer(cluster)
    if not issuer and not check_mode:
        raise BlueGreenError(f"cluster {cluster} does not exist or has no OIDC issuer yet: create it first")
    arn = _find(oidc.providers(), issuer)
    if not arn:
        if not check_mode:
            keeper.keep()
            arn = oidc.create(issuer, client_ids, tags)
        return _result(issuer, arn, {}, {"client_ids": list(client_ids), "tags": dict(tags)}, changed=True)
    have = oidc.get(arn) or {}
    old_ids = list(have.get("ClientIDList", []))
    old_tags = {tag["Key"]: tag["Value"] for tag in have.get("Tags", [])}
    new_ids = [one for one in client_ids if one not in old_ids]
    new_tags = missing_tags(tags, old_tags)
    changed = bool(new_ids or new_tags)
    if changed and not check_mode:
        keeper.keep()
        for client_id in new_ids:
            oidc.add_client(arn, client_id)
        if new_tags:
            oidc.tag(arn, new_tags)
    before = {"client_ids": old_ids, "tags": old_tags}
    after = {"client_ids": old_ids + new_ids, "tags": {**old_tags, **new_tags}}
    return _result(issuer, arn, before, after, changed=changed)


def absent(oidc: Api, cluster: str, *, check_mode: bool, keeper: Keeper) -> Result:
    """Remove the provider of the cluster's issuer."""
    issuer = oidc.issuer(cluster)
    arn = _find(oidc.providers(), issuer)
    if arn and not check_mode:
        keeper.keep()
        oidc.delete(arn)
    return _result(issuer, "", {"arn": arn} if arn else {}, {}, changed=bool(arn))


def _find(arns: Sequence[str], issuer: str) -> str:
    """arn:aws:iam::<account>:oidc-provider/<issuer without https://>"""
    path = issuer.split("://", 1)[-1]
    return next((arn for arn in arns if path and arn.split(":oidc-provider/", 1)[-1] == path), "")


def _result(issuer: str, arn: str, before: dict[str, Any], after: dict[str, Any], *, changed: bool) -> Result:
    header = f"OIDC provider of {issuer or 'a cluster that does not exist yet'}"
    diff = {"before_header": header, "before": before, "after_header": header, "after": after}
    return {"changed": changed, "issuer": issuer, "oidc_provider_arn": arn, "diff": diff}
