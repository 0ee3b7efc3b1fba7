# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Kinds that AWS makes and changes at once: it describes them without the status that a round needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description


def with_status(description: Mapping[str, Any]) -> Description:
    """A description as rounds need it: what is there is ACTIVE."""
    return {**description, "status": "ACTIVE"}


def without_status(key: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """A module's answer without the status that AWS does not give."""
    found = result[key]
    return {**result, key: {name: value for name, value in found.items() if name != "status"} if found else None}
