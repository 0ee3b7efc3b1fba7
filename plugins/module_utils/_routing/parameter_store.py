# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The document in SSM Parameter Store: one AWS call per function."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    Reader,
    Stored,
    parse_reader,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import LAST_WINS, Moved


@aws_call("read parameter {name}", none_for="ParameterNotFound")
def get_parameter(client: Any, name: str) -> Any:
    return client.get_parameter(Name=name, WithDecryption=True)


@aws_call("write parameter {name}")
def put_parameter(client: Any, name: str, value: str) -> Any:
    return client.put_parameter(Name=name, Value=value, Overwrite=True)


@aws_call("list the parameters under {path}")
def list_parameters(client: Any, path: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each parameter with the page that it came on."""
    pages = client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=False, WithDecryption=True)
    return [(parameter, page) for page in pages for parameter in page["Parameters"]]


class ParameterStore:
    """The document's parameter, and those of its readers, under `<document>/readers/`."""

    # PutParameter takes no condition; a write in between shows afterwards, as a version that jumped.
    writes = LAST_WINS

    def __init__(self, client: Any, name: str, clock: Clock) -> None:
        check_name(name)
        self._client = client
        self._name = name
        self._clock = clock
        self.where = f"parameter {name}"

    def read(self) -> Stored | None:
        answer = get_parameter(self._client, self._name)
        if answer is None:
            return None
        parameter = answer["Parameter"]
        return Stored(parameter["Value"], str(parameter["Version"]), self._age(parameter, answer))

    def write(self, value: str, if_version: str | None) -> None:
        version = int(put_parameter(self._client, self._name, value)["Version"])
        if if_version is not None and version != int(if_version) + 1:
            raise Moved(
                f"someone else wrote {self.where} while this run did (version {version} after {if_version}): find out "
                "who, then start again"
            )

    def readers(self) -> list[Reader]:
        """The readers, with their ages by AWS' clock: the runner's may be wrong."""
        return [
            parse_reader(parameter["Name"].rsplit("/", 1)[-1], parameter["Value"], self._age(parameter, page))
            for parameter, page in list_parameters(self._client, f"{self._name}/readers")
        ]

    def _age(self, parameter: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
        asked = _asked(answer) or self._clock.now()
        return max(0.0, float((asked - parameter["LastModifiedDate"]).total_seconds()))


def check_name(name: str) -> None:
    """Readers live under the parameter, so its name has to be a path."""
    if not name.startswith("/") or name.endswith("/"):
        raise BlueGreenError(
            f"the session destination's parameter is {name!r}: set eks_bluegreen_routing_document_parameter to its "
            "full name, which begins with a slash"
        )


def _asked(answer: Mapping[str, Any]) -> datetime | None:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return parsedate_to_datetime(headers["date"]) if "date" in headers else None
