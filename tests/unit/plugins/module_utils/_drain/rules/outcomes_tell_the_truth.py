"""What the drain tells of a session is how it ended in truth: moved, ended alone, interrupted, forced or lost.

Players who moved may be told as interrupted, where the request was for the deadline. Not judged where no runner can
tell: when one was killed, stopped or taken over, wrote slowly, or had a clock that jumped; when the server answers a
request no sooner than the notice is over, or never; and when the match ended at a moment when the server might have
closed by the request just as well.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.outcome import INTERRUPTED, MOVED

from tests.unit.plugins.module_utils._drain.histories.seen import SessionTold


def judge(seen: SessionTold) -> None:
    answers_late = seen.answers_after is None or seen.answers_after >= seen.policy.notice
    if seen.tied or answers_late or not seen.undisturbed:
        return
    told = {MOVED: {MOVED, INTERRUPTED}}.get(seen.ended, {seen.ended})
    assert seen.told in told, f"{seen.server}: {seen.ended}, told as {seen.told}"
