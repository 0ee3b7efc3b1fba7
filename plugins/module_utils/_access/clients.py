# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""boto3 clients for a module that talks to many services.

AnsibleAWSModule makes a session per client, and each reads botocore's data anew; one session for five
clients takes half the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import boto3
    from botocore.config import Config
except ImportError:
    # AnsibleAWSModule says what is missing.
    boto3 = None

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG


class Clients:
    """Clients with the connection options of an AnsibleAWSModule."""

    def __init__(self, module: Any) -> None:
        self._region, self._endpoint, options = get_aws_connection_info(module)
        self._session = boto3.session.Session(profile_name=options.pop("profile_name", None))
        extra = options.pop("aws_config", None) or {}
        self._extra = extra if isinstance(extra, Config) else Config(**extra)
        self._options = options

    def __call__(self, service: str, config: Mapping[str, Any] | None = None) -> Any:
        """A client of the service; the module's aws_config takes precedence over `config`."""
        return self._session.client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(**(config or CLIENT_CONFIG)).merge(self._extra),
            **self._options,
        )

    def regions(self, service: str) -> list[str]:
        """The regions in which botocore knows a service to be."""
        known: list[str] = []
        for partition in self._session.get_available_partitions():
            known += self._session.get_available_regions(service, partition_name=partition)
        return known
