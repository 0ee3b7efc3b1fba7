# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One round of any routing provider: read, compare, write if need be, check that it is acted on everywhere."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    NO_QUEUE,
    NOTHING,
    PER_SLOT,
    Capabilities,
    Evidence,
    Moved,
    Provider,
    Queue,
    Reading,
    WithoutQueue,
    listed,
    needs_write,
    no_queue,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result

# Short enough for a lease of ten seconds to be renewed in time.
ROUTING_SLICE_SECONDS = 4.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class WantedRouting:
    """What a caller asks for: weights (None: leave them), and by slot whether its queue is open.

    `if_revision` is the revision that the caller has seen. Without `wait` nothing is proven, someone else's write is
    overwritten, and weights that something else moves are left to it: this is what a rollback needs.
    """

    weights: Mapping[str, int] | None
    token: str
    if_revision: str | None = None
    queues: Mapping[str, bool] = field(default_factory=dict)
    wait: bool = True


@dataclass(frozen=True)
class _State:
    """What is, or will be."""

    reading: Reading
    queues: Mapping[str, Queue]


class SessionDestination:
    """The destination of new sessions, through any provider."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._able = provider.capabilities()
        self._clock = clock

    @property
    def can_have_queues(self) -> bool:
        """Whether a provider of this kind can have queues; whether this one has any, its capabilities say."""
        return not isinstance(self._provider, WithoutQueue)

    def read(self) -> Result:
        """The destination; changes nothing. Queues are included if there are any."""
        reading = self._provider.read()
        slots = [] if self._able.queue == NO_QUEUE else sorted(reading.weights)
        state = _State(reading, {slot: self._provider.queue(slot) for slot in slots})
        return {"changed": False, **self._described(state)}

    def ensure(self, want: WantedRouting, keeper: Keeper, *, check_mode: bool) -> Result:
        """One round: the destination is the wanted one and (if asked) acted on everywhere.

        In check mode the answer holds the prediction, and nothing is written or waited for.
        """
        before = self._look(want)
        writes = self._writes(want, before.reading)
        switches = {slot: is_open for slot, is_open in want.queues.items() if before.queues[slot].is_open != is_open}
        predicted = self._predict(want, before, writes=writes)
        if check_mode:
            return self._compared(before, predicted, finished=True, progress="")
        keeper.keep()
        revision = before.reading.revision
        if self._switch(switches, to_open=True):
            revision = self._provider.read().revision
        if writes and want.weights is not None:
            predicted = self._set(want, want.weights, revision, predicted, keeper)
        # A queue that is left closes only when sessions no longer start there.
        self._switch(switches, to_open=False)
        if not want.wait:
            return self._compared(before, predicted, finished=True, progress="")
        return self._await(want, before, writes=writes or bool(switches))

    def _look(self, want: WantedRouting) -> _State:
        if want.queues and self._able.queue == NO_QUEUE:
            raise no_queue(self._provider.where, ", ".join(want.queues))
        queues = {slot: self._provider.queue(slot) for slot in want.queues}
        return _State(self._provider.read(), queues)

    def _writes(self, want: WantedRouting, reading: Reading) -> bool:
        if want.weights is None:
            return False
        needed = needs_write(self._provider.where, self._able, reading, want.weights, want.if_revision)
        return needed and not (self._able.writes == NOTHING and not want.wait)

    def _predict(self, want: WantedRouting, before: _State, *, writes: bool) -> _State:
        reading = before.reading
        if writes and want.weights is not None and self._able.writes != NOTHING:
            reading = replace(
                reading,
                weights=want.weights,
                token=want.token,
                holds=reading.holds if reading.will_hold is None else reading.will_hold,
                evidence=Evidence(False, "not set yet"),
            )
        queues = {slot: replace(queue, is_open=want.queues[slot]) for slot, queue in before.queues.items()}
        return _State(reading, queues)

    def _set(
        self, want: WantedRouting, weights: Mapping[str, int], seen: str, predicted: _State, keeper: Keeper
    ) -> _State:
        revision = self._provider.set(weights, seen if want.wait else want.if_revision, want.token)
        keeper.journal("routing", weights=dict(weights), revision=revision)
        evidence = Evidence(False, f"set to revision {revision}; whether it is followed was not checked")
        return replace(predicted, reading=replace(predicted.reading, revision=revision, evidence=evidence))

    def _switch(self, switches: Mapping[str, bool], *, to_open: bool) -> bool:
        """Open, or close; whether there was anything to do."""
        slots = [slot for slot, is_open in switches.items() if is_open == to_open]
        for slot in slots:
            (self._provider.open if to_open else self._provider.close)(slot)
        return bool(slots)

    def _await(self, want: WantedRouting, before: _State, *, writes: bool) -> Result:
        until = self._clock.monotonic() + ROUTING_SLICE_SECONDS
        while True:
            state = self._look(want)
            missing = self._missing(want, state)
            if not missing or self._clock.monotonic() >= until:
                break
            self._clock.sleep(_POLL_SECONDS)
        progress = "; ".join(missing) or state.reading.evidence.text
        return {**self._compared(before, state, finished=not missing, progress=progress), "changed": writes}

    def _missing(self, want: WantedRouting, state: _State) -> list[str]:
        """What is not proven yet."""
        reading = state.reading
        if want.weights is not None and dict(reading.weights) != dict(want.weights):
            raise Moved(
                f"{self._provider.where} was moved to weights {listed(reading.weights)} (revision {reading.revision}) "
                "by someone else after this run had set it: find out who, then start again",
                weights=dict(reading.weights),
                revision=reading.revision,
            )
        missing = [] if reading.evidence.followed else [reading.evidence.text]
        missing += _not_expired(self._able, reading)
        if self._able.queue == PER_SLOT:
            closed = [slot for slot, is_open in want.queues.items() if not is_open]
            missing += [_waiting(slot, state.queues[slot]) for slot in closed if state.queues[slot].depth != 0]
        return missing

    def _compared(self, before: _State, after: _State, *, finished: bool, progress: str) -> Result:
        shown = {"before": _shown(before), "after": _shown(after)}
        return {
            "changed": shown["before"] != shown["after"],
            **self._described(after),
            "diff": shown,
            "round": {"finished": finished, "progress": progress, "retry_after_seconds": _POLL_SECONDS},
        }

    def _described(self, state: _State) -> Result:
        reading = state.reading
        return {
            "weights": dict(reading.weights),
            "revision": reading.revision,
            "token": reading.token,
            "followed": reading.evidence.followed,
            "evidence": reading.evidence.text,
            "details": dict(reading.evidence.details),
            "capabilities": asdict(self._able),
            "queues": {slot: _queue_shown(queue) for slot, queue in state.queues.items()},
        }


def _not_expired(able: Capabilities, reading: Reading) -> list[str]:
    """Results that were handed out before the move lead to the other slot until they expire."""
    left = able.endpoint_ttl_seconds - (reading.age_seconds or 0.0)
    if able.endpoint_ttl_seconds <= 0 or left <= 0:
        return []
    return [f"revision {reading.revision}: earlier results may be used for another {left:.0f} s"]


def _waiting(slot: str, queue: Queue) -> str:
    if queue.depth is None:
        return f"it is not known what waits in the queue of {slot}"
    return f"{queue.depth} wait in the queue of {slot}, the oldest for {queue.oldest_seconds:.0f} s"


def _queue_shown(queue: Queue) -> Result:
    return {"depth": queue.depth, "oldest_seconds": round(queue.oldest_seconds, 1), "open": queue.is_open}


def _shown(state: _State) -> str:
    # Tokens, revisions and depths are noise to a person who reads a diff.
    shown: dict[str, Any] = {**state.reading.holds, "weights": dict(state.reading.weights)}
    if state.queues:
        shown["queues"] = {slot: "open" if queue.is_open else "closed" for slot, queue in state.queues.items()}
    return json.dumps(shown, indent=2, sort_keys=True) + "\n"
