# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the modules of EKS resources share: their options and their one round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import (
    WantedResource,
    absent_round,
    answer,
    empty_round,
    present_round,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Result


def shared_arguments(wait_timeout: int) -> dict[str, Any]:
    """The options that the doc fragment gameops.eks_bluegreen.eks describes; `wait_timeout` in seconds."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": wait_timeout},
        "lease": LEASE_ARGUMENT,
    }


def values_of(module: Any, kind: type[Resource]) -> dict[str, Any]:
    """The options of a resource's own fields."""
    return {field.option: module.params[field.option] for field in kind.fields}


def want_of(options: Mapping[str, Any], values: Mapping[str, Any]) -> WantedResource:
    """What the options ask for; `values` are those of the resource's own fields."""
    return WantedResource(values, options["tags"], options["purge_tags"], options["wait"])


def one_round(
    module: Any,
    key: str,
    resource: Resource,
    values: Mapping[str, Any],
    present: Callable[..., Result] = present_round,
) -> dict[str, Any]:
    """One round, as the options say; the description is returned as `key`. `present` is the kind's own way, if any."""
    options, check_mode = module.params, module.check_mode
    clock, keeper, wait = SystemClock(), keeper_of(options["lease"]), options["wait"]
    if options["state"] == "present":
        want = want_of(options, values)
        return answer(key, present(resource, want, check_mode=check_mode, clock=clock, keeper=keeper))
    if options.get("delete_contents"):
        return answer(key, empty_round(resource, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait))
    return answer(key, absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait))
