# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Drain one synthetic session of each Fleet by the contract, and watch what its server does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    request_patch,
    successor_annotation,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Event, Feed, Listed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import try_patch
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key, name_of, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.canary import Times, Trial
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.levels import (
    Conduct,
    LevelFinding,
    find_level,
    objection,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.synthetic import Synthetic
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.heartbeat import Heartbeat
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

OpenFeed = Callable[[], Feed]

_POLL_SECONDS = 0.1
# How long a second server of a Fleet is waited for; without one, handoff is not tried.
SUCCESSOR_SECONDS = 5.0
ALLOCATE_SECONDS = 0.25
# Beyond the longest trial, for writes that have to be repeated.
SPARE_SECONDS = 10.0


@dataclass(frozen=True)
class Canary:
    """The trials of a round. `policies` say how the Fleets will be drained, `accepted` which levels may be too low."""

    synthetic: Synthetic
    open_feed: OpenFeed
    keeper: Keeper
    clock: Clock
    policies: Policies
    accepted: Mapping[str, str]
    times: Times

    def run(self, probes: Sequence[Json]) -> list[str]:
        """Try the session of each probe; adds `level`, `level_reason` and `observed` to it.

        Returns the warnings. Raises ApiFailure when a session could not be tried, and BlueGreenError when
        a level is too low.
        """
        trials = in_parallel(self._prepare, probes)
        self._watch(trials)
        findings = []
        for probe, trial in zip(probes, trials, strict=True):
            seen = self._seen(trial)
            findings.append(find_level(trial.session.fleet_key, seen))
            probe.update(level=findings[-1].level, level_reason=findings[-1].reason, observed=seen.to_document())
        self._note(findings)
        return self._judge(findings, probes)

    def _prepare(self, probe: Json) -> Trial:
        found = self.synthetic.api.find_server(probe["namespace"], probe["server"])
        if found is None:
            raise ApiFailure(f"{probe['name']}: {probe['server']} was gone before it could be asked", 404)
        session = read_server(found)
        return Trial(session, self.synthetic.mark, self.times, self._successor(session.fleet_key, session.uid))

    def _successor(self, fleet: Key, uid: str) -> Json | None:
        """A second server of the Fleet, marked as the drain marks one; None when none is free."""
        annotations = {successor_annotation(self.synthetic.domain): f"{uid}/{self.synthetic.mark}"}
        end = self.clock.monotonic() + SUCCESSOR_SECONDS
        while True:
            try:
                document = self.synthetic.allocate(fleet, annotations)
                found = self.synthetic.api.find_server(fleet[0], document["server"])
            except ApiFailure:
                found = None
            if found:
                uid = str(found["metadata"]["uid"])
                return {"address": document["address"], "port": document["port"], "uid": uid}
            if self.clock.monotonic() >= end:
                return None
            self.clock.sleep(ALLOCATE_SECONDS)

    def _watch(self, trials: Sequence[Trial]) -> None:
        feed = self.open_feed()
        heart = Heartbeat(self.keeper, self.clock)
        end = self.clock.monotonic() + self.times.longest + SPARE_SECONDS
        by_uid = {trial.session.uid: trial for trial in trials}
        while self.clock.monotonic() < end:
            self._take(feed.take(), by_uid)
            now = self.clock.now().timestamp()
            waiting = [trial for trial in trials if not trial.is_over(now)]
            if not waiting:
                return
            in_parallel(self._ask, waiting)
            heart.beat()
            self.clock.sleep(_POLL_SECONDS)

    def _take(self, events: Iterable[Event], trials: Mapping[str, Trial]) -> None:
        for event in events:
            if isinstance(event, Listed):
                self._take_list(event, trials)
                continue
            server = read_server(event.obj)
            trial = trials.get(server.uid)
            if trial:
                trial.see(server, event.at)
            if trial and event.gone:
                trial.see_gone(event.at, watched=True)

    @staticmethod
    def _take_list(event: Listed, trials: Mapping[str, Trial]) -> None:
        servers = {server.uid: server for server in map(read_server, event.items)}
        for uid, trial in trials.items():
            if uid in servers:
                trial.see(servers[uid], event.at)
            elif trial.session.namespace == event.namespace:
                trial.see_gone(event.at, watched=False)

    def _ask(self, trial: Trial) -> None:
        """Write the request that is due; a write that failed is due again in the next turn."""
        now = self.clock.now().timestamp()
        if trial.next_request(now) is None:
            return
        session, api = trial.session, self.synthetic.api
        server = api.find_server(session.namespace, session.name)
        request = trial.next_request(self.clock.now().timestamp())
        if server is None or request is None:
            return
        self.synthetic.refuse(may_end.ASK, read_server(server))
        body = request_patch(request, self.synthetic.domain, str(server["metadata"]["resourceVersion"]))
        if try_patch(api, session.namespace, session.name, body):
            trial.note_asked(request, now)

    @staticmethod
    def _seen(trial: Trial) -> Conduct:
        if not trial.asked:
            session = trial.session
            raise ApiFailure(f"{session.fleet}: {session.name} was gone before it could be asked", 404)
        return trial.seen()

    def _note(self, findings: Sequence[LevelFinding]) -> None:
        levels = ", ".join(f"{name_of(one.fleet)} {one.level}" for one in findings)
        self.keeper.journal("note", event="levels", text=f"levels of the drain contract: {levels}")

    def _judge(self, findings: Sequence[LevelFinding], probes: Sequence[Json]) -> list[str]:
        """The warnings; raises BlueGreenError with everything that forbids going on."""
        objections = [objection(one, self.policies.of(one.fleet), self.accepted) for one in findings]
        errors = [text for forbids, text in filter(None, objections) if forbids]
        warnings = [text for forbids, text in filter(None, objections) if not forbids]
        if errors:
            raise BlueGreenError("; ".join(errors), changed=True, problems=errors, probes=list(probes))
        return warnings
