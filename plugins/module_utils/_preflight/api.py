# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The calls that only preflight makes: quotas, what is used of them, what EKS offers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/monitoring-fargate-usage.html; pods of EKS count too.
FARGATE_USAGE = {"Service": "Fargate", "Type": "Resource", "Resource": "vCPU", "Class": "Standard/OnDemand"}
USAGE_PERIOD_SECONDS = 300
USAGE_WINDOW = timedelta(minutes=20)


@aws_call("read service quotas", none_for="NoSuchResourceException")
def get_service_quota(client: Any, service: str, code: str) -> float | None:
    """The limit of this account; None if it has never been changed."""
    return float(client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


@aws_call("read the defaults of service quotas", none_for="NoSuchResourceException")
def get_default_service_quota(client: Any, service: str, code: str) -> float | None:
    answer = client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
    return float(answer["Quota"]["Value"])


@aws_call("read how many vCPUs run on Fargate")
def get_fargate_vcpus(client: Any, now: datetime) -> float:
    """The newest figure; 0 without one, which is how AWS says that nothing runs."""
    answer = client.get_metric_statistics(
        Namespace="AWS/Usage",
        MetricName="ResourceCount",
        Dimensions=[{"Name": name, "Value": value} for name, value in FARGATE_USAGE.items()],
        StartTime=now - USAGE_WINDOW,
        EndTime=now,
        Period=USAGE_PERIOD_SECONDS,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else 0.0


@aws_call("read the limits of load balancing")
def describe_account_limits(client: Any) -> dict[str, float]:
    pages = client.get_paginator("describe_account_limits").paginate()
    return {limit["Name"]: float(limit["Max"]) for page in pages for limit in page["Limits"]}


@aws_call("list the versions of add-on {name} for Kubernetes {kubernetes_version}")
def list_addon_versions(client: Any, name: str, kubernetes_version: str) -> list[str]:
    pages = client.get_paginator("describe_addon_versions").paginate(
        addonName=name, kubernetesVersion=kubernetes_version
    )
    return [version["addonVersion"] for page in pages for addon in page["addons"] for version in addon["addonVersions"]]


@aws_call("list the clusters of the region")
def list_clusters(client: Any) -> list[str]:
    return [name for page in client.get_paginator("list_clusters").paginate() for name in page["clusters"]]
