# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Take the drain requests on a slot back: all of them in one round, whatever has become of the target.

Then let go of the servers that a handoff has allocated on the target in vain, if the target answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure, KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    CLOSING,
    REQUESTED,
    cancelled_request,
    read_acknowledgement,
    read_request,
    request_patch,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.feed import Feed, Listed, WatchFeed
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.servers import (
    KubeSource,
    KubeTarget,
    Source,
    Target,
    try_patch,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Server, read_server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import DRAIN_MEMORY, is_handing_over
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.successors import (
    Successors,
    names_successors,
    release_request,
    sort_successors,
    spare,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import Keeper, LeaseLost
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

_ATTEMPTS = 5
LOOK_SECONDS = 0.5


@dataclass
class Cancellation:
    """Take the requests on a slot back, all of them in one round."""

    source: Source
    feed: Feed
    keeper: Keeper
    domain: str

    def run(self, *, check_mode: bool) -> Json:
        """Requests in force are cancelled; servers that are already closing go on closing."""
        if not check_mode:
            self.keeper.keep()
        asked, closing = self._standing()
        before = len(asked)
        for _attempt in range(_ATTEMPTS):
            if check_mode or not asked:
                break
            in_parallel(self._cancel, asked)
            asked, closing = self._standing()
        if asked and not check_mode:
            names = ", ".join(server.name for server in asked[:5])
            raise ApiFailure(f"{len(asked)} drain requests could not be taken back ({names}): run again", 409)
        if before and not check_mode:
            self.keeper.journal("drain", cancelled=before, closing=closing)
        return {
            "changed": before > 0,
            "cancelled": before,
            "closing": closing,
            "diff": {"before": {"drain_requests": before}, "after": {"drain_requests": 0}},
            "round": {"finished": True, "progress": "", "retry_after_seconds": 0.0},
        }

    def _standing(self) -> tuple[list[Server], int]:
        """The servers with a request to take back, and the number of those that are already closing."""
        asked, closing = [], 0
        for event in self.feed.relist():
            for server in [read_server(item) for item in event.items] if isinstance(event, Listed) else []:
                request = read_request(server.annotations, self.domain)
                if request is None or request.state != REQUESTED:
                    continue
                answer = read_acknowledgement(server.annotations)
                if server.ending or (answer and answer.run == request.run and answer.phase == CLOSING):
                    closing += 1
                else:
                    asked.append(server)
        return asked, closing

    def _cancel(self, server: Server) -> None:
        request = read_request(server.annotations, self.domain)
        if request is None:
            return
        body = request_patch(cancelled_request(request), self.domain, server.version)
        # A server whose write was not accepted is listed again, and tried again.
        try_patch(self.source, server.namespace, server.name, body)


@dataclass(frozen=True)
class Letting:
    """How unused successors are let go: `read` reads a GameServer with the game's own names; times in seconds."""

    read: Callable[[Json], Server]
    notice: float
    acknowledge: float


@dataclass
class SuccessorRelease:
    """Ask servers of the target that were allocated for a handoff to go, where no one came and no one can come."""

    source_feed: Feed
    target_feed: Feed
    target: Target
    keeper: Keeper
    clock: Clock
    domain: str
    letting: Letting

    def run(self, *, check_mode: bool) -> Json:
        """Returns how many were asked to go (in check mode at most), and how many stay."""
        known = (self.keeper.load(DRAIN_MEMORY) or {}).get("successors", {})
        found = self._look(known)
        if check_mode:
            return {"released": len(found.unused) + len(found.waiting), "kept": len(found.kept)}
        end = self.clock.monotonic() + self.letting.acknowledge
        while found.waiting and self.clock.monotonic() < end:
            self.clock.sleep(LOOK_SECONDS)
            found = self._look(known)
        self.keeper.keep()
        released = 0
        for _attempt in range(_ATTEMPTS):
            if not found.unused:
                break
            released += sum(in_parallel(lambda server: self._let_go(server, known), found.unused))
            found = self._look(known)
        kept = len(found.unused) + len(found.waiting) + len(found.kept)
        if released or kept:
            self.keeper.journal("drain", successors_released=released, successors_kept=kept)
        return {"released": released, "kept": kept}

    def _look(self, known: Mapping[str, str]) -> Successors:
        read = self.letting.read
        return sort_successors(read_all(self.source_feed, read), read_all(self.target_feed, read), self.domain, known)

    def _let_go(self, server: Server, known: Mapping[str, str]) -> bool:
        now = self.clock.now().timestamp()
        word = spare(known, server, self.domain)
        may_end.refuse(may_end.Case(may_end.ASK, *server.key, server.uid, server, word), now)
        request = release_request(server, self.domain, now, self.letting.notice)
        body = request_patch(request, self.domain, server.version)
        # Not accepted where someone has just joined.
        return try_patch(self.target, server.namespace, server.name, body)


def read_all(feed: Feed, read: Callable[[Json], Server]) -> list[Server]:
    """Every server of a slot, as it is now."""
    return [read(item) for event in feed.relist() if isinstance(event, Listed) for item in event.items]


def may_have_successors(source: Iterable[Server], keeper: Keeper, domain: str) -> bool:
    """Whether a handoff may have allocated servers of the target. If not, it is not looked at: it may be dead."""
    return names_successors(source, domain) or is_handing_over(keeper.load(DRAIN_MEMORY))


def cancel_requests(
    source: KubeApi, namespaces: Sequence[str], domain: str, keeper: Keeper, clock: Clock, *, check_mode: bool
) -> Json:
    """Take back the requests in force on a slot."""
    feed = WatchFeed(source, namespaces, 0.0, clock)
    return Cancellation(KubeSource(source), feed, keeper, domain).run(check_mode=check_mode)


def release_successors(
    source: KubeApi,
    connect_target: Callable[[], KubeApi],
    namespaces: Sequence[str],
    domain: str,
    keeper: Keeper,
    clock: Clock,
    letting: Letting,
    *,
    check_mode: bool,
) -> Json:
    """Let go of the servers that a handoff has allocated in vain. A target that cannot be used gives a `problem`."""
    source_feed = WatchFeed(source, namespaces, 0.0, clock)
    try:
        if not may_have_successors(read_all(source_feed, letting.read), keeper, domain):
            return {"released": 0, "kept": 0}
        target = connect_target()
        target_feed = WatchFeed(target, namespaces, 0.0, clock)
        release = SuccessorRelease(source_feed, target_feed, KubeTarget(target), keeper, clock, domain, letting)
        return release.run(check_mode=check_mode)
    except LeaseLost:
        raise
    except BlueGreenError as error:
        return {"released": 0, "kept": 0, "problem": error.message}
