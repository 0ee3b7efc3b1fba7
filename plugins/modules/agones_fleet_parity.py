#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the Fleets of two slots."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agones_fleet_parity
short_description: Compare the Fleets, autoscalers and allocation policies of two slots
version_added: 0.1.0
description:
  - Compares the specs, with the defaults of Agones filled in. Status, sizes, identities, holds of this collection and
    the marks of tools are ignored, and an image may differ in tag and digest.
  - Returns the size that each Fleet of the source needs on the target, for
    M(gameops.eks_bluegreen.agones_fleet_capacity). The size is in seats, that is, servers for one session each. It is
    the number of sessions, now or at their recent peak, whichever is larger, times O(fragmentation), plus the buffer of
    the Fleet's autoscaler, plus O(reserve_seats); and never less than what the source's Fleet has or wants now.
  - The recent peak comes from O(peak_query) or O(sizes[].peak_sessions). With neither, only the present counts.
options:
  namespaces:
    description: The namespaces that hold the Fleets.
    type: list
    elements: str
    required: true
  fragmentation:
    description:
      - How many servers the target needs for one session of the source, 1 or more.
      - 1 is right where a session is one match and stays one. Choose more where moved players fill servers less well,
        for example parties of 4 that come back to servers of 6.
    type: float
    default: 1
  reserve_seats:
    description: Extra servers for each Fleet.
    type: int
    default: 0
  peak_query:
    description:
      - A query for the recent peak of sessions, used for Fleets without O(sizes[].peak_sessions).
      - The task fails if Prometheus cannot be reached, or does not return exactly one number for each of these Fleets.
    type: dict
    suboptions:
      url:
        description:
          - URL at which the runner reaches Prometheus, or anything that speaks its HTTP API, without C(/api/v1/query).
        type: str
        required: true
      query:
        description:
          - A PromQL query that returns an instant vector with one sample for each Fleet. The label C(fleet) or
            C(fleet_name) says which Fleet, and C(namespace) its namespace where that is needed. The window is part of
            the query.
          - Prometheus looks back no further than it has been scraping, and does not say how far that is.
        type: str
        required: true
  sizes:
    description:
      - Fleets that are sized differently. What an entry leaves out is as for all Fleets.
      - A Fleet that the source does not have is refused.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Fleet.
        type: str
        required: true
      namespace:
        description: Its namespace. By default the entry is for the Fleets of this name in all of O(namespaces).
        type: str
      peak_sessions:
        description: The recent peak of its sessions, instead of the result of O(peak_query).
        type: int
      fragmentation:
        description: As O(fragmentation), for this Fleet.
        type: float
      reserve_seats:
        description: As O(reserve_seats), for this Fleet.
        type: int
  expected_differences:
    description:
      - Differences that are intended, as shell patterns for C(<Kind>/<name>:<path>), for example
        V(Fleet/arena:spec.template.metadata.labels.arena/slot).
      - The kinds are C(Fleet), C(FleetAutoscaler) and C(GameServerAllocationPolicy). An object that only one slot has
        differs at an empty path.
      - In a pattern C([) begins a set of characters; write V([[]) for a bracket of a path, or V(*).
    type: list
    elements: str
    default: []
  fail_on_unexpected:
    description: Fail when there is a difference that is not expected.
    type: bool
    default: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes.info_module
  - gameops.eks_bluegreen.kubeconfig.slots
  - gameops.eks_bluegreen.kubeconfig.agones
  - gameops.eks_bluegreen.sessions
"""

EXAMPLES = r"""
- name: Compare green's Fleets with blue's
  gameops.eks_bluegreen.agones_fleet_parity:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    expected_differences:
      - Fleet/*:spec.template.metadata.labels.arena/slot
  register: parity

- name: Size green for the busiest minute of the last seven days
  gameops.eks_bluegreen.agones_fleet_parity:
    source_kubeconfig: "{{ eks_bluegreen_source.kubeconfig }}"
    target_kubeconfig: "{{ eks_bluegreen_target.kubeconfig }}"
    namespaces: [arena]
    peak_query:
      url: http://prometheus.example.net:9090
      query: >-
        max_over_time(sum by (fleet_name) (agones_gameservers_count{type=~"Allocated|Reserved"})[7d:1m])
    sizes:
      - name: tournament
        peak_sessions: 200
        fragmentation: 1.2
  register: parity
"""

RETURN = r"""
fleets:
  description: The size that each Fleet of the source needs on the target.
  returned: success
  type: list
  elements: dict
  sample: [{namespace: arena, name: arena, replicas: 60}]
sizes:
  description:
    - How each size was calculated. C(current) is what the source's Fleet has or wants now. C(peak_sessions) is V(null)
      when there is no figure for it.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: arena
      name: arena
      replicas: 72
      current: 60
      sessions: 48
      peak_sessions: 60
      fragmentation: 1.0
      buffer_seats: 12
      reserve_seats: 0
differences:
  description: Every difference, and whether it is expected.
  returned: always, when the slots could be compared
  type: list
  elements: dict
  sample:
    - kind: Fleet
      namespace: arena
      name: arena
      path: spec.scheduling
      source: Packed
      target: Distributed
      expected: false
compared:
  description: Whether there was a target to compare with.
  returned: success
  type: bool
  sample: true
"""

from dataclasses import asdict
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.fleets import KubeFleets
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import (
    DOMAIN_ARGUMENT,
    KUBECONFIG_ARGUMENT,
    NAMESPACES_ARGUMENT,
    PREDICATE_ARGUMENT,
    run_module,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import read_predicate
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.capacity import read_sizings
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.parity import refuse_unexpected
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.peak import peak_reader
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.sizing_round import (
    compare_slots,
    has_fleets,
    size_fleets,
)

ARGUMENT_SPEC = {
    "source_kubeconfig": KUBECONFIG_ARGUMENT,
    "target_kubeconfig": KUBECONFIG_ARGUMENT,
    "namespaces": NAMESPACES_ARGUMENT,
    "fragmentation": {"type": "float", "default": 1},
    "reserve_seats": {"type": "int", "default": 0},
    "peak_query": {
        "type": "dict",
        "options": {"url": {"type": "str", "required": True}, "query": {"type": "str", "required": True}},
    },
    "sizes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "peak_sessions": {"type": "int"},
            "fragmentation": {"type": "float"},
            "reserve_seats": {"type": "int"},
        },
    },
    "session_predicate": PREDICATE_ARGUMENT,
    "expected_differences": {"type": "list", "elements": "str", "default": []},
    "fail_on_unexpected": {"type": "bool", "default": True},
    "annotation_domain": DOMAIN_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Compare, as the options say."""
    options = module.params
    path, namespaces, domain = options["target_kubeconfig"], options["namespaces"], options["annotation_domain"]
    predicate = read_predicate(options["session_predicate"])
    source = KubeFleets(connect(options["source_kubeconfig"]), predicate)
    target = KubeFleets(connect(path)) if path else None
    if target is not None and module.check_mode and not has_fleets(target, namespaces):
        # The charts that an earlier phase would install are not there yet.
        target = None
    sizes = size_fleets(
        source,
        namespaces,
        read_sizings(options),
        domain,
        predicate=predicate,
        read_peaks=peak_reader(options["peak_query"]),
    )
    differences = compare_slots(source, target, namespaces, expected=options["expected_differences"], domain=domain)
    if options["fail_on_unexpected"]:
        refuse_unexpected(differences)
    return {
        "changed": False,
        "fleets": [{"namespace": one.namespace, "name": one.name, "replicas": one.replicas} for one in sizes],
        "sizes": [asdict(one) for one in sizes],
        "differences": [difference.to_document() for difference in differences],
        "compared": target is not None,
    }


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
