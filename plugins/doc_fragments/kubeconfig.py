# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how the Agones modules find a cluster, and of what they have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """`kubeconfig` for modules of one cluster, C(slots) for modules of two, C(agones) for all of them."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file of the cluster, as role C(slots) writes one per slot.
      - Empty for a cluster that does not exist yet. Then the module calls nothing and returns predicted values.
    type: path
    required: true
"""

    SLOTS = r"""
options:
  source_kubeconfig:
    description: Path of a kubeconfig file of the slot that sessions leave.
    type: path
    required: true
  target_kubeconfig:
    description:
      - Path of a kubeconfig file of the slot that sessions move to.
      - Empty for a cluster that does not exist yet. Then nothing is compared with it or written to it, and values are
        predicted.
    type: path
    required: true
"""

    AGONES = r"""
options:
  annotation_domain:
    description: The domain of the annotations and labels that the collection sets on objects of Agones.
    type: str
    default: eks-bluegreen.gameops
requirements:
  - kubernetes >= 24
"""
