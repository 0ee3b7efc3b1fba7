# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The action plugin of every module that works in rounds and asks for nothing more.

plugins/action has a link to this file by each such module's name.
"""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import RoundsAction


class ActionModule(RoundsAction):
    """Repeats the module of the same name until a round is the last one."""
