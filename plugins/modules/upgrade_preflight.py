#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason not to start an upgrade, all at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_preflight
short_description: Find every reason not to start an upgrade
version_added: 0.1.0
description:
  - Judges what was observed of both slots, the release and the environment, and reads whatever else it needs for that.
    All findings are reported at once, each with what to do about it.
  - Fails if a finding is an error, and returns the findings either way.
options:
  environment_name:
    description: The environment.
    type: str
    required: true
  observed:
    description: What M(gameops.eks_bluegreen.slot_info) returned.
    type: dict
    required: true
  source:
    description: The slot that the run leaves, as the fact C(eks_bluegreen_source).
    type: dict
    required: true
  target:
    description: The slot that the run moves to, as the fact C(eks_bluegreen_target).
    type: dict
    required: true
  release:
    description:
      - The release to move to, as in its file or as P(gameops.eks_bluegreen.release#filter) reads it. The values of its
        charts are not looked at.
    type: dict
    required: true
  release_problems:
    description:
      - What P(gameops.eks_bluegreen.release#filter) found wrong with the release's file. By default the module looks at
        O(release) itself.
    type: list
    elements: dict
  source_release:
    description: The release that the source runs. Without it, the source is not compared.
    type: dict
  matrix:
    description:
      - Which Kubernetes minors each Agones minor supports. C(source) says who says so, C(rows) has a list of Kubernetes
        minors for each Agones minor.
    type: dict
    required: true
  services:
    description: As for M(gameops.eks_bluegreen.slot_info).
    type: list
    elements: dict
    default: []
  load_balancers:
    description: As for M(gameops.eks_bluegreen.slot_info).
    type: list
    elements: str
    default: []
  variables:
    description: Variables that must have a value, by name.
    type: dict
    default: {}
  queue:
    description: What kind of queue the game's matchmaking has.
    type: str
    default: none
  traffic_steps:
    description:
      - The target's share of requests in percent, step by step. With queues per slot only C([100]) is possible, since
        shares would split them.
    type: list
    elements: int
    default: []
  nodegroups:
    description:
      - The node groups of the target, each with C(name), C(instance_types), C(min_size), C(max_size), C(desired_size),
        C(capacity_type), C(ami_type), C(release_version) and C(taints) as for M(gameops.eks_bluegreen.eks_nodegroup).
    type: list
    elements: dict
    default: []
  fargate_profiles:
    description: The Fargate profiles of the target, each with C(name).
    type: list
    elements: dict
    default: []
  fargate_pods:
    description: How many pods the target runs on Fargate. By default as many as the source runs now.
    type: int
  fargate_vcpus:
    description: How many vCPUs these pods take together.
    type: float
  build_target:
    description: Whether the run builds the target. If another tool does, what EKS chooses for it is not judged.
    type: bool
    default: true
  endpoint_public_access:
    description: Whether the target's API server answers outside of the VPC.
    type: bool
    default: true
  public_access_cidrs:
    description: From which networks it answers there. By default from all.
    type: list
    elements: str
    default: []
  accepted:
    description: Names of checks whose errors count as warnings.
    type: list
    elements: str
    default: []
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(cloudwatch:GetMetricStatistics), C(ec2:DescribeInstances), C(ec2:DescribeInstanceTypeOfferings),
    C(ec2:DescribeInstanceTypes), C(ec2:DescribeNetworkInterfaces), C(ec2:DescribeRouteTables),
    C(ec2:DescribeSubnets), C(eks:DescribeAddon), C(eks:DescribeAddonVersions), C(eks:DescribeClusterVersions),
    C(eks:DescribeInsight), C(eks:DescribeNodegroup), C(eks:ListAddons), C(eks:ListClusters), C(eks:ListInsights),
    C(eks:ListNodegroups), C(elasticloadbalancing:DescribeAccountLimits), C(elasticloadbalancing:DescribeListeners),
    C(elasticloadbalancing:DescribeLoadBalancers), C(elasticloadbalancing:DescribeRules),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DescribeTargetGroupAttributes),
    C(elasticloadbalancing:DescribeTargetGroups), C(elasticloadbalancing:DescribeTargetHealth),
    C(servicequotas:GetAWSDefaultServiceQuota), C(servicequotas:GetServiceQuota)"
  - In the source cluster it lists Secrets, where Helm keeps its releases, and pods.
  - What is in use now and what the target adds both count against a quota. A quota that cannot be read, or whose use
    cannot be read, is a warning, and nothing is judged by it.
"""

EXAMPLES = r"""
- name: Find every reason not to start
  gameops.eks_bluegreen.upgrade_preflight:
    environment_name: arena
    observed: "{{ eks_bluegreen_observed }}"
    source: "{{ eks_bluegreen_source }}"
    target: "{{ eks_bluegreen_target }}"
    release:
      name: 2026-11
      kubernetes_version: "1.36"
      agones_version: 1.60.0
    matrix:
      source: https://agones.dev/site/docs/installation/
      rows:
        "1.60": ["1.34", "1.35", "1.36"]
    nodegroups:
      - name: game
        instance_types: [c7i.4xlarge]
        min_size: 12
        max_size: 60
        desired_size: 12
    fargate_profiles:
      - name: system
    public_access_cidrs: [198.51.100.0/24]
    region: eu-west-1
"""

RETURN = r"""
findings:
  description: What was found, errors first.
  returned: always
  type: list
  elements: dict
  contains:
    severity:
      description: error or warning.
      type: str
    check:
      description: Name of the check, for O(accepted).
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
quotas:
  description: Each quota that the upgrade counts against, of those whose use could be read.
  returned: always
  type: list
  elements: dict
  contains:
    quota:
      description: Name of the quota.
      type: str
    service:
      description: Its service in Service Quotas.
      type: str
    code:
      description: Its code there; for load balancing its name in the answer of C(DescribeAccountLimits).
      type: str
    resource:
      description: What counts against it.
      type: str
    limit:
      description: The quota, or null where it could not be read.
      type: float
    in_use:
      description: What is in use now.
      type: float
    adds:
      description: What the target adds, with its node groups as large as expected.
      type: float
    most:
      description: What the target adds with all node groups at C(max_size).
      type: float
source_conformant:
  description: Whether the source was compared with its release, and nothing differed.
  returned: always
  type: bool
"""

from dataclasses import asdict
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.archive import check_sources
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import Finding, Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.capacity import (
    shown_quotas,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.facts import (
    Fargate,
    Matrix,
    WantedUpgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.judge import (
    is_conformant,
    judge_upgrade,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.read_cluster import (
    LiveCluster,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._preflight.survey import (
    Scope,
    SurveySources,
    survey,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import ReleaseProblem, read_release

ARGUMENT_SPEC = {
    "environment_name": {"type": "str", "required": True},
    "observed": {"type": "dict", "required": True},
    "source": {"type": "dict", "required": True},
    "target": {"type": "dict", "required": True},
    "release": {"type": "dict", "required": True},
    "release_problems": {"type": "list", "elements": "dict"},
    "source_release": {"type": "dict"},
    "matrix": {"type": "dict", "required": True},
    "services": {"type": "list", "elements": "dict", "default": []},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "variables": {"type": "dict", "default": {}},
    "queue": {"type": "str", "default": "none"},
    "traffic_steps": {"type": "list", "elements": "int", "default": []},
    "nodegroups": {"type": "list", "elements": "dict", "default": []},
    "fargate_profiles": {"type": "list", "elements": "dict", "default": []},
    "fargate_pods": {"type": "int"},
    "fargate_vcpus": {"type": "float"},
    "build_target": {"type": "bool", "default": True},
    "endpoint_public_access": {"type": "bool", "default": True},
    "public_access_cidrs": {"type": "list", "elements": "str", "default": []},
    "accepted": {"type": "list", "elements": "str", "default": []},
}


def run(module: Any) -> dict[str, Any]:
    """Read, judge, and fail when there is an error."""
    options = module.params
    observed = options["observed"]
    reads = Reads()
    reads.problems += [Finding(**problem) for problem in observed.get("problems", [])]
    wanted = _wanted(options)
    for chart in wanted.release.charts:
        if chart.is_complete:
            reads.attempt(partial(check_sources, [chart]), None, "charts", "the release's charts")
    scope = Scope(
        source=options["source"],
        target=options["target"],
        is_resumed=bool(observed["direction"]["resume"]),
        network=observed["network"],
        load_balancers=options["load_balancers"],
    )
    world = survey(_sources(module), scope, wanted, reads)
    findings = judge_upgrade(wanted, world, reads.problems, options["accepted"])
    result = {
        "findings": [asdict(one) for one in findings],
        "quotas": shown_quotas(wanted, world),
        "source_conformant": is_conformant(findings),
    }
    for one in findings:
        if one.severity == "warning":
            module.warn(str(one))
    errors = [f"- {one} [{one.check}]" for one in findings if one.severity == "error"]
    if errors:
        count = "1 reason" if len(errors) == 1 else f"{len(errors)} reasons"
        raise BlueGreenError("\n".join([f"{count} not to start:", *errors]), **result)
    return {"changed": False, **result}


def _wanted(options: dict[str, Any]) -> WantedUpgrade:
    pods, vcpus = options["fargate_pods"], options["fargate_vcpus"]
    release, problems = read_release(options["release"])
    if options["release_problems"] is not None:
        problems = [ReleaseProblem(**problem) for problem in options["release_problems"]]
    source = options["source_release"]
    return WantedUpgrade(
        environment=options["environment_name"],
        release=release,
        release_problems=problems,
        # What is wrong with the file of a release that runs already is no reason not to leave it.
        source_release=None if source is None else read_release(source)[0],
        matrix=Matrix(str(options["matrix"]["source"]), options["matrix"]["rows"]),
        variables=options["variables"],
        queue=options["queue"],
        services=options["services"],
        traffic_steps=options["traffic_steps"],
        nodegroups=options["nodegroups"],
        fargate_profiles=options["fargate_profiles"],
        fargate=None if pods is None else Fargate(pods, vcpus),
        is_built=options["build_target"],
        is_public=options["endpoint_public_access"],
        public_cidrs=options["public_access_cidrs"],
    )


def _sources(module: Any) -> SurveySources:
    clients = Clients(module)
    elbv2 = clients("elbv2")
    kubeconfig = module.params["source"].get("kubeconfig")
    return SurveySources(
        eks=clients("eks"),
        ec2=clients("ec2"),
        elbv2=elbv2,
        quotas=clients("service-quotas"),
        cloudwatch=clients("cloudwatch"),
        balancers=SwapApi(elbv2),
        cluster=(lambda: LiveCluster(connect(kubeconfig), SystemClock())) if kubeconfig else None,
        clock=SystemClock(),
    )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_together=[("fargate_pods", "fargate_vcpus")],
    )
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
