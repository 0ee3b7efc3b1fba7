#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run record and the lease in it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_record
short_description: Open, resume, take over, renew and end the run of an environment
version_added: 0.1.0
description:
  - One run at a time per environment. The run record, an object in the environment's state bucket, says which run is
    open and in which direction; it is written once, before the run's first write elsewhere, and never expires.
  - The lease in the record is the short-lived right to write. It is free when it was not renewed for
    O(lease_seconds), by the clock of S3. Each new holder raises the generation by one.
  - Every write has the condition that no one has written since the record was read, so that of two runners one gets the
    lease and the other finds out.
options:
  state:
    description:
      - V(open) opens a run, or resumes the open one of the same release. If another runner holds the lease, it waits
        and shows progress. An open run of another release is refused.
      - V(taken_over) turns the run back towards its source and takes the lease without waiting, no matter who holds it.
        A run that was closed is opened again, but not while someone holds the lease outside of any run (V(held)).
      - V(held) takes the lease while no run is open, so that none is opened before it is released; for work on a slot
        outside of any run. Needs O(if_generation). An open run is refused; another holder is waited for.
      - V(renewed) checks and renews the O(lease), and records O(phase).
      - V(released) frees the O(lease); the run stays open. A lease that is no longer ours is left alone.
      - V(closed) ends the run. A run that was taken back before its cutover began ends as V(aborted).
      - V(aborted) ends the run as one that was given up.
      - V(abandoned) does so without the lease, for the open run O(run_id). It refuses while another runner holds the
        lease. If no run is open it does nothing.
    type: str
    choices: [open, taken_over, held, renewed, released, closed, aborted, abandoned]
    required: true
  environment_name:
    description: The environment. Needed for V(state=open), V(state=taken_over), V(state=held), V(state=abandoned).
    type: str
  state_bucket:
    description: The state bucket. Needed for V(state=open), V(state=taken_over), V(state=held), V(state=abandoned).
    type: str
  state_prefix:
    description: Where in the bucket the environments' records are.
    type: str
    default: eks-bluegreen
  direction:
    description:
      - What the run of V(state=open) does. V(upgrade) moves to O(target); V(reclaim) moves no traffic and empties
        O(source), the standby slot, of its sessions.
      - An open run of the other kind is refused.
    type: str
    choices: [upgrade, reclaim]
    default: upgrade
  run_id:
    description: The run that V(state=abandoned) means.
    type: str
    default: ""
  release:
    description: The run's release; for a reclaim, that of O(target). Needed for V(state=open).
    type: str
    default: ""
  source:
    description: The slot that the run leaves. Needed to open a new run.
    type: str
    choices: ["", blue, green]
    default: ""
  target:
    description: The slot that the run moves to. Needed to open a new run.
    type: str
    choices: ["", blue, green]
    default: ""
  if_generation:
    description:
      - Open a new run, or hold the lease, only if the record still has this generation (0 for no record), the one
        under which O(source) and O(target) were decided.
      - Without it no run is opened; only an open one is resumed.
    type: int
  previous:
    description: How things were before the run, kept in the record of a new run for anyone who looks.
    type: dict
    default: {}
  phase:
    description:
      - The phase that begins now, for V(state=renewed). The record's phase is the furthest that was begun; a resumed
        run that passes through the earlier ones again does not lower it.
    type: str
    choices: [provision, charts, parity, verify, cutover, bake, drain, complete]
  lease_seconds:
    description: The lease is free this many seconds after it was last renewed.
    type: float
    default: 120
  wait_timeout:
    description:
      - How many seconds to wait for a lease that another runner holds. After that the task fails and names the holder.
    type: int
    default: 3600
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - gameops.eks_bluegreen.attributes.rounds
  - gameops.eks_bluegreen.lease
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(s3:GetObject) and C(s3:PutObject) on the prefix, C(s3:ListBucket) on the bucket; C(kms:Decrypt) and
    C(kms:GenerateDataKey) where the bucket has a key of its own."
  - A renewal is not a change; a record that says something else is.
"""

EXAMPLES = r"""
- name: Open the run
  gameops.eks_bluegreen.run_record:
    state: open
    environment_name: arena
    state_bucket: arena-eks-bluegreen
    release: 2026-11
    source: blue
    target: green
    if_generation: 0
    region: eu-west-1
  register: opened

- name: Say that the cutover begins
  gameops.eks_bluegreen.run_record:
    state: renewed
    phase: cutover
    lease: "{{ opened.lease }}"
    region: eu-west-1
"""

RETURN = r"""
run:
  description: The run record without the lease, in check mode the predicted one; null when there is none.
  returned: success
  type: dict
  sample:
    run_id: 20261123-011412-2026-11
    release: 2026-11
    source: blue
    target: green
    direction: upgrade
    phase: cutover
    current: cutover
    state: open
    outcome: ""
    generation: 1
    opened_at: "2026-11-23T01:14:12Z"
    closed_at: ""
    previous: {}
    back_to: ""
lease:
  description: The lease, for the option O(lease) of other tasks; null when this runner holds none.
  returned: success
  type: dict
  sample:
    bucket: arena-eks-bluegreen
    key: eks-bluegreen/arena/run.json
    run_id: 20261123-011412-2026-11
    generation: 1
    holder: runner-1/4711/0badcafe
    seconds: 120.0
    region: eu-west-1
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LEASE_ARGUMENT, record_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES, RECLAIM, UPGRADE
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.round import Asked, Place, RunRecord
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3_CONFIG, S3Store

SLOT_CHOICES = ["", "blue", "green"]
WITH_PLACE = ["environment_name", "state_bucket"]
ARGUMENT_SPEC = {
    "state": {
        "type": "str",
        "required": True,
        "choices": ["open", "taken_over", "held", "renewed", "released", "closed", "aborted", "abandoned"],
    },
    "environment_name": {"type": "str"},
    "state_bucket": {"type": "str"},
    "state_prefix": {"type": "str", "default": "eks-bluegreen"},
    "direction": {"type": "str", "choices": [UPGRADE, RECLAIM], "default": UPGRADE},
    "run_id": {"type": "str", "default": ""},
    "release": {"type": "str", "default": ""},
    "source": {"type": "str", "choices": SLOT_CHOICES, "default": ""},
    "target": {"type": "str", "choices": SLOT_CHOICES, "default": ""},
    "if_generation": {"type": "int"},
    "previous": {"type": "dict", "default": {}},
    "phase": {"type": "str", "choices": list(PHASES)},
    "lease_seconds": {"type": "float", "default": 120},
    "wait_timeout": {"type": "int", "default": 3600},
    "lease": LEASE_ARGUMENT,
}
REQUIRED_IF = [
    ("state", "open", [*WITH_PLACE, "release"]),
    ("state", "taken_over", WITH_PLACE),
    ("state", "held", [*WITH_PLACE, "if_generation"]),
    ("state", "abandoned", [*WITH_PLACE, "run_id"]),
    *(("state", state, ["lease"]) for state in ("renewed", "released", "closed", "aborted")),
]


def place_of(options: dict[str, Any], region: str | None) -> Place:
    """Where the record lies: as the lease says, else as the options say."""
    lease = options["lease"]
    if lease:
        return Place(lease["bucket"], lease["key"], lease["region"] or region)
    return Place(options["state_bucket"], record_key(options["state_prefix"], options["environment_name"]), region)


def run(module: Any) -> dict[str, Any]:
    """One round."""
    options = module.params
    place = place_of(options, module.region)
    asked = Asked(
        release=options["release"],
        source=options["source"],
        target=options["target"],
        phase=options["phase"] or "",
        if_generation=options["if_generation"],
        lease_seconds=options["lease_seconds"],
        lease=options["lease"],
        previous=options["previous"],
        direction=options["direction"],
        run_id=options["run_id"],
    )
    store = S3Store(module.client("s3", config=dict(S3_CONFIG)), place.bucket)
    return RunRecord(store, place, SystemClock()).ensure(options["state"], asked, check_mode=module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
