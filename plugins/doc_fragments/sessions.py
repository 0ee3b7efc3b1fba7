# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option that says what else is a session."""

from __future__ import annotations


class ModuleDocFragment:
    """What the game itself calls a session."""

    DOCUMENTATION = r"""
options:
  session_predicate:
    description:
      - What makes a GameServer a session whatever its state, besides C(Allocated) and C(Reserved), for games whose
        players join servers that are C(Ready), or whose servers hold several matches.
      - Either of the two is enough. In the template of the Fleet the Counter is 0 and the List is empty.
      - A name that no Fleet and no GameServer has is refused, since it would never match a session.
    type: dict
    suboptions:
      counter:
        description: A Counter; above 0 it makes the GameServer a session.
        type: str
      list:
        description: A List; an entry in it makes the GameServer a session.
        type: str
"""
