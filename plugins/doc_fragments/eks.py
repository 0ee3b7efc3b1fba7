# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that the modules of EKS resources share."""

from __future__ import annotations


class ModuleDocFragment:
    """State, tags and waiting. The default of C(wait_timeout) differs: each module documents its own."""

    DOCUMENTATION = r"""
options:
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: Tags to set. Without this option no tag is touched.
    type: dict
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. AWS's own, C(aws:*), always stay.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until AWS is done.
      - V(false) makes the call and returns what AWS answers, with a status that says that the change is under way even
        if AWS still shows the old status. If the changes take several calls, one after the other, only the first is
        made.
      - Even then, while AWS is busy with another change or with a deletion, the module waits until it can make the
        call.
    type: bool
    default: true
"""
