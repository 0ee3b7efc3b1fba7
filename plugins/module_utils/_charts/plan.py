# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What has to be done so that a cluster runs a release's charts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart

PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class HelmRelease:
    """The newest revision of a Helm release in the cluster."""

    name: str
    namespace: str
    revision: int
    status: str
    version: str
    values: Mapping[str, Any]
    age_seconds: float

    @property
    def record(self) -> str:
        """Name of the Secret in which Helm keeps this revision."""
        return f"sh.helm.release.v1.{self.name}.v{self.revision}"


@dataclass(frozen=True)
class Step:
    """What happens to one chart: install, upgrade, wait or none.

    `interrupted` names the record of a Helm operation that no one will finish any more; it blocks the
    next one.
    """

    chart: Chart
    action: str
    reason: str
    found: str = ""
    interrupted: str = ""

    @property
    def deploys(self) -> bool:
        return self.action in ("install", "upgrade")


def plan_charts(
    charts: Sequence[Chart], releases: Iterable[HelmRelease], *, interrupted_after_seconds: float
) -> list[Step]:
    """One step per chart, in their order.

    A Helm operation under way is waited for until it is `interrupted_after_seconds` old: none takes longer.
    """
    found = {(release.namespace, release.name): release for release in releases}
    return [_plan_chart(chart, found.get((chart.namespace, chart.name)), interrupted_after_seconds) for chart in charts]


def _plan_chart(chart: Chart, release: HelmRelease | None, interrupted_after_seconds: float) -> Step:
    if release is None or release.status == "uninstalled":
        return Step(chart, "install", "is not installed")
    if release.status in PENDING:
        if release.age_seconds <= interrupted_after_seconds:
            return Step(chart, "wait", f"a Helm operation is under way ({release.status})", release.version)
        reason = f"a Helm operation was interrupted ({release.status})"
        return Step(chart, "upgrade", reason, release.version, interrupted=release.record)
    reasons = _differences(chart, release)
    return Step(chart, "upgrade" if reasons else "none", "; ".join(reasons), release.version)


def _differences(chart: Chart, release: HelmRelease) -> list[str]:
    reasons = []
    if release.status != "deployed":
        reasons.append(f"its last Helm operation left it {release.status}")
    if release.version != chart.version:
        reasons.append(f"version {release.version} is deployed")
    differing = differing_keys(_normal(chart.values), _normal(release.values))
    if differing:
        more = len(differing) - _NAMED_AT_MOST
        reasons.append(
            f"values differ at {', '.join(differing[:_NAMED_AT_MOST])}" + (f" and {more} more" if more > 0 else "")
        )
    return reasons


def differing_keys(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Where two trees of values differ, as dotted paths; never the values, which may be secret."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            key_path
            for key in sorted({*wanted, *found})
            for key_path in (
                differing_keys(wanted[key], found[key], f"{path}.{key}" if path else key)
                if key in wanted and key in found
                else [f"{path}.{key}" if path else key]
            )
        ]
    return [] if wanted == found else [path]


def _normal(values: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(values, default=str))


def check_names(charts: Sequence[Chart]) -> None:
    """Two charts under one release name would overwrite each other."""
    seen: set[str] = set()
    for chart in charts:
        if chart.name in seen:
            raise BlueGreenError(f"the release names chart {chart.name!r} twice: give each chart a name of its own")
        seen.add(chart.name)


def describe_waiting(steps: Iterable[Step]) -> str:
    """One line for people: which charts' operations are waited for; empty if none."""
    waiting = [f"{step.chart.name} ({step.reason})" for step in steps if step.action == "wait"]
    return f"waiting for {', '.join(waiting)}" if waiting else ""
