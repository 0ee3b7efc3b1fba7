# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The routing providers by name: the options with which a module names one, and the provider that they name."""

from __future__ import annotations

from typing import Any, Collection, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.agones_policy import AgonesPolicyProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.command import CommandProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import DocumentProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.follows_traffic import (
    FollowsTrafficProvider,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.http_endpoint import HttpProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    ClientMaker,
    NamedProvider,
    Provider,
)

FOLLOWS_TRAFFIC = "follows_traffic"
# A provider is chosen here and nowhere else; docs/routing-providers.md says how to add one.
PROVIDERS: dict[str, type[NamedProvider]] = {
    FOLLOWS_TRAFFIC: FollowsTrafficProvider,
    "document": DocumentProvider,
    "agones_policy": AgonesPolicyProvider,
    "http": HttpProvider,
    "command": CommandProvider,
}


def provider_arguments(*, but: Collection[str] = ()) -> dict[str, Any]:
    """The options of a module that take a provider; `but` names those that the module finds without an option."""
    named = {name: dict(kind.ARGUMENTS) for name, kind in PROVIDERS.items() if name not in but}
    return {"provider": {"type": "str", "choices": list(PROVIDERS), "default": FOLLOWS_TRAFFIC}, **named}


def provider_needs(*, but: Collection[str] = ()) -> list[tuple[str, str, list[str]]]:
    """For `required_if`: each provider needs the option of its name."""
    return [("provider", name, [name]) for name in PROVIDERS if name not in but]


def provider_of(options: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> Provider:
    """The provider that the options name."""
    name = options["provider"]
    return PROVIDERS[name].of(options[name], clients, clock)
