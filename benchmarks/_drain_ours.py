"""The collection's side of the benchmark `drain`, in a process of its own whose memory is ours alone.

It does what the module agones_session_drain does in its rounds, from the same parts, except that the run's memory is
kept here and not in a bucket, and that no one's rights are checked. The result is one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import GAME_SERVERS, KubeApi, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    REQUESTED,
    Request,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import (
    Changed,
    Event,
    Listed,
    WatchFeed,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import KubeSource, KubeTarget
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server, trimmed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SteadyClock, SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.acts import Acts
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies, Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.round import (
    DRAIN_SLICE_SECONDS,
    MORE_SECONDS,
    WRITE_SECONDS,
    DrainRound,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.settings import Settings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.signals import Signal
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.writes import Writes
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel

Json = dict[str, Any]
NOTICE_SECONDS = 30.0


class MemoryKeeper:
    """A run whose bucket is this process: it costs only what making and reading the documents costs."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}

    def keep(self) -> None:
        """No one else wants the lease."""

    def journal(self, kind: str, **data: Any) -> None:
        json.dumps({"kind": kind, **data})

    def load(self, name: str) -> Json | None:
        found = self._documents.get(name)
        return json.loads(found) if found else None

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        self._documents[name] = json.dumps(value, sort_keys=True).encode()


class NotingSource(KubeSource):
    """Notes when the answer to the last write to each server came."""

    def __init__(self, api: KubeApi, written: dict[str, float]) -> None:
        super().__init__(api)
        self._written = written

    def patch_server(self, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        answer = super().patch_server(namespace, name, body)
        self._written[name] = time.monotonic()
        return answer


class NotingFeed:
    """Notes when a change of each server was first taken, and how long the round was busy with other things."""

    def __init__(self, feed: WatchFeed, *, announce: bool = False) -> None:
        self._feed = feed
        self._announce = announce
        self._last: float | None = None
        self.seen: dict[str, float] = {}
        self.longest_turn = 0.0

    @property
    def fresh(self) -> bool:
        return self._feed.fresh

    def start(self) -> list[Event]:
        return self._feed.start()

    def relist(self) -> list[Event]:
        return self._feed.relist()

    def take(self) -> list[Event]:
        events, now = self._feed.take(), time.monotonic()
        if self._announce:
            print("watching", flush=True)
            self._announce = False
        if self._last is not None:
            self.longest_turn = max(self.longest_turn, now - self._last)
        self._last = now
        for event in events:
            if isinstance(event, Changed):
                self.seen.setdefault(str(event.obj["metadata"]["name"]), now)
        return events


def policies_of(run: str) -> Policies:
    """Every session is asked at once, and only once: no game server answers here."""
    return Policies(Policy(run, mode=AT_MATCH_END, notice=NOTICE_SECONDS, resignal=()))


def write_all(kubeconfig: str, namespace: str, run: str) -> Json:
    """The writes alone, of servers that have been listed before."""
    api, policies, clock = connect(kubeconfig), policies_of(run), SystemClock()
    servers = [read_server(item) for item in api.list(GAME_SERVERS.path(namespace), trim=trimmed)[0]]
    actions = [signal(server, run, clock.now().timestamp()) for server in servers if server.is_session]
    start, accepted = time.monotonic(), 0
    acts = Acts(KubeSource(api), KubeTarget(api), policies, clock, read_server)
    with Writes(acts, clock) as writes:
        writes.put(actions, {})
        while writes.busy:
            accepted += sum(answer is not None and answer[0] for _action, answer in writes.answers(WRITE_SECONDS))
    return {"seconds": time.monotonic() - start, "signalled": accepted}


def signal(server: Server, run: str, now: float) -> Signal:
    """What a drain plans for a session that no one has asked yet."""
    request = Request(
        run=run,
        seq=1,
        state=REQUESTED,
        mode=AT_MATCH_END,
        allocation=server.allocation,
        not_before=now + NOTICE_SECONDS,
        deadline=now + 4320,
        spread_seconds=10.0,
    )
    return Signal(server.uid, server.namespace, server.name, server.version, request, server.fleet, NOTICE_SECONDS)


class Rounds:
    """Rounds of one drain, one after the other, as the module's calls are."""

    def __init__(self, kubeconfig: str, namespace: str, target_namespace: str, run: str) -> None:
        self._kubeconfig = kubeconfig
        self._namespaces = namespace, target_namespace
        self._policies = policies_of(run)
        self._keeper = MemoryKeeper()
        self.written: dict[str, float] = {}
        self.longest_turn = 0.0
        self.seen: dict[str, float] = {}
        self.count = 0
        self.first: set[str] = set()

    def run(self, *, announce: bool = False) -> None:
        """One round."""
        clock = SteadyClock(SystemClock())
        source, target = connect(self._kubeconfig), connect(self._kubeconfig)
        namespace, target_namespace = self._namespaces
        seconds = DRAIN_SLICE_SECONDS + MORE_SECONDS
        source_feed = NotingFeed(WatchFeed(source, [namespace], seconds, clock), announce=announce)
        target_feed = WatchFeed(target, [target_namespace], seconds, clock)
        one = DrainRound(
            policies=self._policies,
            source=NotingSource(source, self.written),
            target=KubeTarget(target),
            source_feed=source_feed,
            target_feed=target_feed,
            keeper=self._keeper,
            clock=clock,
            settings=Settings([namespace]),
        )
        feeds: list[WatchFeed | NotingFeed] = [target_feed, source_feed]
        first_target, first = in_parallel(lambda feed: feed.start(), feeds)
        if not self.count:
            listed = [item for event in first if isinstance(event, Listed) for item in event.items]
            self.first = {server.name for server in map(read_server, listed) if server.is_session}
        one.run(first, first_target)
        self.count += 1
        self.seen.update(source_feed.seen)
        self.longest_turn = max(self.longest_turn, source_feed.longest_turn)


def signal_all(kubeconfig: str, namespace: str, run: str, sessions: int) -> Json:
    """Rounds until every session is asked, those that begin meanwhile too: list, watch, plan, save, write.

    Timed to the last answer for a session of the first list.
    """
    rounds = Rounds(kubeconfig, namespace, f"{namespace}-target", run)
    start = time.monotonic()
    while len(rounds.written) < sessions:
        rounds.run(announce=not rounds.count)
    return {
        "seconds": max(at for name, at in rounds.written.items() if name in rounds.first) - start,
        "signalled": len(rounds.written),
        "seen": rounds.seen,
        "written": rounds.written,
        "rounds": rounds.count,
        "longest_turn_seconds": rounds.longest_turn,
        "peak_mb": peak_megabytes(),
    }


def watch(kubeconfig: str, namespace: str, run: str) -> Json:
    """One round in which every session has been asked before; the target has as many game servers as the source."""
    rounds = Rounds(kubeconfig, namespace, namespace, run)
    rounds.run(announce=True)
    return {"seen": rounds.seen, "written": rounds.written, "peak_mb": peak_megabytes()}


def peak_megabytes() -> float:
    """The most memory that this process has used. Not getrusage: that begins with the memory of the parent."""
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kilobytes) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["write", "signal", "watch"])
    for name in ("kubeconfig", "namespace", "run"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    options = parser.parse_args(arguments)
    where = options.kubeconfig, options.namespace, options.run
    if options.work == "write":
        result = write_all(*where)
    elif options.work == "signal":
        result = signal_all(*where, options.sessions)
    else:
        result = watch(*where)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
