# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option lease."""

from __future__ import annotations


class ModuleDocFragment:
    """The right to write, which modules of a run renew while they work."""

    DOCUMENTATION = r"""
options:
  lease:
    description:
      - The lease of the run that this task belongs to. Role P(gameops.eks_bluegreen.slots#role) provides it as
        C(eks_bluegreen_lease).
      - The module checks and renews the lease once a round, before it writes, and stops when another runner has
        taken it over.
      - Without this option the module works outside of any run.
    type: dict
    suboptions:
      bucket:
        description: The environment's state bucket.
        type: str
        required: true
      key:
        description: Key of the run record in the bucket.
        type: str
        required: true
      run_id:
        description: The run.
        type: str
        required: true
      generation:
        description: The generation of the lease; a runner that takes over raises it.
        type: int
        required: true
      holder:
        description: Who holds the lease.
        type: str
        required: true
      seconds:
        description: How long the lease lasts without being renewed, in seconds.
        type: float
        required: true
      region:
        description: Region of the bucket.
        type: str
notes:
  - "IAM actions: with O(lease), C(s3:GetObject) and C(s3:PutObject) on the run record, and C(kms:Decrypt) and
    C(kms:GenerateDataKey) where the state bucket has a key of its own."
"""
