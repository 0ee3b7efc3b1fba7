# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""SSM Parameter Store, as the session destination needs it: one call per function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import Reader, parse_reader


@dataclass(frozen=True)
class Stored:
    """A parameter's value, and the version that Parameter Store counts."""

    value: str
    version: int


@aws_call("read parameter {name}", none_for="ParameterNotFound")
def get_parameter(client: Any, name: str) -> Any:
    return client.get_parameter(Name=name, WithDecryption=True)


@aws_call("write parameter {name}")
def put_parameter(client: Any, name: str, value: str) -> Any:
    return client.put_parameter(Name=name, Value=value, Overwrite=True)


@aws_call("list the parameters under {path}")
def list_parameters(client: Any, path: str) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=False, WithDecryption=True)
    return [{**parameter, "Asked": _asked(page)} for page in pages for parameter in page["Parameters"]]


def _asked(page: Mapping[str, Any]) -> Any:
    headers = page.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return parsedate_to_datetime(headers["date"]) if "date" in headers else None


class ParameterDocument:
    """The document's parameter, and those of its readers, under `<document>/readers/`."""

    def __init__(self, client: Any, name: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._clock = clock

    def read(self) -> Stored | None:
        """The parameter, or None if there is none."""
        answer = get_parameter(self._client, self._name)
        return Stored(answer["Parameter"]["Value"], answer["Parameter"]["Version"]) if answer else None

    def write(self, value: str) -> int:
        """Replace the value; returns the version that this write became."""
        return int(put_parameter(self._client, self._name, value)["Version"])

    def readers(self) -> list[Reader]:
        """The readers, with their ages by AWS' clock: the runner's may be wrong."""
        return [self._reader_of(one) for one in list_parameters(self._client, f"{self._name}/readers")]

    def _reader_of(self, parameter: Mapping[str, Any]) -> Reader:
        asked = parameter["Asked"] or self._clock.now()
        age = (asked - parameter["LastModifiedDate"]).total_seconds()
        return parse_reader(parameter["Name"], parameter["Value"], max(0.0, age))
