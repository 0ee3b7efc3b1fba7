# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Which version of an add-on to install, and whether it takes the configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.addon import ADDON_FIELDS, read_configuration
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

DEFAULT, LATEST = "default", "latest"


@dataclass(frozen=True)
class Offer:
    """A version of an add-on that suits the cluster."""

    version: str
    is_default: bool


class Catalog(Protocol):
    """What AWS offers, for one add-on of one cluster."""

    def versions(self) -> list[Offer] | None:
        """None if there is no such cluster (yet)."""

    def schema(self, version: str) -> str: ...


@aws_call("read the versions of add-on {addon}")
def describe_addon_versions(client: Any, addon: str, kubernetes_version: str) -> list[Description]:
    paginator = client.get_paginator("describe_addon_versions")
    pages = paginator.paginate(addonName=addon, kubernetesVersion=kubernetes_version)
    return [version for page in pages for one in page["addons"] for version in one["addonVersions"]]


@aws_call("read the configuration schema of add-on {addon} {version}", none_for=NOT_FOUND)
def describe_addon_configuration(client: Any, addon: str, version: str) -> str | None:
    found = client.describe_addon_configuration(addonName=addon, addonVersion=version)
    return str(found.get("configurationSchema") or "")


class AwsCatalog:
    """The adapter to boto3."""

    def __init__(self, client: Any, cluster: str, addon: str) -> None:
        self._client = client
        self._cluster = cluster
        self._addon = addon

    def versions(self) -> list[Offer] | None:
        cluster = describe_cluster(self._client, self._cluster)
        if cluster is None:
            return None
        found = describe_addon_versions(self._client, self._addon, cluster["version"])
        return [Offer(one["addonVersion"], _is_default(one, cluster["version"])) for one in found]

    def schema(self, version: str) -> str:
        return describe_addon_configuration(self._client, self._addon, version) or ""


def _is_default(version: Mapping[str, Any], kubernetes_version: str) -> bool:
    found = version.get("compatibilities") or []
    return any(one.get("clusterVersion") == kubernetes_version and one.get("defaultVersion") for one in found)


def settled_addon(
    catalog: Catalog, options: Mapping[str, Any], have: Mapping[str, Any] | None, *, check_mode: bool
) -> dict[str, Any]:
    """The values of an add-on's fields with nothing left open, or a refusal.

    AWS is asked only about what would change: what is installed may have left the catalog long ago.
    """
    values = {field.option: options[field.option] for field in ADDON_FIELDS}
    if values["pod_identity_associations"]:
        # One way to its permissions, not two.
        values["service_account_role_arn"] = ""
    what = f"add-on {options['cluster_name']}/{options['name']}"
    installed = have["addonVersion"] if have else None
    configured = read_configuration(have.get("configurationValues")) if have else None
    reconfigured = bool(values["configuration_values"]) and values["configuration_values"] != configured
    chosen = installed
    if values["version"] not in (None, installed) or (reconfigured and installed is None):
        offers = _offers(what, catalog, check_mode=check_mode)
        if offers is None:
            return {**values, "version": None if values["version"] in (DEFAULT, LATEST) else values["version"]}
        chosen = choose_version(what, values["version"], offers)
    if chosen and (reconfigured or (chosen != installed and values["configuration_values"])):
        check_configuration(f"{what} {chosen}", values["configuration_values"], catalog.schema(chosen))
    return {**values, "version": chosen if values["version"] else None}


def _offers(what: str, catalog: Catalog, *, check_mode: bool) -> list[Offer] | None:
    """The versions that suit the cluster; None in check mode for a cluster that is still to come."""
    offers = catalog.versions()
    if offers is None and not check_mode:
        raise BlueGreenError(f"{what}: the cluster does not exist; create it first")
    return offers


def choose_version(what: str, wanted: str | None, offers: Sequence[Offer]) -> str:
    """The version that is meant; `None` stands for the default, which AWS would choose."""
    newest_first = sorted(offers, key=lambda one: version_key(one.version), reverse=True)
    if not newest_first:
        raise BlueGreenError(f"{what}: AWS offers no such add-on for the cluster's Kubernetes version; check its name")
    if wanted == LATEST:
        return newest_first[0].version
    if wanted in (None, DEFAULT):
        default = [one.version for one in newest_first if one.is_default]
        if not default:
            raise BlueGreenError(f"{what}: AWS names no default version; choose one of {_listed(newest_first)}")
        return default[0]
    if wanted not in [one.version for one in newest_first]:
        raise BlueGreenError(
            f"{what}: version {wanted} is not on offer for the cluster's Kubernetes version; "
            f"choose one of {_listed(newest_first)}"
        )
    return wanted


def version_key(version: str) -> tuple[int, ...]:
    """v1.21.10-eksbuild.2 as numbers, to put versions in order."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _listed(offers: Sequence[Offer]) -> str:
    return ", ".join(f"{one.version} (default)" if one.is_default else one.version for one in offers)


def check_configuration(what: str, values: Mapping[str, Any], schema: str) -> None:
    """Raise if a configuration does not fit the add-on's JSON schema; names everything that is wrong."""
    if not schema:
        return
    try:
        from jsonschema.validators import validator_for  # type: ignore[import-untyped]
    except ImportError:
        raise BlueGreenError(
            f"configuration_values of {what} cannot be checked: "
            "install the Python package jsonschema on the control node"
        ) from None
    document = json.loads(schema)
    found = validator_for(document)(document).iter_errors(dict(values))
    problems = sorted(
        f"{error.json_path.removeprefix('$').lstrip('.') or 'at the top'}: {error.message}" for error in found
    )
    if problems:
        raise BlueGreenError(f"configuration_values of {what} do not fit its schema: {'; '.join(problems)}")
