# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Chart archives on the control node, looked at before anything is installed."""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart

# There is only one key of this name at the left margin.
CHART_VERSION = re.compile(r"""^version:\s*["']?([^\s"'#]+)""", re.MULTILINE)


def check_chart_source(chart: Chart) -> str | None:
    """What is wrong with the place a chart comes from; None if nothing is, as far as can be seen from here."""
    if not chart.is_local:
        return _unverifiable(chart) if chart.digest else None
    path = Path(chart.chart).expanduser()
    if not path.exists():
        return f"chart {chart.name}: {path} does not exist: correct chart in the release file, or put the archive there"
    if path.is_dir():
        return _unverifiable(chart) if chart.digest else None
    return _wrong_digest(chart, path) or _wrong_version(chart, path)


def check_sources(charts: list[Chart]) -> None:
    """Raise one BlueGreenError that names every chart whose source is unusable."""
    problems = [problem for problem in map(check_chart_source, charts) if problem]
    if problems:
        raise BlueGreenError("; ".join(problems))


def _unverifiable(chart: Chart) -> str:
    return (
        f"chart {chart.name}: digest can only be checked for an archive on the control node, not for {chart.chart}: "
        "remove digest, or name the chart by it (oci://registry/chart@sha256:...)"
    )


def _wrong_digest(chart: Chart, path: Path) -> str | None:
    if not chart.digest:
        return None
    found = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = chart.digest if ":" in chart.digest else f"sha256:{chart.digest}"
    if found == wanted.lower():
        return None
    return (
        f"chart {chart.name}: {path} has the digest {found}, not {wanted}: it is not the tested archive; "
        "put that one there, or correct digest in the release file"
    )


def _wrong_version(chart: Chart, path: Path) -> str | None:
    try:
        version = _version_in(path)
    except (tarfile.TarError, OSError) as error:
        return f"chart {chart.name}: {path} is not a chart archive ({error})"
    if version == chart.version:
        return None
    return (
        f"chart {chart.name}: {path} holds version {version or 'none'}, but the release asks for {chart.version}: "
        "correct chart or version in the release file"
    )


def _version_in(path: Path) -> str:
    with tarfile.open(path) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if len(parts) == 2 and parts[1] == "Chart.yaml":
                content = archive.extractfile(member)
                found = CHART_VERSION.search(content.read().decode(errors="replace")) if content else None
                return found[1] if found else ""
    return ""
