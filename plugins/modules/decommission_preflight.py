#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason why a slot's cluster must not be removed, all at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: decommission_preflight
short_description: Find every reason not to remove a slot's cluster
version_added: 0.1.0
description:
  - Finds who uses a slot, and judges whether its cluster may be removed. All reasons against it are reported at once,
    each with what to do about it.
  - Fails while there is a reason. A failed read is a reason too; it never counts as nothing.
  - The reasons are an open run; a run record, a cluster or a target group that could not be read; a cluster whose tag
    C(eks-bluegreen/environment) does not name the environment; a listener or rule that gives the slot's target groups
    any weight; a session destination that sends the slot new sessions; sessions in the slot; a cluster that may have
    sessions and has no way in; and anything that would make EKS refuse the deletion once the cluster is empty, such
    as its EKS Capabilities.
options:
  environment_name:
    description: The environment, which the cluster's tag C(eks-bluegreen/environment) has to name.
    type: str
    required: true
  cluster_name:
    description: The name of the cluster to remove, typed by a person who means it.
    type: str
    required: true
  provisioner:
    description:
      - Who builds clusters, and so removes them. With V(external), all of this is checked too, except what
        EKS would refuse; the removal is then left to the tool that built the cluster.
    type: str
    choices: [native, external]
    default: native
  slots:
    description:
      - Both slots, each as M(gameops.eks_bluegreen.slot_info) describes it, with C(kubeconfig), which is the path of a
        kubeconfig file of its cluster or an empty text. They are the facts C(eks_bluegreen_source) and
        C(eks_bluegreen_target).
    type: list
    elements: dict
    required: true
  run:
    description: The open run, or null, as the fact C(eks_bluegreen_run).
    type: dict
  problems:
    description: What M(gameops.eks_bluegreen.slot_info) could not read, as its return value C(problems).
    type: list
    elements: dict
    required: true
  namespaces:
    description: The namespaces to look for sessions in.
    type: list
    elements: str
    required: true
  load_balancers:
    description: As for M(gameops.eks_bluegreen.slot_info).
    type: list
    elements: str
    default: []
  services:
    description: As for M(gameops.eks_bluegreen.slot_info).
    type: list
    elements: dict
    default: []
  provider:
    description:
      - Who decides on which slot a new session starts, as for M(gameops.eks_bluegreen.session_destination). Each but
        V(follows_traffic) needs the option of its name.
    type: str
    choices: [follows_traffic, document, agones_policy, http, command]
    required: true
    default: null # instead of the fragment's
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.destination
  - gameops.eks_bluegreen.sessions
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
requirements:
  - kubernetes >= 24
notes:
  - "IAM actions: C(eks:DescribeCluster), C(eks:ListCapabilities), C(eks:ListFargateProfiles), C(eks:ListNodegroups),
    C(elasticloadbalancing:DescribeListeners), C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeRules), C(elasticloadbalancing:DescribeTags),
    C(elasticloadbalancing:DescribeTargetGroupAttributes), C(elasticloadbalancing:DescribeTargetGroups),
    C(elasticloadbalancing:DescribeTargetHealth); for a document in Parameter Store C(ssm:GetParameter) and
    C(ssm:GetParametersByPath)."
  - In the slot's cluster it reads the CustomResourceDefinition C(gameservers.agones.dev), and lists GameServers, Fleets
    and pods. A cluster without that definition has no sessions; any other answer leaves them unknown.
seealso:
  - module: gameops.eks_bluegreen.upgrade_preflight
"""

EXAMPLES = r"""
- name: Find every reason not to remove green's cluster
  gameops.eks_bluegreen.decommission_preflight:
    environment_name: arena
    cluster_name: arena-green
    slots: "{{ [eks_bluegreen_source, eks_bluegreen_target] }}"
    run: "{{ eks_bluegreen_run }}"
    problems: "{{ eks_bluegreen_observed.problems }}"
    namespaces: [arena]
    load_balancers: [arena]
    services: "{{ eks_bluegreen_services }}"
    provider: document
    document:
      parameter: /arena/session-destination
    region: eu-west-1
"""

RETURN = r"""
findings:
  description: Every reason not to remove the cluster.
  returned: when the slot could be judged
  type: list
  elements: dict
  contains:
    severity:
      description: Always error.
      type: str
    check:
      description: Name of the check.
      type: str
    resource:
      description: What it is about.
      type: str
    finding:
      description: What was found.
      type: str
    remedy:
      description: What to do.
      type: str
slot:
  description: The entry of O(slots) whose cluster was named.
  returned: success
  type: dict
services:
  description: The entries of O(services) whose target group of the slot exists.
  returned: success
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import IMPORT_ERROR, connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    NAMESPACES_ARGUMENT,
    PREDICATE_ARGUMENT,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import candidate_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.judge import (
    NATIVE,
    PROVISIONERS,
    named_slot,
    refuse_removal,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.survey import (
    Readers,
    UseScope,
    look_at_use,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SWAP_CLIENT_CONFIG, SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.options import (
    FOLLOWS_TRAFFIC,
    PROVIDERS,
    provider_arguments,
    provider_needs,
    provider_of,
)

ARGUMENT_SPEC = {
    **provider_arguments(but=[FOLLOWS_TRAFFIC]),
    # No default: a destination that was forgotten would count as none.
    "provider": {"type": "str", "choices": list(PROVIDERS), "required": True},
    "environment_name": {"type": "str", "required": True},
    "cluster_name": {"type": "str", "required": True},
    "provisioner": {"type": "str", "choices": list(PROVISIONERS), "default": NATIVE},
    "slots": {"type": "list", "elements": "dict", "required": True},
    "run": {"type": "dict"},
    "problems": {"type": "list", "elements": "dict", "required": True},
    "namespaces": NAMESPACES_ARGUMENT,
    "session_predicate": PREDICATE_ARGUMENT,
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "services": {"type": "list", "elements": "dict", "default": []},
}


def run(module: Any) -> dict[str, Any]:
    """Look, judge, and fail when there is a reason to stay."""
    options = module.params
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=IMPORT_ERROR)
    slot = named_slot(options["slots"], options["cluster_name"])
    open_run = options["run"]
    use, services = look_at_use(
        _readers(module),
        UseScope(
            load_balancers=options["load_balancers"],
            services=options["services"],
            namespaces=options["namespaces"],
            predicate=read_predicate(options["session_predicate"]),
        ),
        candidate_of(slot),
        environment=options["environment_name"],
        run_id=str(open_run["run_id"]) if open_run else "",
        problems=[Finding(**problem) for problem in options["problems"]],
    )
    refuse_removal(use, options["provisioner"])
    return {"changed": False, "findings": [], "slot": slot, "services": services}


def _readers(module: Any) -> Readers:
    clients, options = Clients(module), module.params
    follows = options["provider"] == FOLLOWS_TRAFFIC
    return Readers(
        listeners=SwapApi(clients("elbv2", SWAP_CLIENT_CONFIG)),
        destination=None if follows else lambda: provider_of(options, clients, SystemClock()),
        connect=connect,
        eks=clients("eks") if options["provisioner"] == NATIVE else None,
        clock=SystemClock(),
    )


def main() -> None:
    needs = provider_needs(but=[FOLLOWS_TRAFFIC])
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=needs)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
