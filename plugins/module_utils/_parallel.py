# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Calls in parallel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable, TypeVar

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import T

R = TypeVar("R")
THREADS = 16


def in_parallel(function: Callable[[T], R], arguments: Iterable[T], threads: int = THREADS) -> list[R]:
    """The function's values, in the order of the arguments.

    The first error is raised once all calls that have begun have ended; those that have not are not made.
    """
    todo = list(arguments)
    if len(todo) < 2:
        return [function(argument) for argument in todo]
    with ThreadPoolExecutor(max_workers=min(threads, len(todo))) as pool:
        return list(pool.map(function, todo))
