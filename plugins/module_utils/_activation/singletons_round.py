# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Switch a slot's singletons off or on: one round that reads, writes, and reads until it is so or its slice is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.singletons import (
    ABSENT,
    CRON_JOB,
    OFF,
    ON,
    Singleton,
    jobs_left,
    missing_replicas,
    plan_off,
    plan_on,
    pods_left,
    read_original,
    selector_of,
    singleton_access,
    state_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import (
    PODS,
    ApiFailure,
    Conflict,
    KubeApi,
    KubeResource,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import missing_access, refuse_missing
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

JOBS = KubeResource("/apis/batch/v1", "jobs")
_WRITE_ATTEMPTS = 5
_POLL_SECONDS = 1.0
# One reading may fall between the end of a pod and the start of its successor.
_LOOKS = 2


@dataclass
class Activation:
    """The singletons of one slot."""

    api: KubeApi
    singletons: Sequence[Singleton]
    run_id: str
    domain: str
    keeper: Keeper
    clock: Clock
    wait: bool = True
    ignore_missing: bool = False
    slice_seconds: float = 20.0

    def run(self, state: str, *, check_mode: bool) -> Json:
        """All of them are read and understood before the first one is written."""
        if not self.wait:
            # Reads are repeated; a caller that does not wait learns at once that there is no answer.
            self.api.server_time()
        if not check_mode:
            self.keeper.keep()
        proves_off = self.wait and state == OFF
        refuse_missing(missing_access(self.api, singleton_access(self.singletons, proves_off=proves_off)))
        before = self._read()
        if state == ON and not self.ignore_missing:
            refuse_absent(before)
        for one, obj in before:
            if obj is not None:
                read_original(one, obj, self.domain)
        written = [(one, self._write(one, obj, state, check_mode=check_mode)) for one, obj in before]
        after = [(one, obj) for one, (_changed, obj) in written]
        finished, left = True, dict.fromkeys(self.singletons, 0)
        if self.wait and not check_mode:
            after, left, finished = self._wait(state)
        return {
            "changed": any(changed for _one, (changed, _obj) in written),
            "singletons": [_document(one, obj) for one, obj in after],
            "diff": {"before": _states(before), "after": _states(after)},
            "round": {
                "finished": finished,
                "progress": _progress_text(state, left),
                "retry_after_seconds": _POLL_SECONDS,
            },
        }

    def _read(self) -> list[tuple[Singleton, Json | None]]:
        return in_parallel(lambda one: (one, self.api.find(one.path)), self.singletons)

    def _write(self, one: Singleton, obj: Json | None, state: str, *, check_mode: bool) -> tuple[bool, Json | None]:
        for _attempt in range(_WRITE_ATTEMPTS):
            if obj is None:
                return False, None
            patch = self._plan(one, obj, state)
            if patch is None:
                return False, obj
            if check_mode:
                return True, merged(obj, patch)
            try:
                return True, self.api.patch(one.path, patch)
            except Conflict:
                obj = self.api.find(one.path)
        raise ApiFailure(f"{one} changed {_WRITE_ATTEMPTS} times before it could be written: run again", 409)

    def _plan(self, one: Singleton, obj: Json, state: str) -> Json | None:
        return plan_on(one, obj, self.domain) if state == ON else plan_off(one, obj, self.run_id, self.domain)

    def _wait(self, state: str) -> tuple[list[tuple[Singleton, Json | None]], dict[Singleton, int], bool]:
        """What is there, what is still missing, and whether it is proven: off is off when two readings say so."""
        heart = Heartbeat(self.keeper, self.clock)
        end = self.clock.monotonic() + self.slice_seconds
        looks = 0
        while True:
            found = self._read()
            left = {one: 0 if obj is None else self._left(one, obj, state) for one, obj in found}
            looks = 0 if any(left.values()) else looks + 1
            proven = looks >= (_LOOKS if state == OFF else 1)
            if proven or self.clock.monotonic() >= end:
                return found, left, proven
            heart.beat()
            self.clock.sleep(_POLL_SECONDS)

    def _left(self, one: Singleton, obj: Json, state: str) -> int:
        if state == ON:
            return missing_replicas(one, obj)
        if one.kind == CRON_JOB:
            return jobs_left(obj, self.api.list(JOBS.path(one.namespace))[0])
        return pods_left(obj, self.api.list(PODS.path(one.namespace), selector=selector_of(obj))[0])


def switched_off(api: KubeApi, singletons: Sequence[Singleton]) -> list[str]:
    """The singletons that are switched off. Only reads."""
    found = in_parallel(lambda one: (one, api.find(one.path)), singletons)
    return [str(one) for one, obj in found if state_of(one, obj) == OFF]


def predict_activation(singletons: Sequence[Singleton], state: str) -> Json:
    """The result for a cluster that does not exist yet: nothing runs there; what its charts bring is switched later."""
    documents = [_document(one, None) | {"state": state} for one in singletons]
    return {
        "changed": bool(singletons) and state == ON,
        "singletons": documents,
        "diff": {
            "before": {},
            "after": {str(one): state for one in singletons} if state == ON else {},
            "after_header": "predicted",
        },
        "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
    }


def refuse_absent(found: Sequence[tuple[Singleton, Json | None]]) -> None:
    """Raise BlueGreenError with all that are missing."""
    absent = [str(one) for one, obj in found if obj is None]
    if absent:
        raise BlueGreenError(
            f"{', '.join(absent)} cannot be switched on: not in this cluster. Correct the list of singletons, or "
            "install the chart that creates it. Nothing was written"
        )


def _progress_text(state: str, left: dict[Singleton, int]) -> str:
    """One line for people: what is waited for."""
    unit = "pods or jobs left" if state == OFF else "replicas not ready"
    parts = [f"{one} ({count} {unit})" for one, count in left.items() if count]
    return f"singletons not yet {state}: {', '.join(parts)}" if parts else ""


def _document(one: Singleton, obj: Json | None) -> Json:
    names = {"kind": one.kind, "namespace": one.namespace, "name": one.name}
    return {**names, "state": ABSENT if obj is None else state_of(one, obj)}


def _states(found: Sequence[tuple[Singleton, Json | None]]) -> Json:
    return {str(one): _document(one, obj)["state"] for one, obj in found}
