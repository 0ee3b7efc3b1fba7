# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A module's options that name a routing provider, and the provider that they name."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import IMPORT_ERROR, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import PAIRS_ARGUMENTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import read_weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.agones_policy import AgonesPolicyProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.command import CommandProvider, Subprocess
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.config_map import ConfigMapStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
    DocumentStore,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.follows_traffic import (
    FollowsTrafficProvider,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.http_endpoint import (
    HttpProvider,
    UrlSender,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.kubernetes import Kube
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.parameter_store import ParameterStore
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    NO_QUEUE,
    PER_SLOT,
    SHARED,
    Provider,
)

FOLLOWS_TRAFFIC = "follows_traffic"
PROVIDERS = (FOLLOWS_TRAFFIC, "document", "agones_policy", "http", "command")
DEFAULT_TIMEOUT_SECONDS = 10.0

_CLUSTER = {"kubeconfig": {"type": "path", "required": True}, "namespace": {"type": "str", "required": True}}
_DOCUMENT = {
    "parameter": {"type": "str"},
    "config_map": {"type": "dict", "options": {**_CLUSTER, "name": {"type": "str", "required": True}}},
    "clusters": {"type": "dict", "default": {}},
    "reader_ttl_seconds": {"type": "float", "default": 15.0},
    "queue": {"type": "str", "choices": [NO_QUEUE, SHARED, PER_SLOT], "default": NO_QUEUE},
    "endpoint_ttl_seconds": {"type": "float", "default": 0.0},
}
_AGONES_POLICY = {
    **_CLUSTER,
    "policies": {"type": "dict", "required": True},
    "endpoint_ttl_seconds": {"type": "float", "default": 0.0},
}
_HTTP = {
    "url": {"type": "str", "required": True},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "ca_path": {"type": "path"},
    "timeout_seconds": {"type": "float", "default": DEFAULT_TIMEOUT_SECONDS},
}
_COMMAND = {
    "argv": {"type": "list", "elements": "str", "required": True},
    "timeout_seconds": {"type": "float", "default": DEFAULT_TIMEOUT_SECONDS},
}

# Described by the doc fragment gameops.eks_bluegreen.destination.
PROVIDER_ARGUMENTS: dict[str, Any] = {
    "provider": {"type": "str", "choices": list(PROVIDERS), "default": FOLLOWS_TRAFFIC},
    "document": {
        "type": "dict",
        "options": _DOCUMENT,
        "mutually_exclusive": [("parameter", "config_map")],
        "required_one_of": [("parameter", "config_map")],
    },
    "agones_policy": {"type": "dict", "options": _AGONES_POLICY},
    "http": {"type": "dict", "options": _HTTP},
    "command": {"type": "dict", "options": _COMMAND},
}
# Each provider but follows_traffic needs the option of its name.
PROVIDER_NEEDS = [("provider", name, [name]) for name in PROVIDERS if name != FOLLOWS_TRAFFIC]
TRAFFIC_ARGUMENT: dict[str, Any] = {"type": "dict", "options": PAIRS_ARGUMENTS}

ClientMaker = Callable[[str], Any]


def provider_of(options: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> Provider:
    """The provider that the options name. `clients` makes a boto3 client by the name of a service."""
    name = options["provider"]
    given = options[name]
    if name == "document":
        return _document(given, clients, clock)
    if name == "agones_policy":
        cluster = _cluster(given["kubeconfig"])
        return AgonesPolicyProvider(cluster, given["namespace"], given["policies"], given["endpoint_ttl_seconds"])
    if name == "http":
        headers = {str(key): str(value) for key, value in given["headers"].items()}
        return HttpProvider(given["url"], UrlSender(headers, given["timeout_seconds"], given["ca_path"]), clock)
    if name == "command":
        return CommandProvider(given["argv"], Subprocess(given["timeout_seconds"]))
    return _traffic(given, clients)


def _document(given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> DocumentProvider:
    config_map = given["config_map"]
    store: DocumentStore
    if config_map:
        store = ConfigMapStore(_cluster(config_map["kubeconfig"]), config_map["namespace"], config_map["name"])
    else:
        store = ParameterStore(clients("ssm"), given["parameter"], clock)
    named = ("clusters", "reader_ttl_seconds", "queue", "endpoint_ttl_seconds")
    return DocumentProvider(store, DocumentSettings(**{name: given[name] for name in named}))


def _traffic(given: Mapping[str, Any], clients: ClientMaker) -> FollowsTrafficProvider:
    api = SwapApi(clients("elbv2"))
    pairs = [(pair["blue"], pair["green"]) for pair in given["pairs"]]
    return FollowsTrafficProvider(lambda: read_weights(api, given["load_balancers"], pairs))


def _cluster(kubeconfig: str) -> Kube:
    if IMPORT_ERROR:
        raise BlueGreenError(missing_required_lib("kubernetes"))
    return connect(kubeconfig)
