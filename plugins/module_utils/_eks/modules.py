# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the modules of EKS resources share: their options and their one round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import PRESENT, AskedResource, MakeClient
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.resource import Resource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import (
    WantedResource,
    absent_round,
    answer,
    empty_round,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, keeper_of


def shared_arguments(wait_timeout: int) -> dict[str, Any]:
    """The options that the doc fragment gameops.eks_bluegreen.eks describes; `wait_timeout` in seconds."""
    return {
        "state": {"type": "str", "choices": [PRESENT, "absent"], "default": PRESENT},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": wait_timeout},
        "lease": LEASE_ARGUMENT,
    }


def want_of(options: Mapping[str, Any], values: Mapping[str, Any]) -> WantedResource:
    """What the options ask for; `values` are those of the resource's own fields."""
    return WantedResource(values, options["tags"], options["purge_tags"], options["wait"])


def clients_of(module: Any) -> MakeClient:
    """Makes the module's boto3 clients."""
    return lambda service: module.client(service, config=dict(CLIENT_CONFIG))


def one_round(module: Any, key: str, asked: AskedResource[Resource]) -> dict[str, Any]:
    """One round, as the options say; the description is returned as `key`."""
    options, check_mode, resource = module.params, module.check_mode, asked.resource
    clock, keeper, wait = SystemClock(), keeper_of(options["lease"]), options["wait"]
    if options["state"] == PRESENT:
        want = want_of(options, asked.values)
        return answer(key, asked.present(resource, want, check_mode=check_mode, clock=clock, keeper=keeper))
    if options.get("delete_contents"):
        return answer(key, empty_round(resource, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait))
    return answer(key, absent_round(resource, check_mode=check_mode, clock=clock, keeper=keeper, wait=wait))
