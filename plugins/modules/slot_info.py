#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both slots of an environment as they are, and the direction that follows."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot_info
short_description: Look at both slots of an environment and decide the direction of a run
version_added: 0.1.0
description:
  - Reads, in one go, both slots' EKS clusters and target groups, the weights of every listener default and rule that
    forwards to them, the session destination, the subnets, and the run record.
  - Says which slot is active (it has all of the traffic and the session destination) and from which slot to which a
    run moves. A run that is open has its direction in the record; otherwise the active slot is the source.
  - A part that cannot be read becomes an entry of RV(problems); only an AWS endpoint that cannot be reached at all
    fails the task.
options:
  environment_name:
    description: The environment; the run record is kept under this name.
    type: str
    required: true
  slots:
    description:
      - By slot, C(blue) and C(green), a dictionary with C(cluster_name), the name of the slot's EKS cluster, which need
        not exist yet.
    type: dict
    required: true
  services:
    description:
      - The services behind the load balancers, each a dictionary with C(name) and C(target_groups), which gives the
        name or ARN of a target group by slot. A target group need not exist yet. Not needed with O(only_clusters).
    type: list
    elements: dict
    default: []
  load_balancers:
    description: Names or ARNs of the load balancers whose listeners are read.
    type: list
    elements: str
    default: []
  public_subnets:
    description: Public subnets, by id or by their tag Name. With O(private_subnets) they are resolved to ids.
    type: list
    elements: str
    default: []
  private_subnets:
    description: Private subnets, by id or by their tag Name.
    type: list
    elements: str
    default: []
  state_bucket:
    description: The environment's state bucket. Not needed with O(only_clusters).
    type: str
    default: ""
  state_prefix:
    description: Where in the bucket the environments' records are.
    type: str
    default: eks-bluegreen
  direction:
    description:
      - V(upgrade) decides how to reach O(release), and refuses if no slot is active and no run is open.
      - V(rollback) decides the way back of the last run.
      - V(reclaim) decides from which slot to which it brings the sessions that a rollback has left behind. It refuses
        if no slot is active, or if a run is open that is not a reclaim.
      - V(status) looks and never refuses.
    type: str
    choices: [upgrade, rollback, reclaim, status]
    default: status
  release:
    description:
      - Name of the wanted release, for V(upgrade). It is a string; a number is refused, because YAML has made it from a
        name.
      - Without it, the release of the open run.
    type: raw
  releases_dir:
    description: The folder on the control node that holds the releases, one file C(<name>.yml) each.
    type: path
  phases:
    description: Refuse unless a run is open and the record says one of these phases.
    type: list
    elements: str
    choices: [provision, charts, parity, verify, cutover, bake, drain, complete]
    default: []
  only_clusters:
    description: Read the clusters only, and return RV(slots) alone.
    type: bool
    default: false
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.destination
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(eks:DescribeCluster), C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DescribeListeners),
    C(elasticloadbalancing:DescribeRules), C(elasticloadbalancing:DescribeTargetGroups), C(ec2:DescribeSubnets),
    C(s3:GetObject) on the run record with C(s3:ListBucket) on the bucket, and C(kms:Decrypt) where that has a key of
    its own; for a document in Parameter Store
    C(ssm:GetParameter) and C(ssm:GetParametersByPath)."
"""

EXAMPLES = r"""
- name: Look at both slots
  gameops.eks_bluegreen.slot_info:
    environment_name: arena
    slots: "{{ eks_bluegreen_slots }}"
    services: "{{ eks_bluegreen_services }}"
    load_balancers: [arena]
    provider: document
    document:
      parameter: /arena/session-destination
    state_bucket: arena-eks-bluegreen
    region: eu-west-1
  register: seen

- name: Show which slot serves
  ansible.builtin.debug:
    msg: "{{ seen.active or seen.standing }}"
"""

RETURN = r"""
slots:
  description:
    - By slot, its cluster (empty texts where there is none) and the ARNs of the target groups that exist. One that
      could not be read is missing there, told in RV(problems) with the check C(target_group_readable), and its service
      is named in C(unread_target_groups).
  returned: success
  type: dict
  sample:
    blue:
      slot: blue
      cluster_name: arena-blue
      exists: true
      readable: true
      status: ACTIVE
      version: "1.35"
      release: 2026-10
      endpoint: https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com
      target_group_arns: {}
      unread_target_groups: []
active:
  description:
    - The slot that has all of the traffic and the session destination; empty when no slot has, or when a part of it
      could not be read.
  returned: not only_clusters
  type: str
  sample: blue
standing:
  description: Where the traffic and the session destination are, in one sentence.
  returned: not only_clusters
  type: str
  sample: "traffic: arena HTTP:8080 default blue 100, green 0; session destination: blue 100, green 0"
forwards:
  description: Every listener default and rule that forwards to a service, with each slot's share in percent.
  returned: not only_clusters
  type: list
  elements: dict
  sample:
    - {load_balancer: arena, where: HTTP:8080 default, service: matchmaker, weights: {blue: 100.0, green: 0.0}}
destination:
  description:
    - C(where) the session destination is kept, its C(weights) (empty when it cannot be read) and C(revision), and of a
      document C(clusters); null where sessions follow the traffic.
  returned: not only_clusters
  type: dict
  sample: {where: parameter /arena/session-destination, revision: "7", weights: {blue: 100, green: 0}}
network:
  description: The VPC and the ids of the subnets.
  returned: not only_clusters
  type: dict
  sample: {vpc_id: vpc-1, public_subnet_ids: [subnet-1], private_subnet_ids: [subnet-2]}
run:
  description: The run record, or null.
  returned: not only_clusters
  type: dict
generation:
  description: The record's generation, 0 without a record.
  returned: not only_clusters
  type: int
lease:
  description: Who holds the lease, and for at least how many more seconds.
  returned: not only_clusters
  type: dict
  sample: {holder: runner-1/4711/0badcafe, seconds_left: 7.0}
problems:
  description: What could not be read or does not exist, each with severity, check, resource, finding and remedy.
  returned: not only_clusters
  type: list
  elements: dict
direction:
  description: The decision.
  returned: not only_clusters
  type: dict
  contains:
    source:
      description: The slot that a run leaves.
      type: str
    target:
      description: The slot that a run moves to.
      type: str
    release:
      description: The release of the run.
      type: str
    resume:
      description: Whether a run is open (or, for a rollback, is to be opened again).
      type: bool
    nothing_to_do:
      description: Whether the wanted state is already there and no run is open.
      type: bool
    reason:
      description: Why, in one sentence.
      type: str
release_file:
  description: The file of the release, when O(releases_dir) holds it.
  returned: not only_clusters
  type: str
summary:
  description: Everything above in a few lines for people.
  returned: not only_clusters
  type: list
  elements: str
"""

import os
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import status_lines
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.options import (
    FOLLOWS_TRAFFIC,
    provider_arguments,
    provider_needs,
    provider_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import record_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3_CONFIG, S3Store
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import DIRECTIONS, decide
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.inputs import (
    read_inputs,
    refuse_inputs,
    region_problem,
    release_problem,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.observe import (
    Observation,
    Places,
    Sources,
    observe,
    read_clusters,
)

ARGUMENT_SPEC = {
    "environment_name": {"type": "str", "required": True},
    "slots": {"type": "dict", "required": True},
    "services": {"type": "list", "elements": "dict", "default": []},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    # Where sessions follow the traffic, its weights are observed anyway.
    **provider_arguments(but=[FOLLOWS_TRAFFIC]),
    "public_subnets": {"type": "list", "elements": "str", "default": []},
    "private_subnets": {"type": "list", "elements": "str", "default": []},
    "state_bucket": {"type": "str", "default": ""},
    "state_prefix": {"type": "str", "default": "eks-bluegreen"},
    "direction": {"type": "str", "choices": list(DIRECTIONS), "default": "status"},
    "release": {"type": "raw"},
    "releases_dir": {"type": "path"},
    "phases": {"type": "list", "elements": "str", "choices": list(PHASES), "default": []},
    "only_clusters": {"type": "bool", "default": False},
}


def releases_in(folder: str | None) -> list[str]:
    """The names of the releases that a folder holds."""
    if not folder or not os.path.isdir(folder):
        return []
    return sorted(name[: -len(".yml")] for name in os.listdir(folder) if name.endswith(".yml"))


def look(module: Any) -> dict[str, Any]:
    """Check the inputs, observe, decide."""
    options = module.params
    clients = Clients(module)
    refuse_inputs([region_problem(module.region, clients.regions("eks"))])
    if options["only_clusters"]:
        names = {slot: one["cluster_name"] for slot, one in options["slots"].items()}
        return {"changed": False, "slots": read_clusters(clients("eks"), names)}
    wants_release = options["direction"] == "upgrade"
    releases = releases_in(options["releases_dir"])
    if wants_release and options["release"] is not None:
        refuse_inputs([release_problem(options["release"], releases, str(options["releases_dir"]))])
    seen = observe_environment(options, clients)
    record = seen.seen.record if seen.seen else None
    release = options["release"] or (record.release if record and record.is_open else "")
    if wants_release and not release:
        listed = ", ".join(releases) or "no release"
        refuse_inputs(
            [f"eks_bluegreen_release is not set: name a release in {options['releases_dir']}, which holds {listed}"]
        )
    decided = decide(seen.view(), options["direction"], str(release), options["phases"])
    path = os.path.join(str(options["releases_dir"]), f"{decided.release}.yml")
    return {
        "changed": False,
        **seen.as_dict(),
        "direction": decided.as_dict(),
        "release_file": path if decided.release in releases else "",
        "summary": status_lines(options["environment_name"], seen.as_dict(), decided.reason),
    }


def observe_environment(options: dict[str, Any], clients: Clients) -> Observation:
    """Make the clients and read everything."""
    inputs = read_inputs(options["slots"], options["services"], options["load_balancers"])
    refuse_inputs([None if options["state_bucket"] else "eks_bluegreen_state_bucket is not set: name the state bucket"])
    follows = options["provider"] == FOLLOWS_TRAFFIC
    with_network = bool(options["public_subnets"] or options["private_subnets"])
    sources = Sources(
        eks=clients("eks"),
        balancers=SwapApi(clients("elbv2")),
        destination=None if follows else provider_of(options, clients, SystemClock()),
        store=S3Store(clients("s3", S3_CONFIG), options["state_bucket"]),
        ec2=clients("ec2") if with_network else None,
    )
    places = Places(
        record_key=record_key(options["state_prefix"], options["environment_name"]),
        public_subnets=options["public_subnets"],
        private_subnets=options["private_subnets"],
    )
    return observe(sources, inputs, places)


def main() -> None:
    needs = provider_needs(but=[FOLLOWS_TRAFFIC])
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=needs)
    finish(module, lambda: look(module))


if __name__ == "__main__":
    main()
