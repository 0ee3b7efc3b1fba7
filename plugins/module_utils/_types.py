# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The shapes of data that pass through the whole library."""

from __future__ import annotations

from typing import Any, Mapping, TypeVar

T = TypeVar("T")

# A JSON object: one of Kubernetes, or a document of ours.
Json = dict[str, Any]
# The same, when it is only read.
Data = Mapping[str, Any]
# A resource as AWS describes it.
Description = dict[str, Any]
# What a module returns.
Result = dict[str, Any]
