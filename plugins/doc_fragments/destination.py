# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name a routing provider."""

from __future__ import annotations


class ModuleDocFragment:
    """Which provider decides where a new session starts, and where it is found."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - What decides on which slot a new session starts. Each provider needs the option of its name.
      - V(follows_traffic) means that each slot's matchmaker allocates on its own cluster, so that the load balancers'
        weights decide.
      - V(document) is a document that matchmakers read and acknowledge.
      - V(agones_policy) is the weights of GameServerAllocationPolicies.
      - V(http) is the game's own endpoint, V(command) a program of yours.
    type: str
    choices: [follows_traffic, document, agones_policy, http, command]
    default: follows_traffic
  document:
    description: The session destination document. Either O(document.parameter) or O(document.config_map).
    type: dict
    suboptions:
      parameter:
        description: Name of the SSM parameter that holds the document. It begins with a slash.
        type: str
      config_map:
        description:
          - The ConfigMap that holds the document in its key C(destination). Its cluster should outlive both slots.
        type: dict
        suboptions:
          kubeconfig:
            description: Path of a kubeconfig file of the cluster.
            type: path
            required: true
          namespace:
            description: Namespace of the ConfigMap, and of those of its readers.
            type: str
            required: true
          name:
            description: Name of the ConfigMap.
            type: str
            required: true
      clusters:
        description: Cluster names by slot, written with the weights. Slots that are not given keep theirs.
        type: dict
        default: {}
      reader_ttl_seconds:
        description:
          - A reader that has written nothing back for this many seconds counts as gone and is not waited for. The clock
            is that of AWS or of the API server.
          - Choose at least three times the readers' heartbeat. A reader must stop sending players anywhere once it has
            been unable to read the document for this long.
        type: float
        default: 15
      queue:
        description: The kind of queue that the readers have and report on when they write back.
        type: str
        choices: [none, shared, per_slot]
        default: none
      endpoint_ttl_seconds:
        description: How many seconds a result that a matchmaker handed out may still be used.
        type: float
        default: 0
  agones_policy:
    description: One GameServerAllocationPolicy for each slot, all with the same priority.
    type: dict
    suboptions:
      kubeconfig:
        description: Path of a kubeconfig file of the cluster that allocates.
        type: path
        required: true
      namespace:
        description: Namespace of the policies.
        type: str
        required: true
      policies:
        description: Name of the policy by slot.
        type: dict
        required: true
      endpoint_ttl_seconds:
        description: How many seconds an allocation's address may still be handed out.
        type: float
        default: 0
  http:
    description: An endpoint that keeps the contract of docs/routing-providers.md.
    type: dict
    suboptions:
      url:
        description: URL at which the destination is read (GET) and set (PUT).
        type: str
        required: true
      headers:
        description: Headers of each request, for example C(Authorization). Never shown.
        type: dict
        default: {}
      ca_path:
        description: File of the certificates to trust; by default those of the system.
        type: path
      timeout_seconds:
        description: How many seconds to wait for an answer.
        type: float
        default: 10
  command:
    description: A program that keeps the contract of docs/routing-providers.md.
    type: dict
    suboptions:
      argv:
        description:
          - Path of the program, and its first arguments; the verb is added as the last one.
          - Pass secrets in the environment or a file, not here.
        type: list
        elements: str
        required: true
      timeout_seconds:
        description: A program that still runs after this many seconds is ended, and the task fails.
        type: float
        default: 10
requirements:
  - kubernetes >= 24, for V(agones_policy) and for a document in a ConfigMap
"""
