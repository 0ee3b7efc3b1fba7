# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What EKS says about a cluster and about the Kubernetes versions on offer. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import NOT_FOUND
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import answer
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

PASSING = "PASSING"


@aws_call("read the Kubernetes versions on offer")
def describe_cluster_versions(client: Any) -> list[Description]:
    pages = client.get_paginator("describe_cluster_versions").paginate()
    return [one for page in pages for one in page["clusterVersions"]]


@aws_call("list the insights of cluster {cluster}")
def list_insights(client: Any, cluster: str, categories: Sequence[str]) -> list[Description]:
    pages = client.get_paginator("list_insights").paginate(clusterName=cluster, filter={"categories": list(categories)})
    return [one for page in pages for one in page["insights"]]


@aws_call("read insight {insight_id} of cluster {cluster}", none_for=NOT_FOUND)
def describe_insight(client: Any, cluster: str, insight_id: str) -> Description | None:
    found: Description = client.describe_insight(clusterName=cluster, id=insight_id)["insight"]
    return found


def read(client: Any, name: str | None, *, versions: bool, insights: Sequence[str]) -> dict[str, Any]:
    """The cluster (None if there is none), the versions on offer if asked for, the insights of some categories."""
    found = describe_cluster(client, name) if name else None
    result = answer("cluster", {"resource": found})
    if versions:
        on_offer = describe_cluster_versions(client)
        result["versions"] = [camel_dict_to_snake_dict(one) for one in newest_first(on_offer)]
    if insights:
        listed = list_insights(client, name or "", insights) if found else []
        result["insights"] = [_shown(client, name or "", one) for one in worst_first(listed)]
    return result


def _shown(client: Any, cluster: str, insight: Description) -> dict[str, Any]:
    """An insight; one that found something with all that EKS knows about it."""
    details = describe_insight(client, cluster, insight["id"]) if _status(insight) != PASSING else None
    return dict(camel_dict_to_snake_dict(details or insight, ignore_list=["additionalInfo"]))


def newest_first(versions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(versions, key=lambda one: _minor(str(one["clusterVersion"])), reverse=True)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def worst_first(insights: Sequence[Description]) -> list[Description]:
    """Errors, then warnings, then what EKS could not tell, then what passes; by name among equals."""
    order = ("ERROR", "WARNING", "UNKNOWN", PASSING)
    return sorted(insights, key=lambda one: (order.index(_status(one)), str(one["name"])))


def _status(insight: Mapping[str, Any]) -> str:
    return str((insight.get("insightStatus") or {}).get("status") or "UNKNOWN")
