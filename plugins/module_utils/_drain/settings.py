# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Which slots and game servers a drain is about, and how it reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import NO_PREDICATE, Predicate


@dataclass(frozen=True)
class Settings:
    """What a drain needs besides its policies. `reserve_seats` None: the buffers of the target's autoscalers.

    `runner` says whose rights were checked.
    """

    namespaces: Sequence[str]
    players_list: str = "players"
    players_counter: str = "players"
    reserve_seats: int | None = None
    source_slot: str = "source"
    target_slot: str = "target"
    runner: str = ""
    predicate: Predicate = NO_PREDICATE
