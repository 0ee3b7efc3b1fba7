# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook of a run says when it has failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: failure_text
short_description: What failed in a run, how things stand, and what to do
version_added: 0.1.0
description:
  - Builds the last message of a playbook that failed. After the reason it says whether a run was opened, whether
    everything was taken back, or in which phase the run was left and what can be done from there.
positional: task
options:
  _input:
    description: Why the task failed, as P(gameops.eks_bluegreen.failure#filter) says it.
    type: str
    required: true
  task:
    description: The name of the task that failed.
    type: str
    required: true
  run:
    description: The run that is open, as role P(gameops.eks_bluegreen.slots#role) gives it; null or empty without one.
    type: dict
  run_is_known:
    description:
      - Whether it is known that there is no other run than O(run). It is not known before both slots have been
        observed.
    type: bool
    default: true
  taken_back_to:
    description: The slot to which everything was taken back; empty if nothing was.
    type: str
    default: ""
  ways_out:
    description: What can be done about an open run, besides going on with it. Empty for the usual ways.
    type: str
    default: ""
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Say what failed and how things stand
  ansible.builtin.fail:
    msg: >-
      {{ ansible_failed_result | gameops.eks_bluegreen.failure
         | gameops.eks_bluegreen.failure_text(ansible_failed_task.name, run=eks_bluegreen_run) }}
"""

RETURN = r"""
_value:
  description: The message, on one line.
  type: str
  sample: >-
    Wait for targets: no targets are healthy [phase cutover; see how things stand with the playbook status, go on with
    the same command, go back with the playbook rollback, end the run with the playbook abandon]
"""

from collections.abc import Callable, Mapping
from typing import Any

WAYS_OUT = "go back with the playbook rollback, end the run with the playbook abandon"

Run = Mapping[str, Any]


def failure_text(
    why: str,
    task: str,
    *,
    run: Run | None = None,
    run_is_known: bool = True,
    taken_back_to: str = "",
    ways_out: str = "",
) -> str:
    """What failed and why, and in brackets how things stand."""
    return f"{task}: {why} [{_standing(run, run_is_known, taken_back_to, ways_out or WAYS_OUT)}]"


def _standing(run: Run | None, run_is_known: bool, taken_back_to: str, ways_out: str) -> str:
    # A rollback would reopen the run before this one, which no one wants here.
    if run_is_known and not run:
        return "no run was opened and nothing has changed: correct this and start the same command again"
    if taken_back_to:
        return (
            f"everything was taken back to {taken_back_to} and the run is closed: correct the cause, "
            "then start the upgrade again"
        )
    phase = (run or {}).get("phase") or "before provision"
    return f"phase {phase}; see how things stand with the playbook status, go on with the same command, {ways_out}"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"failure_text": failure_text}
