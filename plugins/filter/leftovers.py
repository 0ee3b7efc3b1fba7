# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that is ended where it stands leaves behind, in lines with the command that lifts each."""

from __future__ import annotations

DOCUMENTATION = r"""
name: leftovers
short_description: What an abandoned run leaves behind, in lines
version_added: 0.1.0
description:
  - Makes a line of each thing that a run leaves behind, with the command that lifts it, out of what the modules that
    would lift it return in check mode. What is not there gives no line; what could not be read says so.
options:
  _input:
    description:
      - Registered results in check mode of M(gameops.eks_bluegreen.agones_capacity_hold) (C(holds), a loop over both
        slots), M(gameops.eks_bluegreen.agones_session_drain) (C(requests)), M(gameops.eks_bluegreen.agones_slot_fence)
        (C(fence)) and M(gameops.eks_bluegreen.slot_singletons) (C(singletons)).
    type: dict
    required: true
  run:
    description: The run, as fact C(eks_bluegreen_run).
    type: dict
    required: true
  seen:
    description: What was seen of both slots, as fact C(eks_bluegreen_observed).
    type: dict
    required: true
  rollback:
    description: The command that goes back.
    type: str
    required: true
  region:
    description: The AWS region.
    type: str
    required: true
  namespaces:
    description: The namespaces of the game servers.
    type: list
    elements: str
    required: true
  annotation_domain:
    description: The modules' option of that name, for the commands that run one by hand. Empty for its default.
    type: str
    default: ""
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Say what the run leaves behind
  ansible.builtin.debug:
    msg: >-
      {{ {'holds': holds, 'requests': requests, 'fence': fence, 'singletons': singletons}
         | gameops.eks_bluegreen.leftovers(
             run=eks_bluegreen_run, seen=eks_bluegreen_observed, region='eu-west-1', namespaces=['arena'],
             rollback='ansible-playbook gameops.eks_bluegreen.rollback') }}
"""

RETURN = r"""
_value:
  description: A line each.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Ways:
    """The commands that lift something."""

    rollback: str
    region: str
    namespaces: Sequence[str]
    annotation_domain: str

    def module(self, name: str, cluster: str, state: str, kubeconfig: str) -> str:
        """A module of the action group `agones` by hand, in one cluster."""
        arguments = f"state={state} namespaces={','.join(self.namespaces)} {kubeconfig}"
        # By hand nothing reads the playbooks' module_defaults.
        if self.annotation_domain:
            arguments += f" annotation_domain={self.annotation_domain}"
        return (
            f"aws eks update-kubeconfig --region {self.region} --name {cluster} --kubeconfig <file> && "
            f"ansible localhost -m gameops.eks_bluegreen.{name} -a '{arguments}'"
        )


def leftovers(
    found: Data,
    *,
    run: Data,
    seen: Data,
    rollback: str,
    region: str,
    namespaces: Sequence[str],
    annotation_domain: str = "",
) -> list[str]:
    """A line for each thing that the run leaves behind."""
    ways = Ways(rollback, region, namespaces, annotation_domain)
    clusters = {slot: str(one["cluster_name"]) for slot, one in seen["slots"].items()}
    moves = run["direction"] != "reclaim"
    lines = [f"  {seen['standing']}" + (_brought_home(run, seen, ways) if moves else "")]
    lines += _held(found["holds"], clusters, ways)
    lines += _asked(found["requests"], str(run["source"]), clusters, ways)
    lines += _allocated(found["requests"], str(run["target"]), ways if moves else None)
    lines += _closed(found["fence"], str(run["source"]), ways if moves else None)
    if _differs(found["singletons"]):
        lines.append(f"  singletons of {run['source']} that are switched off: {ways.rollback}")
    lines += _unread(found)
    lines += _unread_clusters(seen)
    return [f"run {run['run_id']} leaves behind:", *lines]


def _brought_home(run: Data, seen: Data, ways: Ways) -> str:
    if seen["active"] == run["source"]:
        return ""
    return f"; to bring all of it to {run['source']}: {ways.rollback}"


def _held(holds: Data, clusters: Mapping[str, str], ways: Ways) -> Iterator[str]:
    for one in holds["results"]:
        slot = one["item"]["slot"]
        if _differs(one):
            command = ways.module("agones_capacity_hold", clusters[slot], "released", "kubeconfig=<file>")
            yield f"  FleetAutoscalers of {slot} that are held: {command}"


def _asked(requests: Data, slot: str, clusters: Mapping[str, str], ways: Ways) -> Iterator[str]:
    if requests.get("cancelled"):
        command = ways.module(
            "agones_session_drain", clusters[slot], "open", "source_kubeconfig=<file> target_kubeconfig="
        )
        yield f"  requests to go on {requests['cancelled']} game servers of {slot}: {command}"


def _allocated(requests: Data, slot: str, ways: Ways | None) -> Iterator[str]:
    if requests.get("released"):
        lifted = ways.rollback if ways else "they end as the game ends sessions"
        yield f"  up to {requests['released']} game servers of {slot} that a handoff has allocated: {lifted}"


def _closed(fence: Data, slot: str, ways: Ways | None) -> Iterator[str]:
    if _differs(fence):
        at_once = f"; at once: {ways.rollback}" if ways else ""
        yield f"  a fence: nobody can start sessions on {slot}; the next upgrade into it opens it{at_once}"


def _differs(result: Data) -> bool:
    diff = result.get("diff") or {}
    return bool(diff.get("before") != diff.get("after"))


def _unread(found: Data) -> Iterator[str]:
    for result in (*found["holds"]["results"], found["requests"], found["fence"], found["singletons"]):
        if "diff" not in result and not result.get("skipped"):
            yield f"  not known, since it could not be read: {result.get('msg', 'no message')}"


def _unread_clusters(seen: Data) -> Iterator[str]:
    for slot, one in seen["slots"].items():
        if not one.get("readable", True):
            yield f"  not known of {slot}, since its cluster {one['cluster_name']} could not be read"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"leftovers": leftovers}
