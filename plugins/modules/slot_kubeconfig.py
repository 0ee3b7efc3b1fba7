# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_kubeconfig
short_description: Write kubeconfigs without secrets for EKS clusters
version_added: 0.1.0
description:
  - Writes a kubeconfig for each cluster that has an endpoint, with mode 0600, into the temporary folder of the running
    C(ansible-playbook), which is removed with it.
  - The kubeconfigs hold no token. They name a small program of this collection, run by the Python of
    C(ansible-playbook), that signs a token whenever a client needs one, with the AWS credentials of its environment. So
    there is no token in task arguments, output or logs, and none expires in the middle of a task.
options:
  clusters:
    description:
      - By slot, a dictionary with C(cluster_name), C(endpoint) and C(certificate_authority), as
        M(gameops.eks_bluegreen.slot_info) returns them.
    type: dict
    required: true
  region:
    description: The clusters' AWS region.
    type: str
    required: true
  profile:
    description: The AWS profile whose identity the clusters know. By default, that of the environment.
    type: str
    default: ""
  role_arn:
    description: A role to assume for the token. By default, none.
    type: str
    default: ""
notes:
  - "IAM actions: C(sts:AssumeRole), by the program that signs tokens, where O(role_arn) is given."
attributes:
  action:
    description: Has an action plugin of the same name, so some of its work is done on the control node.
    support: full
    details: All of it is done there.
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
seealso:
  - module: gameops.eks_bluegreen.slot_info
"""

EXAMPLES = r"""
- name: Write kubeconfigs for the slots' clusters
  gameops.eks_bluegreen.slot_kubeconfig:
    clusters: "{{ seen.slots }}"
    region: eu-west-1
  register: kubeconfigs

- name: List the Fleets of green
  kubernetes.core.k8s_info:
    api_version: agones.dev/v1
    kind: Fleet
    kubeconfig: "{{ kubeconfigs.paths.green }}"
"""

RETURN = r"""
paths:
  description: By slot, the path of its kubeconfig; empty where there is no cluster yet.
  returned: success
  type: dict
  sample:
    blue: /home/sre/.ansible/tmp/ansible-local-4711abcdef/kubeconfigs/arena/blue.kubeconfig
    green: ""
"""
