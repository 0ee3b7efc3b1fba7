# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The account's quotas, and what CloudWatch says is used of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight import api
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import WantedUpgrade
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.need import first_type, market_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.quotas import (
    SERVICE_QUOTAS,
    Quota,
    vcpu_quota,
)


def needed_quotas(wanted: WantedUpgrade) -> list[Quota]:
    """Those of Service Quotas that this upgrade counts against."""
    vcpus = {vcpu_quota(first_type(group), market_of(group)) for group in wanted.nodegroups}
    return [*SERVICE_QUOTAS, *(quota for quota in vcpus if quota is not None)]


def read_limits(client: Any, wanted: WantedUpgrade, reads: Reads) -> dict[str, float]:
    """Limits by code. A runner that may not read them gets one warning, not one per quota."""
    attempts = Reads()

    def read(quota: Quota) -> float | None:
        return attempts.optional(lambda: _limit(client, quota), "quota_readable", "Service Quotas")

    needed = needed_quotas(wanted)
    limits = list(zip(needed, in_parallel(read, needed, CALLS_IN_PARALLEL), strict=True))
    if attempts.problems:
        first, others = attempts.problems[0], len(attempts.problems) - 1
        more = f" (and {others} more that could not be read)" if others else ""
        reads.problems.append(replace(first, finding=f"{first.finding}{more}"))
    return {quota.code: limit for quota, limit in limits if limit is not None}


def _limit(client: Any, quota: Quota) -> float | None:
    applied = api.get_service_quota(client, quota.service, quota.code)
    return applied if applied is not None else api.get_default_service_quota(client, quota.service, quota.code)


def read_fargate_vcpus(cloudwatch: Any, now: datetime, reads: Reads) -> float | None:
    return reads.optional(lambda: api.get_fargate_vcpus(cloudwatch, now), "quota_readable", "Fargate")
