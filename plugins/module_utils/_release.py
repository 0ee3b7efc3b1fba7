# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A release: its file, read once into a typed value; docs/release.md names each field. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._entries import shortcoming
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

_AGONES = "agones"
_ADDON_NEEDS = ("name", "version")
_CHART_NEEDS = ("name", "namespace", "chart", "version")


@dataclass(frozen=True)
class NodeImage:
    """The image of the nodes whose node group names none of its own."""

    ami_type: str
    release_version: str


@dataclass(frozen=True)
class ReleaseAddon:
    """An EKS add-on. Fields that are None are not sent to EKS."""

    name: str
    version: str
    before_nodes: bool = False
    configuration_values: Any = None
    service_account_role_arn: str | None = None
    pod_identity_associations: Sequence[Data] | None = None
    resolve_conflicts: str | None = None

    @property
    def is_complete(self) -> bool:
        return all(getattr(self, key) for key in _ADDON_NEEDS)


@dataclass(frozen=True)
class Chart:
    """A chart, as it should be installed."""

    name: str
    namespace: str
    chart: str
    version: str
    digest: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return all(getattr(self, key) for key in _CHART_NEEDS)

    @property
    def is_local(self) -> bool:
        """Whether it is a file or folder of the control node, not a chart of a registry or repository."""
        return "://" not in self.chart and (self.chart.startswith(("/", ".", "~")) or self.chart.endswith(".tgz"))


@dataclass(frozen=True)
class Release:
    """One tested set of software. A text that is missing is empty."""

    name: str
    kubernetes_version: str
    agones_version: str
    node_image: NodeImage
    charts: Sequence[Chart]
    addons: Sequence[ReleaseAddon] = ()

    def as_dict(self) -> dict[str, Any]:
        """The fields for roles, without those of an entry that no one has set and without the charts' values."""
        return {
            **vars(self),
            "node_image": dict(vars(self.node_image)),
            "charts": [_without_unset(chart) for chart in self.charts],
            "addons": [_without_unset(addon) for addon in self.addons],
        }


@dataclass(frozen=True)
class ReleaseProblem:
    """Something that is wrong with a release, where in the file, and what to do."""

    where: str
    finding: str
    remedy: str


def read_release(document: object) -> tuple[Release, list[ReleaseProblem]]:
    """A release, and everything that is wrong with it.

    The values of charts are not read: they may be templates of what exists only once the cluster does.
    """
    reading = _Reading(document)
    release = Release(
        name=reading.text("name"),
        kubernetes_version=reading.text("kubernetes_version"),
        agones_version=reading.text("agones_version"),
        node_image=reading.node_image(),
        charts=[chart_of(entry) for entry in reading.entries("charts", "chart", _CHART_NEEDS)],
        addons=[reading.addon(entry) for entry in reading.entries("addons", "add-on", _ADDON_NEEDS)],
    )
    reading.compare_agones(release)
    return release, reading.problems


def chart_of(entry: Data, values: Mapping[str, Any] | None = None) -> Chart:
    """A chart, made of its entry, which may lack something, and its values."""
    return Chart(**{key: _text(entry.get(key)) for key in (*_CHART_NEEDS, "digest")}, values=values or {})


class _Reading:
    """The fields of a document, and what is wrong with them."""

    def __init__(self, document: object) -> None:
        self.problems: list[ReleaseProblem] = []
        self._fields = self._dictionary("", "it", document, "Write the fields that docs/release.md names")

    def text(self, key: str) -> str:
        """A text that YAML turns into a number unless it is in quotes."""
        value = self._fields.get(key)
        if not isinstance(value, str) or not value:
            found = f"its {key} is missing" if value in (None, "") else f"its {key} is {value!r}, not a text"
            self._wrong(key, found, f'Write it in quotes, as {key}: "..."')
        return _text(value)

    def node_image(self) -> NodeImage:
        given, remedy = self._fields.get("node_image"), "Name the node image to use"
        image = {} if given is None else self._dictionary("node_image", "its node_image", given, remedy)
        for key in ("ami_type", "release_version"):
            if isinstance(given, (Mapping, type(None))) and not image.get(key):
                self._wrong(f"node_image.{key}", f"its node_image has no {key}", remedy)
        return NodeImage(_text(image.get("ami_type")), _text(image.get("release_version")))

    def entries(self, key: str, kind: str, needs: Sequence[str]) -> list[Data]:
        """The entries of a list that are dictionaries, whatever they lack."""
        given = self._fields.get(key) or []
        if not isinstance(given, list):
            self._wrong(key, f"its {key} is {given!r}, not a list", f"Write a list of {kind}s")
            return []
        remedy = f"Write it into the {kind}'s entry"
        for number, entry in enumerate(given, start=1):
            where = f"{key}[{number - 1}]"
            fields = self._dictionary(where, f"its {kind} {number}", entry, remedy)
            if fields is entry and (found := shortcoming(kind, number, fields, needs)):
                self._wrong(where, found, remedy)
        return [entry for entry in given if isinstance(entry, Mapping)]

    def addon(self, entry: Data) -> ReleaseAddon:
        before_nodes = entry.get("before_nodes", False)
        if not isinstance(before_nodes, bool):
            found = f"its add-on {entry.get('name')} has before_nodes {before_nodes!r}, not true or false"
            self._wrong("addons", found, "Write true or false, without quotes")
        return ReleaseAddon(
            name=_text(entry.get("name")),
            version=_text(entry.get("version")),
            before_nodes=bool(before_nodes),
            configuration_values=entry.get("configuration_values"),
            service_account_role_arn=entry.get("service_account_role_arn"),
            pod_identity_associations=entry.get("pod_identity_associations"),
            resolve_conflicts=entry.get("resolve_conflicts"),
        )

    def compare_agones(self, release: Release) -> None:
        versions = {chart.name: chart.version for chart in release.charts}
        of_chart = versions.get(_AGONES, "missing")
        if release.agones_version and of_chart != release.agones_version:
            found = f"its agones_version is {release.agones_version}, but that of its chart agones is {of_chart}"
            self._wrong("agones_version", found, "Make the two name the same version")

    def _dictionary(self, where: str, what: str, given: object, remedy: str) -> Data:
        if isinstance(given, Mapping):
            return given
        self._wrong(where, f"{what} is {given!r}, not a dictionary", remedy)
        return {}

    def _wrong(self, where: str, finding: str, remedy: str) -> None:
        self.problems.append(ReleaseProblem(where, finding, remedy))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _without_unset(entry: Chart | ReleaseAddon) -> dict[str, Any]:
    """The fields that every entry has, and those that differ from their default."""
    unset = {one.name: one.default for one in fields(entry) if one.default is not MISSING}
    return {
        key: value
        for key, value in vars(entry).items()
        if key != "values" and not (key in unset and value == unset[key])
    }
