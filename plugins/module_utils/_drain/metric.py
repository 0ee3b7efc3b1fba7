# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A number that the game publishes: read from a URL that answers JSON or the text format of Prometheus."""

from __future__ import annotations

import json
from typing import Any, Callable

from ansible.module_utils.urls import open_url
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._urls import public_part

_TIMEOUT_SECONDS = 2


def parse_metric(text: str, name: str) -> float:
    """The number called `name`. Raises ValueError.

    In JSON, a path of keys joined by dots, or empty for a bare number; in Prometheus' format, the sum over the labels.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return _sum_of_samples(text, name)
    return _number_at(document, name)


def _number_at(document: Any, path: str) -> float:
    for key in path.split(".") if path else ():
        document = document.get(key) if isinstance(document, dict) else None
    if isinstance(document, bool) or not isinstance(document, (int, float)):
        raise ValueError(f"the JSON has no number at {path!r}")
    return float(document)


def _sum_of_samples(text: str, name: str) -> float:
    values = []
    for line in text.splitlines():
        sample, _space, rest = line.partition("}") if "{" in line else line.partition(" ")
        if sample.partition("{")[0].strip() == name and rest.split():
            values.append(float(rest.split()[0]))
    if not values:
        raise ValueError(f"there is no sample of {name!r}")
    return sum(values)


def metric_reader(url: str, name: str) -> Callable[[], float]:
    """A function that reads the number now. It raises BlueGreenError."""

    def read() -> float:
        try:
            with open_url(url, timeout=_TIMEOUT_SECONDS) as answer:
                return parse_metric(answer.read().decode(errors="replace"), name)
        except (OSError, ValueError) as error:
            raise BlueGreenError(
                f"players_metric: {public_part(url)} cannot be read ({error}): it must answer JSON or Prometheus' text"
            ) from error

    return read
