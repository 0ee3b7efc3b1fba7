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
  - Judges the observation of both slots, the release and the environment, and reads what else is needed for that.
    All findings are told at once, each with what to do about it.
  - Fails when a finding is an error; returns the findings in any case.
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
    description: The release to move to, as its file has it; of its charts, name, version, namespace and chart.
    type: dict
    required: true
  source_release:
    description: The release that the source runs. Without it, the source is not compared.
    type: dict
  matrix:
    description:
      - Which Kubernetes minors each Agones minor supports. C(source) says who says so, C(rows) has lists of minors by
        minor of Agones.
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
  - "Actions of IAM that are needed: C(eks:Describe*), C(eks:List*), C(ec2:DescribeSubnets), C(ec2:DescribeRouteTables),
    C(elasticloadbalancing:Describe*); in the source cluster, to list Secrets, where Helm keeps its releases."
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
source_conformant:
  description: Whether the source was compared with its release, and nothing differed.
  returned: always
  type: bool
"""

from dataclasses import asdict
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.api import HelmReleases
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.archive import check_sources
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import chart_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.clients import Clients
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.direction import Finding
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.observe import Reads
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.preflight import (
    Matrix,
    Wanted,
    is_conformant,
    judge,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.survey import Scope, Sources, survey

ARGUMENT_SPEC = {
    "environment_name": {"type": "str", "required": True},
    "observed": {"type": "dict", "required": True},
    "source": {"type": "dict", "required": True},
    "target": {"type": "dict", "required": True},
    "release": {"type": "dict", "required": True},
    "source_release": {"type": "dict"},
    "matrix": {"type": "dict", "required": True},
    "services": {"type": "list", "elements": "dict", "default": []},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "variables": {"type": "dict", "default": {}},
    "queue": {"type": "str", "default": "none"},
    "accepted": {"type": "list", "elements": "str", "default": []},
}


def run(module: Any) -> dict[str, Any]:
    """Read, judge, and fail when there is an error."""
    options = module.params
    observed = options["observed"]
    reads = Reads()
    reads.problems += [Finding(**problem) for problem in observed.get("problems", [])]
    for chart in options["release"].get("charts") or []:
        reads.attempt(partial(check_sources, [chart_of(chart)]), None, "charts", "the release's charts")
    scope = Scope(
        source=options["source"],
        target=options["target"],
        is_resumed=bool(observed["direction"]["resume"]),
        network=observed["network"],
        load_balancers=options["load_balancers"],
    )
    world = survey(_sources(module), scope, reads)
    wanted = Wanted(
        environment=options["environment_name"],
        release=options["release"],
        source_release=options["source_release"],
        matrix=Matrix(str(options["matrix"]["source"]), options["matrix"]["rows"]),
        variables=options["variables"],
        queue=options["queue"],
        services=options["services"],
    )
    findings = judge(wanted, world, reads.problems, options["accepted"])
    result = {"findings": [asdict(one) for one in findings], "source_conformant": is_conformant(findings)}
    for one in findings:
        if one.severity == "warning":
            module.warn(str(one))
    errors = [f"- {one} [{one.check}]" for one in findings if one.severity == "error"]
    if errors:
        count = "1 reason" if len(errors) == 1 else f"{len(errors)} reasons"
        raise BlueGreenError("\n".join([f"{count} not to start:", *errors]), **result)
    return {"changed": False, **result}


def _sources(module: Any) -> Sources:
    clients = Clients(module)
    elbv2 = clients("elbv2")
    kubeconfig = module.params["source"].get("kubeconfig")
    return Sources(
        eks=clients("eks"),
        ec2=clients("ec2"),
        elbv2=elbv2,
        balancers=SwapApi(elbv2),
        releases=(lambda: HelmReleases(connect(kubeconfig), SystemClock())) if kubeconfig else None,
    )


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
