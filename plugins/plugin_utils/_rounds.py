# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Long work in rounds: the module does one slice, the action plugin loops, waits and shows progress.

A module that works in rounds returns, besides its documented values, C(round):
C({finished: bool, progress: str, retry_after_seconds: float, timeout_seconds: float}). The last is how long all rounds
together may take, from the start of the first: the module's option wait_timeout. It may add C(failed_before): the
failure that it found when it began and tries to recover from. From the second round on that is the task's own failure.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock, SystemClock

HUMAN_CALLBACKS = frozenset(
    {
        "default",
        "ansible.builtin.default",
        "ansible.posix.debug",
        "ansible.posix.profile_tasks",
        "community.general.yaml",
        "minimal",
        "ansible.builtin.minimal",
    }
)
QUIET_SECONDS = 60.0

Result = dict[str, Any]


def merge_rounds(first: Result | None, last: Result) -> Result:
    """Results of two rounds as one: `changed` if either did, the diffs of both, and the last of everything else."""
    if first is None:
        return dict(last)
    merged = dict(last)
    merged["changed"] = bool(first.get("changed")) or bool(last.get("changed"))
    if first.get("diff"):
        merged["diff"] = _merged_diff(first, last)
    return merged


def _merged_diff(first: Result, last: Result) -> Any:
    """The first `before` and the last `after` of what is described as a whole; of texts, those of rounds that changed.

    A text lists only what its round has changed, so that one's `before` and another's `after` do not belong together.
    """
    before, after = first["diff"], last.get("diff")
    if not after:
        return before
    if _is_whole(before) and _is_whole(after):
        return {**after, **{key: before[key] for key in ("before", "before_header") if key in before}}
    texts = [text for result in (first, last) if result.get("changed") for text in _listed(result["diff"])]
    return texts if len(texts) > 1 else (texts or [after])[0]


def _is_whole(diff: Any) -> bool:
    return isinstance(diff, dict) and not (isinstance(diff.get("before"), str) and isinstance(diff.get("after"), str))


def _listed(diff: Any) -> list[Any]:
    return list(diff) if isinstance(diff, list) else [diff]


def seconds_of(options: Mapping[str, Any], name: str, default: float) -> float:
    """A time among a task's options; the default only if it is not given. Raises AnsibleActionFail."""
    given = options.get(name)
    if given is None:
        return default
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise AnsibleActionFail(f"{name} must be a number of seconds, not {given!r}")
    return seconds


def repeat_rounds(
    execute: Callable[[], Result], *, check_mode: bool, clock: Clock, show: Callable[[str], None]
) -> Result:
    """Run rounds until one is finished, fails, or the seconds that the module gives them have passed.

    `show` gets each progress text when it changes and at least once a minute. A timeout fails with
    the last round's values. Check mode runs one round.
    """
    started = clock.monotonic()
    merged: Result | None = None
    said, said_at = "", started
    while True:
        is_first, began = merged is None, clock.monotonic()
        merged = merge_rounds(merged, execute())
        state = merged.pop("round", None) or {"finished": True}
        if merged.get("failed") or check_mode or state.get("finished"):
            return merged
        if state.get("failed_before") and not is_first:
            return {**merged, "failed": True, "msg": str(state["failed_before"])}
        now, text = clock.monotonic(), str(state.get("progress", ""))
        wait = float(state.get("retry_after_seconds", 1.0))
        # Nothing can be said before the next round is over; it takes about as long as this one.
        if text and (text != said or now - said_at + wait + (now - began) > QUIET_SECONDS):
            show(f"{text} ({now - started:.0f} s)")
            said, said_at = text, now
        timeout = float(state["timeout_seconds"])
        if now - started + wait > timeout:
            message = f"not finished within {timeout:.0f} seconds; last seen: {text or 'nothing'}"
            return {**merged, "failed": True, "msg": message}
        clock.sleep(wait)


def guard_of(parent: Callable[[], int]) -> Callable[[], None]:
    """A check that raises AnsibleActionFail once the process that began the task is gone; `parent` returns its id.

    An Ansible worker has a session of its own and outlives an ansible-playbook that is killed: without this it would
    go on working with no one watching, under a lease that it keeps.
    """
    began = parent()

    def guard() -> None:
        if parent() != began:
            raise AnsibleActionFail("ansible-playbook was killed, and its task ends with it: run the playbook again")

    return guard


class RoundsAction(ActionBase):  # type: ignore[misc]
    """Base of the action plugins that repeat the module of the same name."""

    TRANSFERS_FILES = False
    _guard: Callable[[], None]

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Result:
        super().run(tmp, task_vars)
        self._refuse_what_rounds_cannot_do()
        self._guard = guard_of(os.getppid)
        return repeat_rounds(
            lambda: self._round(task_vars),
            check_mode=bool(self._task.check_mode),
            clock=SystemClock(),
            show=self._shower(task_vars or {}),
        )

    def _round(self, task_vars: dict[str, Any] | None) -> Result:
        """Every call of the module goes through here, including those that a subclass adds."""
        self._guard()
        return dict(self._execute_module(task_vars=task_vars))

    def _refuse_what_rounds_cannot_do(self) -> None:
        name = self._task.action
        if self._task.async_val:
            raise AnsibleActionFail(f"{name} shows its own progress and keeps a lease: remove async from the task")
        if self._task.become or getattr(self._play_context, "become", False):
            raise AnsibleActionFail(f"{name} needs no other user: remove become from the task")
        if self._connection.transport != "local":
            raise AnsibleActionFail(f"{name} runs on the control node: set ansible_connection to local")

    def _shower(self, task_vars: dict[str, Any]) -> Callable[[str], None]:
        from ansible import constants

        host = task_vars.get("inventory_hostname", "localhost")
        if constants.DEFAULT_STDOUT_CALLBACK not in HUMAN_CALLBACKS:
            return lambda _text: None
        display = Display()
        return lambda text: display.display(f"  [{host}] {text}")
