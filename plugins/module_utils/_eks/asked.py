# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the options of an EKS module ask for: a resource, the values of its fields, and the round that makes it so.

The modules ask for it, and the comparison of a slot asks what would come of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import access_entry, addon_offer, nodegroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.access_entry import AccessEntry
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import Addon
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon_offer import AwsCatalog
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import Cluster, check_cluster_values
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.fargate_profile import (
    FargateProfile,
    ensure_profile,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import Nodegroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.oidc_provider import OidcProvider, all_clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.pod_identity_association import (
    PodIdentityAssociation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data, Result

# Makes the boto3 client of a service.
MakeClient = Callable[[str], Any]
PRESENT = "present"
Kind_co = TypeVar("Kind_co", bound=Resource, covariant=True)


@dataclass(frozen=True)
class AskedResource(Generic[Kind_co]):
    """What is asked for. Where it is to go (state: absent), the values do not count."""

    resource: Kind_co
    values: Data
    present: Callable[..., Result] = present_round


def ask_cluster(client: MakeClient, options: Data, *, check_mode: bool) -> AskedResource[Cluster]:
    values = _values(Cluster, options)
    check_cluster_values(options["name"], values)
    # In check mode the task that turns it off has only been predicted.
    unprotected = check_mode and values["deletion_protection"] is False
    return AskedResource(Cluster(client("eks"), options["name"], unprotected=unprotected), values)


def ask_nodegroup(client: MakeClient, options: Data) -> AskedResource[Nodegroup]:
    values = _values(Nodegroup, options)
    nodegroup.check_nodegroup_values(f"{options['cluster_name']}/{options['name']}", values)
    return AskedResource(Nodegroup(client("eks"), options["cluster_name"], options["name"]), values)


def ask_fargate_profile(client: MakeClient, options: Data) -> AskedResource[FargateProfile]:
    profile = FargateProfile(client("eks"), options["cluster_name"], options["name"])
    its_way = partial(ensure_profile, ec2=lambda: client("ec2"), recreate=options["recreate"])
    return AskedResource(profile, _values(FargateProfile, options), its_way)


def ask_addon(client: MakeClient, options: Data, *, check_mode: bool) -> AskedResource[Addon]:
    eks, cluster, name = client("eks"), options["cluster_name"], options["name"]
    addon = Addon(eks, cluster, name, resolve_conflicts=options["resolve_conflicts"], preserve=options["preserve"])
    if not _is_to_be(options):
        return AskedResource(addon, {})
    catalog = AwsCatalog(eks, cluster, name)
    return AskedResource(addon, addon_offer.settled_addon(catalog, options, addon.describe(), check_mode=check_mode))


def ask_access_entry(client: MakeClient, options: Data) -> AskedResource[AccessEntry]:
    entry = AccessEntry(client("eks"), options["cluster_name"], options["principal_arn"])
    return AskedResource(entry, access_entry.settled_entry(options, entry.describe()) if _is_to_be(options) else {})


def ask_pod_identity(client: MakeClient, options: Data) -> AskedResource[PodIdentityAssociation]:
    named = (options["cluster_name"], options["namespace"], options["service_account"])
    return AskedResource(PodIdentityAssociation(client("eks"), *named), _values(PodIdentityAssociation, options))


def ask_oidc_provider(client: MakeClient, options: Data) -> AskedResource[OidcProvider]:
    provider = OidcProvider(client("iam"), client("eks"), options["cluster_name"] or "", options["issuer"] or "")
    clients = all_clients(options["client_ids"], provider.describe(), purge=options["purge_client_ids"])
    return AskedResource(provider, {"client_ids": clients, "thumbprints": options["thumbprints"]})


def _values(kind: type[Resource], options: Data) -> dict[str, Any]:
    """The options of a resource's own fields."""
    return {field.option: options[field.option] for field in kind.fields}


def _is_to_be(options: Data) -> bool:
    return bool(options.get("state", PRESENT) == PRESENT)
