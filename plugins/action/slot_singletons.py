# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeats the module slot_singletons until they are off, or on."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import RoundsAction


class ActionModule(RoundsAction):
    """Waits for pods and jobs, a round at a time."""

    default_timeout = 300.0
