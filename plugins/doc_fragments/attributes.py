# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules have in common, for the section Attributes of their pages."""

from __future__ import annotations


class ModuleDocFragment:
    """Check mode, diff mode, idempotence; C(info_module) for modules that only read; C(rounds) for long work."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted state without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, in C(diff).
    support: full
  idempotent:
    description: When run twice in a row with the same arguments, the second time changes nothing.
    support: full
"""

    INFO_MODULE = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted state without changing anything.
    support: full
    details: This module changes nothing.
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, in C(diff).
    support: N/A
    details: This module changes nothing.
  idempotent:
    description: When run twice in a row with the same arguments, the second time changes nothing.
    support: full
    details: This module changes nothing.
"""

    ROUNDS = r"""
attributes:
  action:
    description: Has an action plugin of the same name, so some of its work is done on the control node.
    support: full
    details: The action plugin repeats the module in rounds, shows progress and keeps the deadline.
  async:
    description: Supports the C(async) keyword.
    support: none
    details: The task shows its own progress; C(async), C(become) and connections other than local are refused.
"""
