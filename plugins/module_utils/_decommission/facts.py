# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The facts about a slot whose cluster is to go. A failed read is a fact of its own and never counts as nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import ENVIRONMENT_TAG
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


@dataclass(frozen=True)
class Unread:
    """Something that could not be read, and why."""

    why: str


@dataclass(frozen=True)
class Candidate:
    """The slot whose cluster is to go, as it was observed. `owner` is the environment that its tag names."""

    slot: str
    cluster_name: str
    exists: bool
    readable: bool
    status: str
    owner: str
    arn: str
    kubeconfig: str

    @property
    def title(self) -> str:
        return f"slot {self.slot}"

    @property
    def cluster(self) -> str:
        return f"cluster {self.cluster_name}"


@dataclass(frozen=True)
class Sessions:
    """How many sessions are in a cluster, and what protects them."""

    number: int
    protection: str = ""


@dataclass(frozen=True)
class Use:
    """Who uses a slot.

    `run_id` is that of the open run, or empty. `problems` are what the observation of both slots could not read.
    `share` is the largest part in percent that a listener or rule gives the slot. `weight` is what the session
    destination gives it; None where sessions follow the traffic. `sessions` is None where no one was asked (see
    `may_have_sessions`). `hindrance` is why EKS would not let the cluster go, or empty.
    """

    environment: str
    candidate: Candidate
    run_id: str
    problems: Sequence[Finding]
    share: float | Unread
    weight: int | Unread | None
    sessions: Sessions | Unread | None
    hindrance: str | Unread


UseCheck = Callable[[Use], Iterator[Finding]]


def candidate_of(slot: Data) -> Candidate:
    """A slot as module slot_info describes it, with the kubeconfig that role slots has written for it."""
    return Candidate(
        slot=str(slot["slot"]),
        cluster_name=str(slot["cluster_name"]),
        exists=bool(slot["exists"]),
        readable=bool(slot.get("readable", True)),
        status=str(slot["status"]),
        owner=str((slot.get("tags") or {}).get(ENVIRONMENT_TAG) or ""),
        arn=str(slot.get("arn") or ""),
        kubeconfig=str(slot.get("kubeconfig") or ""),
    )
