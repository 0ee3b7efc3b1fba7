# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The one exception that library code raises for the user, and that every main() catches."""

from __future__ import annotations

from typing import Any


class BlueGreenError(Exception):
    """Something is wrong: what, where, and what to do about it.

    The module that fails returns `details` along with the message, for example the last
    thing seen before a timeout.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
