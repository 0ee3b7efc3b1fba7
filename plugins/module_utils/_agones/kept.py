# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the collection keeps in an annotation of an object that it changed: JSON with a version. Pure."""

from __future__ import annotations

import copy
import json
from typing import Any, Callable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json, T

KEPT_VERSION = 1


def read_kept_in(
    obj: Mapping[str, Any], annotation: str, owner: str, remedy: str, read: Callable[[dict[str, Any]], T]
) -> T | None:
    """The annotation's document as `read` returns it; None without the annotation.

    Raises BlueGreenError, which names the owner and the remedy, when it cannot be read.
    """
    text = (obj["metadata"].get("annotations") or {}).get(annotation)
    if not text:
        return None
    try:
        document = json.loads(text)
        if document["v"] != KEPT_VERSION:
            raise ValueError(f"version {document['v']}")
        return read(document)
    except (KeyError, TypeError, ValueError) as error:
        raise BlueGreenError(
            f"the annotation {annotation} of {owner} cannot be read ({error}): {remedy} and remove the annotation"
        ) from error


def merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """The object as the API server has it after a merge patch."""
    result = copy.deepcopy(dict(target))
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            known = result.get(key)
            result[key] = merged(known if isinstance(known, Mapping) else {}, value)
        else:
            result[key] = value
    return result
