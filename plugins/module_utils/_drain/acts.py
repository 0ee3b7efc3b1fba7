# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Carry out what was planned for one game server: a write is refused when the server has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    RETRIED,
    ApiFailure,
    Conflict,
    NotFound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    HANDOFF,
    Request,
    request_patch,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import Source, Target
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import (
    DeletePod,
    DrainAction,
    Ending,
    ReleaseSuccessor,
    Signal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import is_played_on
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

# Whether the write was accepted, and the server as it is after it.
WriteAnswer = tuple[bool, Json]
NOT_NOW: WriteAnswer = (False, {})


class Acts:
    """Carries actions out. `read` reads a GameServer with the game's own names.

    `refusals` says by Fleet why the target gave no server for a handoff, until it gives one. `protected` says by the
    server's uid why it was not ended as planned.
    """

    def __init__(
        self, source: Source, target: Target, policies: Policies, clock: Clock, read: Callable[[Json], Server]
    ) -> None:
        self._source = source
        self._target = target
        self._clock = clock
        self._read = read
        self._policies = policies
        self._domain = policies.default.domain
        self.refusals: dict[Key, str] = {}
        self.protected: dict[str, str] = {}

    def carry_out(self, action: DrainAction, reserved: Mapping[str, Server]) -> WriteAnswer | None:
        """Whether the write was accepted, and the server as it is after it; None when the server is gone.

        `reserved` are the servers of the target that were allocated for sessions before, by session.
        """
        try:
            return self._do(action, reserved)
        except NotFound:
            return None
        except Conflict:
            found = self._side(action).find_server(action.namespace, action.name)
            return None if found is None else (False, found)
        except ApiFailure as error:
            if error.status not in RETRIED:
                raise
            return NOT_NOW

    def _do(self, action: DrainAction, reserved: Mapping[str, Server]) -> WriteAnswer | None:
        return self._ask(action, reserved) if isinstance(action, Signal) else self._end(action)

    def _side(self, action: DrainAction) -> Source | Target:
        return self._target if isinstance(action, ReleaseSuccessor) else self._source

    def _end(self, action: Ending) -> WriteAnswer | None:
        """End a server as planned, unless something protects it as it is now."""
        side, now = self._side(action), self._clock.now().timestamp()
        found = side.find_server(action.namespace, action.name)
        server = None if found is None else self._read(found)
        if not isinstance(action, DeletePod) and (server is None or server.version != action.version):
            # The next plan decides again, by what the server is now.
            return None if found is None else (False, found)
        case = _case_of(action, server, self._policies.of((action.namespace, action.fleet)))
        reason = may_end.protects(case, now)
        if reason:
            self.protected[action.uid] = f"{action.namespace}/{action.name} is not {case.act}: {reason}"
            return False, found or {}
        if isinstance(action, DeletePod):
            self._source.delete_pod(action.namespace, action.name)
            return True, {}
        body = {"metadata": {"resourceVersion": action.version}, "status": {"state": "Shutdown"}}
        return True, side.patch_server(action.namespace, action.name, body)

    def _ask(self, action: Signal, reserved: Mapping[str, Server]) -> WriteAnswer:
        request = self._complete(action, reserved)
        if request is None:
            return NOT_NOW
        body = request_patch(request, self._domain, action.version)
        return True, self._source.patch_server(action.namespace, action.name, body)

    def _complete(self, action: Signal, reserved: Mapping[str, Server]) -> Request | None:
        """The request with full notice from now, however many were written before it, and with its successor."""
        request = action.request
        if request.mode == HANDOFF:
            successor = self._successor(action, reserved)
            if successor is None:
                return None
            request = replace(request, successor=successor)
        late = self._clock.now().timestamp() + action.notice - request.not_before
        if late <= 0:
            return request
        not_before = request.not_before + late
        return replace(request, not_before=not_before, deadline=max(request.deadline, not_before))

    def _successor(self, action: Signal, reserved: Mapping[str, Server]) -> Json | None:
        """A server of the target for this session: the one it has already, else a new one; None when none is free."""
        known = reserved.get(action.uid)
        found = self._target.find_server(action.namespace, known.name) if known else self._allocate(action)
        status = (found or {}).get("status") or {}
        if not found or not status.get("address") or not status.get("ports"):
            return None
        return {
            "address": str(status["address"]),
            "port": int(status["ports"][0]["port"]),
            "uid": str(found["metadata"]["uid"]),
        }

    def _allocate(self, action: Signal) -> Json | None:
        fleet = (action.namespace, action.fleet)
        mark = {successor_annotation(self._domain): f"{action.uid}/{action.request.run}"}
        try:
            name = self._target.allocate(fleet, mark)
            found = self._target.find_server(action.namespace, name) if name else None
        except NotFound:
            # The allocation API is not there at the moment; the session still is.
            self.refusals[fleet] = "its allocation API was not found"
            return None
        except ApiFailure as error:
            self.refusals[fleet] = error.message
            raise
        # Agones knows nothing of sessions in servers that no one has allocated.
        in_use = found is not None and is_played_on(self._read(found))
        if found is None or in_use:
            self.refusals[fleet] = "the server that it chose is in use" if in_use else "none is free"
            return None
        self.refusals.pop(fleet, None)
        return found


def _case_of(action: Ending, server: Server | None, policy: Policy) -> may_end.Case:
    """The case for the rules that protect sessions; the policy has the operator's word."""
    which = action.namespace, action.name, action.uid
    if isinstance(action, ReleaseSuccessor):
        spare = may_end.Spare(policy.domain, action.allocation, policy.connect_grace)
        return may_end.Case(may_end.SHUT_DOWN, *which, server, spare)
    word = may_end.OnDeadline(policy.run, policy.domain, policy.interrupt_at_deadline)
    if isinstance(action, DeletePod):
        word = replace(word, shut_down_at=action.shut_down_at, grace_seconds=action.grace_seconds)
        return may_end.Case(may_end.DELETE_POD, *which, server, word)
    return may_end.Case(may_end.SHUT_DOWN, *which, server, word)
