# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What AWS says is wrong with a resource. Pure, so that filters can say it as modules do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import at


def health_of(description: Mapping[str, Any] | None) -> str:
    """The health issues of a description, whatever its status; "" if there are none."""
    found = at(description or {}, "health.issues") or []
    return "; ".join(f"{one.get('code')}: {one.get('message')}" for one in found)
