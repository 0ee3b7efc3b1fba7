# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of the chart plan: check the sources, read the releases, compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.archive import check_sources
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import (
    HelmRelease,
    Step,
    check_names,
    describe_waiting,
    plan_charts,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result

_POLL_SECONDS = 2.0


class ReleaseReader(Protocol):
    """A cluster's Helm releases."""

    def newest(self) -> Sequence[HelmRelease]:
        """The newest revision of every release."""


def plan_helm_release(
    charts: list[Chart], cluster: ReleaseReader | None, *, interrupted_after_seconds: float, check_mode: bool
) -> Result:
    """The steps for a release's charts; `cluster` is None for one that does not exist yet."""
    check_names(charts)
    check_sources(charts)
    releases = cluster.newest() if cluster else []
    steps = plan_charts(charts, releases, interrupted_after_seconds=interrupted_after_seconds)
    waiting = describe_waiting(steps)
    return {
        "changed": check_mode and any(step.deploys for step in steps),
        "predicted": cluster is None,
        "charts": [_described(step) for step in steps],
        "deploy": [step.chart.name for step in steps if step.deploys],
        "interrupted": [
            {"name": step.interrupted, "namespace": step.chart.namespace} for step in steps if step.interrupted
        ],
        "diff": _diff(steps),
        "round": {"finished": not waiting, "progress": waiting, "retry_after_seconds": _POLL_SECONDS},
    }


def _described(step: Step) -> dict[str, str]:
    return {
        "name": step.chart.name,
        "namespace": step.chart.namespace,
        "version": step.chart.version,
        "deployed_version": step.found,
        "action": step.action,
        "reason": step.reason,
    }


def _diff(steps: Sequence[Step]) -> dict[str, str]:
    before = [f"{step.chart.namespace}/{step.chart.name} {step.found}\n" for step in steps if step.found]
    after = [f"{step.chart.namespace}/{step.chart.name} {step.chart.version}{_why(step)}\n" for step in steps]
    return {"before": "".join(before), "after": "".join(after)}


def _why(step: Step) -> str:
    return f"  # {step.reason}" if step.action == "upgrade" else ""
