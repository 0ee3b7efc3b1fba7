# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Every reason why a slot's cluster must not go: judged from facts, without any I/O.

It guards the only step without a way back. Each check looks at one thing; all checks run, so that all reasons are
reported at once. A fact that is not known is a reason too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import (
    Candidate,
    Unread,
    Use,
    UseCheck,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import (
    CLUSTER_UNREAD,
    ENVIRONMENT_TAG,
    GROUP_UNREAD,
    RECORD_UNREAD,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

NATIVE = "native"
PROVISIONERS = (NATIVE, "external")
# Without these parts of the observation no one knows what the slot is, or whether a run needs it.
NEEDED_PARTS = (RECORD_UNREAD, CLUSTER_UNREAD, GROUP_UNREAD)
# EKS lets a cluster go only once it has no node group and no Fargate profile: what is DELETING runs nothing.
GOING = "DELETING"
# Such a cluster never had nodes, or has none any more. Any other needs a way in, for its sessions to be counted.
WITHOUT_NODES = ("CREATING", GOING, "FAILED", "PENDING")
TRY_AGAIN = "Correct that, then start again"


def named_slot(slots: Sequence[Data], confirmed: str) -> Data:
    """The slot whose cluster was named. Raises BlueGreenError with the right names."""
    found = [slot for slot in slots if slot["cluster_name"] == confirmed]
    if not found:
        right = " or ".join(str(slot["cluster_name"]) for slot in slots)
        raise BlueGreenError(
            f"cluster_decommission_confirm is {confirmed!r}: set it to the name of the cluster to remove, {right}"
        )
    return found[0]


def may_have_sessions(candidate: Candidate) -> bool:
    """Whether there is a cluster whose game servers can be counted."""
    return candidate.exists and bool(candidate.kubeconfig) and candidate.status != GOING


def check_run(use: Use) -> Iterator[Finding]:
    """An open run needs both slots."""
    if use.run_id:
        yield _reason(
            "run_open",
            f"environment {use.environment}",
            f"run {use.run_id} is open",
            "Finish it, roll it back or abandon it",
        )


def check_observation(use: Use) -> Iterator[Finding]:
    """The record, both clusters and the target groups were read."""
    known = [replace(one, severity="error") for one in use.problems if one.check in NEEDED_PARTS]
    yield from known
    if not use.candidate.readable and not any(one.check == CLUSTER_UNREAD for one in known):
        yield _reason(CLUSTER_UNREAD, use.candidate.cluster, "it could not be read", TRY_AGAIN)


def check_owner(use: Use) -> Iterator[Finding]:
    """A name in the inventory may be wrong; the cluster's own tag says whose it is."""
    candidate, environment = use.candidate, use.environment
    if candidate.exists and candidate.owner != environment:
        yield _reason(
            "owner",
            candidate.cluster,
            f"it is not known to belong to this environment: its tag {ENVIRONMENT_TAG} is "
            f"{candidate.owner or 'missing'}, not {environment}",
            "If it belongs to others, correct cluster_name in eks_bluegreen_slots; if it belongs to this environment, "
            f"tag it: aws eks tag-resource --tags {ENVIRONMENT_TAG}={environment} --resource-arn "
            f"{candidate.arn or '<its ARN>'}",
        )


def check_traffic(use: Use) -> Iterator[Finding]:
    """No listener and no rule gives the slot requests."""
    if isinstance(use.share, Unread):
        yield _not_known("traffic", use.candidate.title, "what the load balancers give it", use.share)
    elif use.share > 0:
        found = f"the load balancers give it up to {use.share:.3g} % of the requests"
        yield _reason("traffic", use.candidate.title, found, "Shift them away first")


def check_destination(use: Use) -> Iterator[Finding]:
    """No new session is sent to the slot."""
    if isinstance(use.weight, Unread):
        yield _not_known("destination", use.candidate.title, "whether new sessions are sent to it", use.weight)
    elif use.weight:
        found = f"the session destination sends it new sessions (weight {use.weight})"
        yield _reason("destination", use.candidate.title, found, "Route them away first")


def check_sessions(use: Use) -> Iterator[Finding]:
    """No session is in the slot."""
    if isinstance(use.sessions, Unread):
        yield _not_known("sessions", use.candidate.cluster, "how many sessions are in it", use.sessions)
    elif use.sessions and use.sessions.number:
        protection = f" ({use.sessions.protection})" if use.sessions.protection else ""
        found = f"{use.sessions.number} sessions are in it{protection}"
        yield _reason("sessions", use.candidate.cluster, found, "Bring them over with the playbook reclaim first")


def check_way_in(use: Use) -> Iterator[Finding]:
    """A cluster with nodes may have sessions, and without a way in no one counts them."""
    candidate = use.candidate
    if candidate.exists and not candidate.kubeconfig and candidate.status not in WITHOUT_NODES:
        yield _reason(
            "way_in",
            candidate.cluster,
            f"it is {candidate.status} but there is no way in, so its sessions cannot be counted",
            "Find out why EKS shows no endpoint and certificate for it (aws eks describe-cluster), then start again",
        )


def check_deletion(use: Use) -> Iterator[Finding]:
    """EKS would let the cluster go. It says no only once the nodes are gone."""
    if isinstance(use.hindrance, Unread):
        yield _not_known("deletion", use.candidate.cluster, "whether EKS would let it go", use.hindrance)
    elif use.hindrance:
        yield _reason("deletion", use.candidate.title, use.hindrance, "Then start again")


USE_CHECKS: tuple[UseCheck, ...] = (
    check_run,
    check_observation,
    check_owner,
    check_traffic,
    check_destination,
    check_sessions,
    check_way_in,
    check_deletion,
)


def reasons_to_stay(use: Use) -> list[Finding]:
    """Every reason why the slot's cluster must not go."""
    return [finding for check in USE_CHECKS for finding in check(use)]


def refuse_removal(use: Use, provisioner: str) -> None:
    """Raise BlueGreenError with all reasons to stay; without any, where another tool has to remove the cluster."""
    candidate = use.candidate
    slot = f"slot {candidate.slot} ({candidate.cluster_name})"
    reasons = reasons_to_stay(use)
    if reasons:
        count = "1 reason" if len(reasons) == 1 else f"{len(reasons)} reasons"
        lines = [f"- {one} [{one.check}]" for one in reasons]
        raise BlueGreenError(
            "\n".join([f"{slot} must not be removed, for {count}:", *lines]), findings=[vars(one) for one in reasons]
        )
    if provisioner != NATIVE:
        raise BlueGreenError(
            f"no one uses {slot}, so it can go, but eks_bluegreen_provisioner is {provisioner}: remove its cluster, "
            "OIDC provider and target groups with the tool that built them",
            findings=[],
        )


def _reason(check: str, resource: str, finding: str, remedy: str) -> Finding:
    return Finding("error", check, resource, finding, remedy)


def _not_known(check: str, resource: str, what: str, unread: Unread) -> Finding:
    return _reason(check, resource, f"{what} is not known: {unread.why}", TRY_AGAIN)
