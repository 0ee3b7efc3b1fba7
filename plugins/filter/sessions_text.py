# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays in a slot."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sessions_text
short_description: Who plays in a slot, in a sentence
version_added: 0.1.0
description:
  - Turns what M(gameops.eks_bluegreen.agones_gameserver_info) counted in a slot, or why it could not, into one text.
  - If sessions are left on the standby slot and no run is open, it names the playbook that brings them to the slot that
    serves.
positional: slot
options:
  _input:
    description: The result of the module, even if it failed.
    type: dict
    required: true
  slot:
    description: The slot whose game servers were counted.
    type: str
    required: true
  active:
    description: The slot that serves; empty if no slot does.
    type: str
    default: ""
  run:
    description: The run that is open; null or empty without one.
    type: dict
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Say who plays on blue
  ansible.builtin.debug:
    msg: "{{ counted | gameops.eks_bluegreen.sessions_text('blue', active='green') }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
  sample: "blue: 3 sessions, 15 players; the playbook reclaim brings them to green"
"""

from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]


def sessions_text(counted: Data, slot: str, *, active: str = "", run: Data | None = None) -> str:
    """Who plays in a slot, or why that is not known; and how sessions leave a slot that no longer serves."""
    if "sessions" not in counted:
        return f"{slot}: {counted['msg']}"
    players = "unknown" if counted["players"] is None else counted["players"]
    text = f"{slot}: {counted['sessions']} sessions, {players} players"
    if counted["sessions"] and not run and active and slot != active:
        text += f"; the playbook reclaim brings them to {active}"
    return text


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"sessions_text": sessions_text}
