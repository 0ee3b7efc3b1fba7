# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The messages of the drain contract, version 1, between the runner and a game server. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    DRAIN_ACKNOWLEDGEMENT,
    format_time,
    parse_time,
)

_VERSION = 1
DEFAULT_DOMAIN = "eks-bluegreen.gameops"
REQUESTED = "requested"
CANCELLED = "cancelled"
AT_MATCH_END = "at_match_end"
DISCONNECT = "disconnect"
HANDOFF = "handoff"
# In these modes a server disconnects its clients before the match is over.
LEAVING_MODES = frozenset({DISCONNECT, HANDOFF})
ACCEPTED = "accepted"
CLOSING = "closing"
REFUSED = "refused"
# Reasons for a request: the drain itself, or that the deadline came and the operator chose to interrupt.
REASON_DRAIN = "drain"
REASON_DEADLINE = "deadline"
ANY_ALLOCATION = "*"


def drain_annotation(domain: str) -> str:
    return f"{domain}/drain"


def draining_label(domain: str) -> str:
    return f"{domain}/draining"


def successor_annotation(domain: str) -> str:
    """On a server of the target: the uid of the session whose players it waits for, and the run, as `uid/run`."""
    return f"{domain}/successor-of"


def synthetic_label(domain: str) -> str:
    """Marks a session that a probe made; its value is the probe's id."""
    return f"{domain}/synthetic"


def hold_annotation(domain: str) -> str:
    return f"{domain}/hold"


@dataclass(frozen=True)
class Request:
    """What the runner asks of one server. Times are seconds since 1970; `successor` in mode handoff only."""

    run: str
    seq: int
    state: str
    mode: str
    allocation: str
    not_before: float
    deadline: float
    spread_seconds: float
    reason: str = REASON_DRAIN
    successor: Mapping[str, Any] | None = None

    def is_about(self, allocation: str) -> bool:
        """Whether it was made for this allocation, and not for an earlier one of the same server.

        Agones leaves annotations where they are when it allocates a server again.
        """
        return not allocation or self.allocation in (ANY_ALLOCATION, allocation)

    def to_json(self) -> str:
        """The annotation's value."""
        document = {
            "v": _VERSION,
            "run": self.run,
            "seq": self.seq,
            "state": self.state,
            "mode": self.mode,
            "allocation": self.allocation,
            "not_before": format_time(self.not_before),
            "deadline": format_time(self.deadline),
            "spread_seconds": self.spread_seconds,
            "reason": self.reason,
            **({"successor": self.successor} if self.successor else {}),
        }
        return json.dumps(document, separators=(",", ":"))


@dataclass(frozen=True)
class Acknowledgement:
    """A server's last answer; `closing_at` by the server's clock."""

    run: str
    seq: int
    phase: str
    closing_at: float | None = None


def read_request(annotations: Mapping[str, str], domain: str) -> Request | None:
    """The request on a server; None when there is none, or none that we can read."""
    document = _parsed(annotations.get(drain_annotation(domain)))
    try:
        not_before, deadline = parse_time(document["not_before"]), parse_time(document["deadline"])
        if document["v"] != _VERSION or not_before is None or deadline is None:
            return None
        return Request(
            run=str(document["run"]),
            seq=int(document["seq"]),
            state=str(document["state"]),
            mode=str(document["mode"]),
            allocation=str(document["allocation"]),
            not_before=not_before,
            deadline=deadline,
            spread_seconds=float(document["spread_seconds"]),
            reason=str(document.get("reason", "")),
            successor=document.get("successor"),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def read_acknowledgement(annotations: Mapping[str, str]) -> Acknowledgement | None:
    """The server's answer; None when there is none, or none that we can read."""
    document = _parsed(annotations.get(DRAIN_ACKNOWLEDGEMENT))
    try:
        closing_at = parse_time(str(document.get("closing_at") or ""))
        return Acknowledgement(str(document["run"]), int(document["seq"]), str(document["phase"]), closing_at)
    except (KeyError, TypeError, ValueError):
        return None


def cancelled_request(request: Request) -> Request:
    """The request that takes another one back."""
    return replace(request, seq=request.seq + 1, state=CANCELLED)


def request_patch(request: Request, domain: str, version: str) -> dict[str, Any]:
    """The merge patch that puts a request on a server that is still at `version`."""
    label = request.run if request.state == REQUESTED else None
    return {
        "metadata": {
            "resourceVersion": version,
            "annotations": {drain_annotation(domain): request.to_json()},
            "labels": {draining_label(domain): label},
        }
    }


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
