# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The recent peak of each Fleet's sessions, by a query to Prometheus.

If Prometheus does not answer, or gives several answers, there is no number, and the caller does not go on without it.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable, Mapping, Sequence
from urllib.error import HTTPError
from urllib.parse import urlencode

from ansible.module_utils.urls import open_url
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._urls import public_part

QUERY_PATH = "/api/v1/query"
# A peak over days is a long computation.
_TIMEOUT_SECONDS = 30
# `fleet_name` is what Agones' own metrics call it.
FLEET_LABELS = ("fleet", "fleet_name")

Sample = tuple[Mapping[str, str], float]
Fetch = Callable[[str], str]


def fetch(url: str) -> str:
    """The body that a URL answers with, even if that is Prometheus' explanation of an error. Raises OSError."""
    try:
        with open_url(url, timeout=_TIMEOUT_SECONDS) as answer:
            return str(answer.read().decode(errors="replace"))
    except HTTPError as error:
        body = error.read().decode(errors="replace")
        if is_answer(body):
            return body
        raise


def is_answer(text: str) -> bool:
    """Whether this is an answer of Prometheus' API, even an error."""
    try:
        return "status" in json.loads(text)
    except (TypeError, ValueError):
        return False


def parse_samples(text: str) -> list[Sample]:
    """The samples of an instant vector. Raises ValueError."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("status") != "success":
        reason = document.get("error") if isinstance(document, dict) else ""
        raise ValueError(reason or "the answer is not one of the Prometheus API")
    kind = document["data"]["resultType"]
    if kind != "vector":
        raise ValueError(f"the query returns a {kind}; an instant vector with a sample for each Fleet is needed")
    return [(dict(one["metric"]), float(one["value"][1])) for one in document["data"]["result"]]


def peaks_of(samples: Sequence[Sample], fleets: Sequence[Key]) -> tuple[dict[Key, int], list[str]]:
    """The peak of each of these Fleets, and what is wrong with the samples.

    A sample without the label `namespace` is for the Fleets of its name in every namespace.
    """
    peaks: dict[Key, int] = {}
    wrong = []
    for fleet in fleets:
        values = [value for labels, value in samples if _is_for(labels, fleet)]
        name = "/".join(fleet)
        if len(values) != 1:
            many = f"{len(values)} samples are for Fleet {name}: aggregate by (namespace, fleet_name)"
            none = f"there is no sample for Fleet {name}: widen the query, or give its peak_sessions in sizes"
            wrong.append(many if values else none)
        elif not 0 <= values[0] < math.inf:
            wrong.append(f"the sample for Fleet {name} is {values[0]:g}, which is not a number of sessions")
        else:
            peaks[fleet] = math.ceil(round(values[0], 6))
    return peaks, wrong


def _is_for(labels: Mapping[str, str], fleet: Key) -> bool:
    name = next((labels[label] for label in FLEET_LABELS if label in labels), "")
    return name == fleet[1] and labels.get("namespace", fleet[0]) == fleet[0]


def read_peaks(url: str, query: str, fleets: Sequence[Key], get: Fetch = fetch) -> dict[Key, int]:
    """The recent peak of each Fleet. Raises BlueGreenError if one has none."""
    where = f"peak_query: {public_part(url)}"
    try:
        samples = parse_samples(get(f"{url.rstrip('/')}{QUERY_PATH}?{urlencode({'query': query})}"))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BlueGreenError(
            f"{where} gives no recent peak ({error}). Without it the target is not sized: check that Prometheus can be "
            "reached from here and that the query is right, or give each Fleet's peak_sessions in sizes"
        ) from error
    peaks, wrong = peaks_of(samples, fleets)
    if wrong:
        raise BlueGreenError(f"{where}: {'; '.join(wrong)}", problems=wrong)
    return peaks


def peak_reader(option: Mapping[str, Any] | None) -> Callable[[Sequence[Key]], Mapping[Key, int]] | None:
    """What the module's option `peak_query` stands for; None without it."""
    if not option:
        return None
    url, query = str(option["url"]), str(option["query"])
    return lambda fleets: read_peaks(url, query, fleets)
