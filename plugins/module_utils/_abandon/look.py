# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Look in both clusters for what a run leaves behind. A slot may be dead; the rest is worth telling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._abandon.effects import Effects, RunEnding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    POLICY_METHOD,
    gate_problems,
    named_gates,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence_round import closed_gates
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import Singleton
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons_round import switched_off
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import RETRIED, ApiFailure, KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import has_agones
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.take_back import (
    Letting,
    cancel_requests,
    release_successors,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.hold_round import held_autoscalers
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data, T


@dataclass(frozen=True)
class FenceOptions:
    """How the source is fenced, if it is: the method and what it closes. Another cluster may read the policies."""

    method: str | None = None
    kubeconfig: str = ""
    roles: Sequence[Mapping[str, Any]] = ()
    policies: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class EffectsScope:
    """Where to look, and for what. `kubeconfigs` by slot; an empty one where there is no way in."""

    kubeconfigs: Mapping[str, str]
    slots: Mapping[str, Data]
    namespaces: Sequence[str]
    domain: str
    fence: FenceOptions = FenceOptions()
    singletons: Sequence[Singleton] = ()


@dataclass
class EffectsLook:
    """One look. A failed read is noted and does not stop the rest."""

    connect: Callable[[str], KubeApi]
    scope: EffectsScope
    clock: Clock
    unread: list[str] = field(default_factory=list)

    def at(self, run: RunEnding) -> Effects:
        """What the run has left in both clusters."""
        clusters = {slot: self._reached(slot) for slot in (run.source, run.target)}
        source, target = clusters[run.source], clusters[run.target]
        return Effects(
            held={slot: self._held(slot, api) for slot, api in clusters.items() if api is not None},
            asked=self._asked(run, source) if source is not None else 0,
            allocated=self._allocated(run, source, target) if source is not None and target is not None else 0,
            closed=self._closed(run, source),
            off=self._off(run, source) if source is not None and run.moves else [],
            unread=self.unread,
        )

    def _reached(self, slot: str) -> KubeApi | None:
        """A slot's API server, if it has one that answers. One that does not is asked only once, not for each part."""
        seen, kubeconfig = self.scope.slots[slot], self.scope.kubeconfigs[slot]
        cluster = f"its cluster {seen['cluster_name']}"
        if not kubeconfig:
            if not seen.get("readable", True):
                self.unread.append(f"what is left in {slot}, since {cluster} could not be read")
            elif seen["exists"]:
                self.unread.append(f"what is left in {slot}, since there is no way into {cluster}")
            return None
        try:
            api = self.connect(kubeconfig)
            _refuse_dead(api)
        except BlueGreenError as error:
            self.unread.append(f"what is left in {slot}, since {cluster} could not be read: {error.message}")
            return None
        return api

    def _attempt(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except BlueGreenError as error:
            self.unread.append(f"whether {what}, since it could not be read: {error.message}")
            return otherwise

    def _held(self, slot: str, api: KubeApi) -> list[str]:
        def read() -> list[str]:
            if not has_agones(api):
                return []
            return held_autoscalers(KubeFleets(api), self.scope.namespaces, self.scope.domain)

        nothing: list[str] = []
        return self._attempt(f"FleetAutoscalers of {slot} are held", read, nothing)

    def _asked(self, run: RunEnding, source: KubeApi) -> int:
        scope = self.scope

        def read() -> int:
            found = cancel_requests(source, scope.namespaces, scope.domain, NullKeeper(), self.clock, check_mode=True)
            return int(found["cancelled"])

        return self._attempt(f"game servers of {run.source} are asked to go", read, 0)

    def _allocated(self, run: RunEnding, source: KubeApi, target: KubeApi) -> int:
        scope = self.scope

        def read() -> int:
            found = release_successors(
                source,
                lambda: target,
                scope.namespaces,
                scope.domain,
                NullKeeper(),
                self.clock,
                Letting(read_server, notice=0.0, acknowledge=0.0),
                check_mode=True,
            )
            if "problem" in found:
                raise BlueGreenError(str(found["problem"]))
            return int(found["released"])

        return self._attempt(f"a handoff has allocated game servers of {run.target}", read, 0)

    def _closed(self, run: RunEnding, source: KubeApi | None) -> list[str]:
        fence = self.scope.fence
        if fence.method is None:
            return []
        elsewhere = fence.kubeconfig if fence.method == POLICY_METHOD else ""
        if source is None and not elsewhere:
            return []

        def read() -> list[str]:
            gates = named_gates(str(fence.method), fence.roles, fence.policies)
            wrong = gate_problems(str(fence.method), gates)
            if wrong:
                raise BlueGreenError("; ".join(wrong))
            api = self.connect(elsewhere) if elsewhere or source is None else source
            return closed_gates(api, gates, self.scope.domain)

        nothing: list[str] = []
        return self._attempt(f"{run.source} is fenced", read, nothing)

    def _off(self, run: RunEnding, source: KubeApi) -> list[str]:
        nothing: list[str] = []
        return self._attempt(
            f"singletons of {run.source} are switched off",
            lambda: switched_off(source, self.scope.singletons),
            nothing,
        )


def _refuse_dead(api: KubeApi) -> None:
    """Raise ApiFailure for a server that does not answer. A refusal is an answer."""
    try:
        api.server_time()
    except ApiFailure as error:
        if error.status in RETRIED:
            raise
