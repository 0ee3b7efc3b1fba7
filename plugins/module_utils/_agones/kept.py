# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the collection keeps in an annotation of an object that it changed: JSON with a version. Pure."""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping, TypeVar

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

T = TypeVar("T")
VERSION = 1


def read_kept_in(
    obj: Mapping[str, Any], annotation: str, owner: str, remedy: str, read: Callable[[dict[str, Any]], T]
) -> T | None:
    """What `read` makes of the annotation's document; None without the annotation.

    Raises BlueGreenError, which names the owner and the remedy, when it cannot be read.
    """
    text = (obj["metadata"].get("annotations") or {}).get(annotation)
    if not text:
        return None
    try:
        document = json.loads(text)
        if document["v"] != VERSION:
            raise ValueError(f"version {document['v']}")
        return read(document)
    except (KeyError, TypeError, ValueError) as error:
        raise BlueGreenError(
            f"the annotation {annotation} of {owner} cannot be read ({error}): {remedy} and remove the annotation"
        ) from error
