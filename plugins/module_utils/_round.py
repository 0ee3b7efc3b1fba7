# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How long a module that works in rounds may be repeated. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_timeout(result: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a round with C(timeout_seconds), which its action plugin keeps; any other result as it is.

    It is the module's own option wait_timeout, so that its default is in one place.
    """
    if "round" not in result:
        return result
    return {**result, "round": {**result["round"], "timeout_seconds": options["wait_timeout"]}}
