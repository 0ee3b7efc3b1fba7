# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a run leaves behind when it is ended where it is, in lines with the command that lifts each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import RECLAIM
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


@dataclass(frozen=True)
class RunEnding:
    """The run that ends. `moves`: a rollback takes back what it has moved; a reclaim moves no traffic."""

    run_id: str
    source: str
    target: str
    direction: str

    @property
    def moves(self) -> bool:
        return self.direction != RECLAIM


@dataclass(frozen=True)
class Effects:
    """What a run has left in the clusters.

    `held` are the FleetAutoscalers that are held, by slot; `asked` the game servers of the source that are asked to go;
    `allocated` those of the target, at most, that a handoff has allocated; `closed` the gates of the source's fence;
    `off` its singletons that are switched off. `unread` says what is not known, and why.
    """

    held: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asked: int = 0
    allocated: int = 0
    closed: Sequence[str] = ()
    off: Sequence[str] = ()
    unread: Sequence[str] = ()


@dataclass(frozen=True)
class Ways:
    """The commands that lift something."""

    rollback: str
    region: str
    namespaces: Sequence[str]
    annotation_domain: str = DEFAULT_DOMAIN

    def module(self, name: str, cluster: str, state: str, kubeconfig: str) -> str:
        """A module of the action group `agones` by hand, in one cluster."""
        arguments = f"state={state} namespaces={','.join(self.namespaces)} {kubeconfig}"
        # By hand nothing reads the playbooks' module_defaults.
        if self.annotation_domain != DEFAULT_DOMAIN:
            arguments += f" annotation_domain={self.annotation_domain}"
        return (
            f"aws eks update-kubeconfig --region {self.region} --name {cluster} --kubeconfig <file> && "
            f"ansible localhost -m gameops.eks_bluegreen.{name} -a '{arguments}'"
        )


def ending_of(run: Data) -> RunEnding:
    """The run as fact eks_bluegreen_run has it."""
    return RunEnding(*(str(run[name]) for name in ("run_id", "source", "target", "direction")))


def lines_of(effects: Effects, run: RunEnding, seen: Data, ways: Ways) -> list[str]:
    """A line for each thing that the run leaves behind. `seen` is what module slot_info returned."""
    clusters = {slot: str(one["cluster_name"]) for slot, one in seen["slots"].items()}
    lines = [f"  {seen['standing']}{_brought_home(run, seen, ways)}"]
    lines += _held(effects, clusters, ways)
    lines += _asked(effects, run, clusters, ways)
    lines += _allocated(effects, run, ways)
    lines += _closed(effects, run, ways)
    if effects.off:
        lines.append(f"  singletons of {run.source} that are switched off: {ways.rollback}")
    lines += [f"  not known: {one}" for one in effects.unread]
    return [f"run {run.run_id} leaves behind:", *lines]


def _brought_home(run: RunEnding, seen: Data, ways: Ways) -> str:
    if not run.moves or seen["active"] == run.source:
        return ""
    return f"; to bring all of it to {run.source}: {ways.rollback}"


def _held(effects: Effects, clusters: Mapping[str, str], ways: Ways) -> Iterator[str]:
    for slot, names in effects.held.items():
        if names:
            command = ways.module("agones_capacity_hold", clusters[slot], "released", "kubeconfig=<file>")
            yield f"  FleetAutoscalers of {slot} that are held: {command}"


def _asked(effects: Effects, run: RunEnding, clusters: Mapping[str, str], ways: Ways) -> Iterator[str]:
    if effects.asked:
        command = ways.module(
            "agones_session_drain", clusters[run.source], "open", "source_kubeconfig=<file> target_kubeconfig="
        )
        yield f"  requests to go on {effects.asked} game servers of {run.source}: {command}"


def _allocated(effects: Effects, run: RunEnding, ways: Ways) -> Iterator[str]:
    if effects.allocated:
        lifted = ways.rollback if run.moves else "they end as the game ends sessions"
        yield f"  up to {effects.allocated} game servers of {run.target} that a handoff has allocated: {lifted}"


def _closed(effects: Effects, run: RunEnding, ways: Ways) -> Iterator[str]:
    if effects.closed:
        at_once = f"; at once: {ways.rollback}" if run.moves else ""
        yield f"  a fence: no one can start sessions on {run.source}; the next upgrade into it opens it{at_once}"
