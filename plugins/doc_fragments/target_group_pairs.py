# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what both swap modules search for."""

from __future__ import annotations


class ModuleDocFragment:
    """Load balancers, and the pairs of target groups on them."""

    DOCUMENTATION = r"""
options:
  load_balancers:
    description:
      - Names or ARNs of the load balancers whose listeners are searched; application and network load balancers.
      - An ARN of another region is refused.
    type: list
    elements: str
    required: true
  pairs:
    description:
      - The target groups of each service, one per slot. Both must be in the same VPC and speak the same protocol.
    type: list
    elements: dict
    required: true
    suboptions:
      blue:
        description: Name or ARN of the target group of slot blue.
        type: str
        required: true
      green:
        description: Name or ARN of the target group of slot green.
        type: str
        required: true
"""
