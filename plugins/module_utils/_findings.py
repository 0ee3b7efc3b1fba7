# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What an observation found wrong, and reads that note their failure and go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import credentials_problem
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import T

SLOTS = ("blue", "green")


@dataclass(frozen=True)
class Finding:
    """Something that was found wrong: an error stops a run, a warning does not."""

    severity: str
    check: str
    resource: str
    finding: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.finding}. {self.remedy}"


class Reads:
    """Reads that note their failure and go on."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []

    def attempt(self, read: Callable[[], T], otherwise: T, check: str, resource: str, severity: str = "error") -> T:
        """The value of a read, or `otherwise` and a finding."""
        try:
            return read()
        except (BlueGreenError, AnsibleAWSError) as error:
            _refuse_unreachable(error)
            finding = str(error).rstrip(". ")
            self.problems.append(Finding(severity, check, resource, finding, "Correct that, then start again"))
            return otherwise

    def optional(self, read: Callable[[], T], check: str, resource: str) -> T | None:
        """The value of a read, or None and a warning."""
        nothing: T | None = None
        return self.attempt(read, nothing, check, resource, "warning")

    def note(self, check: str, resource: str, finding: str, remedy: str) -> None:
        """Add an error."""
        self.problems.append(Finding("error", check, resource, finding, remedy))


def _refuse_unreachable(error: Exception) -> None:
    cause = getattr(error, "exception", None) or error.__cause__
    name = type(cause).__name__
    if name in ("EndpointConnectionError", "ConnectTimeoutError"):
        raise BlueGreenError(
            f"AWS does not answer ({cause}): check that the endpoint (AWS_ENDPOINT_URL in eks_bluegreen_environment, "
            "if it is set) is up and can be reached from here"
        ) from error
    problem = credentials_problem(error)
    if problem:
        raise BlueGreenError(problem) from error
