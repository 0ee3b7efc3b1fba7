# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""One synthetic session that is asked to go: what it is asked next, and what it was seen to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    ACCEPTED,
    ANY_ALLOCATION,
    AT_MATCH_END,
    CLOSING,
    DISCONNECT,
    HANDOFF,
    REFUSED,
    REQUESTED,
    Request,
    read_acknowledgement,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import ENDING, Server
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.levels import (
    EARLY_SECONDS,
    SHUTDOWN,
    SILENT,
    Conduct,
)

# The highest mode is asked for first. Only a server that refuses is asked for the last, whose end cannot be awaited.
FOLLOWING = {HANDOFF: DISCONNECT, DISCONNECT: AT_MATCH_END}
REASON = "canary"
DELETED = "deleted"


@dataclass(frozen=True)
class Times:
    """Seconds: notice, how long a server may take to answer, and to go when its notice is over."""

    notice: float = 3.0
    answer: float = 16.0
    close: float = 20.0

    def problems(self) -> list[str]:
        """Times that could not show a level."""
        wrong = []
        if self.notice < 2 * EARLY_SECONDS:
            wrong.append(
                f"notice_seconds is {self.notice:g}; below {2 * EARLY_SECONDS:g} no one can tell whether it is kept"
            )
        if self.answer < self.notice + EARLY_SECONDS:
            wrong.append(f"answer_timeout ({self.answer:g}) must be longer than notice_seconds ({self.notice:g})")
        if self.close <= 0:
            wrong.append(f"close_timeout is {self.close:g}; it must be above 0")
        return wrong

    @property
    def longest(self) -> float:
        """No trial takes longer than this, unless its server cannot be asked at all."""
        return 3 * self.answer + self.notice + self.close


@dataclass
class Trial:
    """A session of a Fleet. Times are seconds since 1970; requests are numbered from 1."""

    session: Server
    run: str
    times: Times
    successor: Mapping[str, Any] | None = None
    asked: list[Request] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)
    answered_at: float | None = None
    accepted_at: float | None = None
    closing_at: float | None = None
    ended_at: float | None = None
    ended_as: str = ""

    def next_request(self, now: float) -> Request | None:
        """What the session should be asked now; `note_asked` when it has been."""
        mode = self._next_mode(now)
        if mode is None:
            return None
        not_before = now + self.times.notice
        return Request(
            run=self.run,
            seq=len(self.asked) + 1,
            state=REQUESTED,
            mode=mode,
            allocation=self.session.allocation or ANY_ALLOCATION,
            not_before=not_before,
            deadline=not_before + self.times.close,
            spread_seconds=0.0,
            reason=REASON,
            successor=self.successor if mode == HANDOFF else None,
        )

    def _next_mode(self, now: float) -> str | None:
        if self.ended_at is not None or self.accepted_at is not None:
            return None
        if not self.asked:
            return HANDOFF if self.successor else DISCONNECT
        last = self.asked[-1]
        following = FOLLOWING.get(last.mode)
        if self.answers.get(last.seq) == REFUSED:
            return following
        return following if self._is_silent(now) and following != AT_MATCH_END else None

    def _is_silent(self, now: float) -> bool:
        last = self.asked[-1]
        return last.seq not in self.answers and now >= self.asked_at[-1] + self.times.answer

    def note_asked(self, request: Request, now: float) -> None:
        """The request has been written."""
        self.asked.append(request)
        self.asked_at.append(now)

    def see(self, server: Server, now: float) -> None:
        """The session's GameServer as it is now."""
        if self.ended_at is not None:
            return
        self._read_answer(server, now)
        if server.ending:
            self._end(server.state if server.state in ENDING else DELETED, now)

    def see_gone(self, now: float, watched: bool) -> None:
        """The GameServer is gone. One that went while no one was watching is believed to have shut down."""
        self._end(DELETED if watched else SHUTDOWN, now)

    def _read_answer(self, server: Server, now: float) -> None:
        answer = read_acknowledgement(server.annotations)
        if answer is None or answer.run != self.run or not 1 <= answer.seq <= len(self.asked):
            return
        if answer.phase not in (ACCEPTED, CLOSING, REFUSED):
            return
        self.answered_at = now if self.answered_at is None else self.answered_at
        self.answers[answer.seq] = REFUSED if answer.phase == REFUSED else ACCEPTED
        if answer.phase != REFUSED and self.accepted_at is None:
            self.accepted_at = now
        if answer.phase == CLOSING and self.closing_at is None:
            self.closing_at = now

    def _end(self, how: str, now: float) -> None:
        if self.ended_at is None:
            self.ended_at, self.ended_as = now, how

    def is_over(self, now: float) -> bool:
        """Nothing more can be learned."""
        if self.ended_at is not None:
            return True
        if not self.asked:
            return False
        last = self.asked[-1]
        if self.accepted_at is not None:
            patience = max(last.not_before, self.accepted_at) + self.times.close
            return last.mode == AT_MATCH_END or now >= patience
        has_said_all = last.seq in self.answers or self._is_silent(now)
        return has_said_all and self._next_mode(now) is None

    def seen(self) -> Conduct:
        """What it has shown."""
        start = self.asked_at[0]

        def after(moment: float | None) -> float | None:
            return None if moment is None else moment - start

        return Conduct(
            answers={one.mode: self.answers.get(one.seq, SILENT) for one in self.asked},
            notice_over=self._followed().not_before - start,
            acknowledged=after(self.answered_at),
            closing=after(self.closing_at),
            ended=after(self.ended_at),
            ended_as=self.ended_as,
            had_successor=self.successor is not None,
        )

    def _followed(self) -> Request:
        """The first request that it accepted; without an answer, the last one whose notice was over when it ended."""
        accepted = [one for one in self.asked if self.answers.get(one.seq) == ACCEPTED]
        if accepted:
            return accepted[0]
        ended = self.ended_at or 0.0
        over = [one for one in self.asked if one.not_before <= ended + EARLY_SECONDS]
        return over[-1] if over else self.asked[0]
