# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Every reason not to start an upgrade: judged from facts, without any I/O.

Each check looks at one thing and yields findings; all checks run, so that all findings are reported at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight import (
    balancing,
    capacity,
    defaults,
    insights,
    network,
    release,
    slots,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import Check, Facts, WantedUpgrade

_CHECKS: tuple[Check, ...] = (
    release.check_variables,
    release.check_nodegroups,
    release.check_fargate_profiles,
    release.check_release,
    release.check_image,
    release.check_matrix,
    release.check_offer,
    release.check_addons,
    network.check_subnets,
    network.check_node_subnets,
    network.check_control_plane_addresses,
    network.check_node_addresses,
    network.check_fargate_addresses,
    balancing.check_owners,
    balancing.check_stickiness,
    balancing.check_partners,
    balancing.check_pairs,
    capacity.check_instance_types,
    capacity.check_sizes,
    capacity.check_quotas,
    slots.check_source_cluster,
    slots.check_target,
    slots.check_conformance,
    insights.check_insights,
    defaults.check_api,
    defaults.check_dns,
)


def judge_upgrade(
    wanted: WantedUpgrade, world: Facts, known: Sequence[Finding], accepted: Sequence[str]
) -> list[Finding]:
    """All findings, errors first; those that the user accepts become warnings."""
    found = [*known, *(finding for check in _CHECKS for finding in check(wanted, world))]
    judged = [replace(one, severity="warning") if one.check in accepted else one for one in found]
    return sorted(dict.fromkeys(judged), key=lambda one: one.severity != "error")


def is_conformant(findings: Sequence[Finding]) -> bool:
    """Whether the source was compared with its release, and nothing differed."""
    return not any(one.check in ("source_conformant", "source_release", "source_reachable") for one in findings)
