# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task in check mode would change, in sentences."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deviations
short_description: What tasks in check mode would change, in sentences
version_added: 0.1.0
description:
  - Makes of the registered results of modules in check mode one text per deviation. What would not change gives none.
  - A task that failed gives its message; one that would create something says that it does not exist; another names
    what is and what is wanted.
  - A cluster, node group, Fargate profile or add-on whose status is not V(ACTIVE) is a deviation too, with what AWS
    says is wrong with it.
options:
  _input:
    description: Registered results; those of loops count with all their items.
    type: list
    elements: dict
    required: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Refuse a cluster that is not as wanted
  ansible.builtin.assert:
    that: not ([cluster, nodegroups] | gameops.eks_bluegreen.deviations)
"""

RETURN = r"""
_value:
  description: A text per deviation; empty if all is as wanted.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.health import health_of

# Under these a result has a description with a status.
DESCRIBED = ("cluster", "nodegroup", "fargate_profile", "addon")

Result = Mapping[str, Any]


def deviations(results: Sequence[Result]) -> list[str]:
    """A text per deviation that the results of tasks in check mode tell of."""
    return [text for result in results for one in _items(result) for text in _of(one)]


def _items(result: Result) -> Sequence[Result]:
    items: Sequence[Result] = result.get("results", [result])
    return items


def _of(result: Result) -> list[str]:
    if result.get("failed"):
        return [str(result.get("msg", "failed"))]
    if not result.get("changed"):
        return _standing(result)
    diff = result.get("diff") or {}
    lines = [*_changes(diff), *_standing(result)]
    # Where nothing differs, AWS is deleting it: the prediction is of the one to come.
    return lines or [f"{_header(diff)} would be made or changed, though its settings are as wanted"]


def _header(diff: Mapping[str, Any]) -> str:
    return str(diff.get("before_header") or diff.get("after_header") or "something")


def _standing(result: Result) -> list[str]:
    """A text for what is there and not ACTIVE. A prediction of what is to be made has no status."""
    found: Mapping[str, Any] = next((result[key] for key in DESCRIBED if result.get(key)), {})
    status = found.get("status", "ACTIVE")
    if status == "ACTIVE":
        return []
    because = health_of(found)
    return [f"{_header(result.get('diff') or {})} is {status}" + (f": {because}" if because else "")]


def _changes(diff: Mapping[str, Any]) -> list[str]:
    what = _header(diff)
    before, after = diff.get("before"), diff.get("after")
    if not before:
        return [f"{what} does not exist"]
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        had = str(before).splitlines()
        return [f"{what}: missing is {line.strip()!r}" for line in str(after).splitlines() if line not in had]
    return [f"{what}: {text}" for text in _differing("", before, after)]


def _differing(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key, want in after.items():
        have = before.get(key)
        at = f"{path}[{key}]" if path else str(key)
        if have == want:
            continue
        if isinstance(have, Mapping) and isinstance(want, Mapping):
            yield from _differing(at, have, want)
        elif have is None:
            yield f"{at} is missing, wanted {want!r}"
        else:
            yield f"{at} is {have!r}, wanted {want!r}"
    yield from (f"{path}[{key}] is {before[key]!r}, wanted none" for key in before if path and key not in after)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"deviations": deviations}
