# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the source cluster's own API says: its charts and its pods on Fargate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.api import HelmReleases
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Fargate, Inside
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_PODS = "/api/v1/pods"
FARGATE_LABEL = "eks.amazonaws.com/fargate-profile"
# Fargate writes here what it gave a pod, as "0.25vCPU 0.5GB".
CAPACITY = "CapacityProvisioned"
SMALLEST_VCPUS = 0.25


class SourceCluster(Protocol):
    """The source cluster."""

    def newest(self) -> Sequence[HelmRelease]: ...

    def fargate_pods(self) -> Sequence[Data]: ...


class LiveCluster:
    """The source cluster behind its API server."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._releases = HelmReleases(api, clock)

    def newest(self) -> Sequence[HelmRelease]:
        return self._releases.newest()

    def fargate_pods(self) -> Sequence[Data]:
        return self._api.list(_PODS, selector=FARGATE_LABEL, metadata_only=True)[0]


def look_inside(connect: Callable[[], SourceCluster] | None, _reads: Reads) -> Inside:
    """Charts and Fargate pods. No finding here: an API that does not answer is judged with the source."""
    if connect is None:
        return Inside(unreachable="there is no kubeconfig for it")
    try:
        cluster = connect()
        releases, pods = cluster.newest(), cluster.fargate_pods()
    except BlueGreenError as error:
        return Inside(unreachable=error.message)
    charts = {release.name: release.version for release in releases if release.status == "deployed"}
    return Inside(charts=charts, fargate=fargate_of(pods))


def fargate_of(pods: Sequence[Data]) -> Fargate:
    """How many pods run on Fargate, and with how many vCPUs; one that does not say has the smallest size."""
    return Fargate(len(pods), sum(_vcpus(pod) for pod in pods))


def _vcpus(pod: Data) -> float:
    provisioned = str((pod["metadata"].get("annotations") or {}).get(CAPACITY, ""))
    try:
        return float(provisioned.partition("vCPU")[0])
    except ValueError:
        return SMALLEST_VCPUS
