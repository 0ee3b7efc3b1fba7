# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do after a failure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: next_step
short_description: How things stand after a failure, and what to do next
version_added: 0.1.0
description:
  - Says in a sentence how a run stands after a failure, and what to do next.
  - Where no run was opened, no one is sent back by a rollback, which would open the run before again.
options:
  _input:
    description:
      - The run, as fact C(eks_bluegreen_run). An empty one says that no run is open; any text, such as V(unknown), that
        this is not known.
    type: raw
    required: true
  taken_back_to:
    description: The slot that everything was taken back to; empty where it was not.
    type: str
    default: ""
  ways_out:
    description: What to do with the open run other than to go on.
    type: str
    required: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Say what to do
  ansible.builtin.debug:
    msg: >-
      {{ eks_bluegreen_run | default('unknown')
         | gameops.eks_bluegreen.next_step(ways_out='go back with the playbook rollback') }}
"""

RETURN = r"""
_value:
  description: The sentence.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def next_step(run: Mapping[str, Any] | str | None, *, ways_out: str, taken_back_to: str = "") -> str:
    """How things stand after a failure, and what to do next."""
    if not run:
        return "no run was opened and nothing has changed: correct this and start the same command again"
    if taken_back_to:
        return (
            f"everything was taken back to {taken_back_to} and the run is closed: correct the cause, then start the "
            "upgrade again"
        )
    phase = run.get("phase") if isinstance(run, Mapping) else ""
    return (
        f"phase {phase or 'before provision'}; see how things stand with the playbook status, go on with the same "
        f"command, {ways_out}"
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"next_step": next_step}
