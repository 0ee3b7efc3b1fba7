# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the parts of a drain share. Pure.

`sight` folds into it what is seen, `seats` tells how many sessions more may leave, `plan` decides who is asked and what
else is done, `tell` puts it into states, numbers and words. Everything that must outlive the runner is in the memory; a
request that reached a server is also in its annotation, from where it is adopted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import Key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.ledger import TargetView
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies


@dataclass
class DrainState:
    """One drain as one runner knows it.

    `reserve` holds seats per Fleet that are kept for players who arrive by themselves. `acting` are the servers with an
    action that was planned and of which nothing has been noted yet.
    """

    policies: Policies
    memory: Memory
    reserve: Mapping[Key, int] = field(default_factory=dict)
    target: TargetView = field(default_factory=TargetView)
    acting: set[str] = field(default_factory=set)
