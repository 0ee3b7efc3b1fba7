#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pause, resume or abort the drain of an open run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_control
short_description: Pause, resume or abort the drain of an environment's open run
version_added: 0.1.0
description:
  - Sets a flag of the open run in the state bucket, from any machine and without the run's lease. The runner that
    drains reads it every two seconds.
  - Playbook C(gameops.eks_bluegreen.pause) does this for all environments of an inventory.
options:
  state:
    description:
      - V(paused) asks no more sessions to go and repeats no request. Servers that were asked go on as they were told;
        the drain watches, reports, and waits.
      - V(running) lets the drain go on.
      - V(aborted) takes back the requests, except from servers that are already closing, and fails the drain. No drain
        of this run begins again until the flag is V(running).
    type: str
    choices: [running, paused, aborted]
    required: true
  reason:
    description: Why; shown in the drain's progress and kept in its journal.
    type: str
    default: ""
  environment_name:
    description: The environment.
    type: str
    required: true
  state_bucket:
    description: The environment's state bucket.
    type: str
    required: true
  state_prefix:
    description: Where in the bucket the environments' records are.
    type: str
    default: eks-bluegreen
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(s3:GetObject), C(s3:PutObject), C(s3:ListBucket)."
  - The flag belongs to the run. The next run of the environment begins without one.
"""

EXAMPLES = r"""
- name: Pause the drain
  gameops.eks_bluegreen.run_control:
    state: paused
    reason: matchmaking is slow
    environment_name: arena
    state_bucket: arena-eks-bluegreen
    region: eu-west-1

- name: Go on
  gameops.eks_bluegreen.run_control:
    state: running
    environment_name: arena
    state_bucket: arena-eks-bluegreen
    region: eu-west-1
"""

RETURN = r"""
run_id:
  description: The run whose drain this is about.
  returned: success
  type: str
  sample: 20261123-011412-2026-11
control:
  description: The flag as it is, in check mode as it would be.
  returned: success
  type: dict
  sample: {state: paused, reason: matchmaking is slow, by: ops-1/jo, at: "2026-11-23T01:20:00Z"}
"""

import getpass
import socket
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.control import (
    CONTROL_STATES,
    Control,
    ensure_control,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import record_key
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3_CONFIG, S3Store

ARGUMENT_SPEC = {
    "state": {"type": "str", "required": True, "choices": list(CONTROL_STATES)},
    "reason": {"type": "str", "default": ""},
    "environment_name": {"type": "str", "required": True},
    "state_bucket": {"type": "str", "required": True},
    "state_prefix": {"type": "str", "default": "eks-bluegreen"},
}


def who() -> str:
    """The person's machine and account, as far as they are known."""
    try:
        return f"{socket.gethostname()}/{getpass.getuser()}"
    except (KeyError, OSError):
        return socket.gethostname()


def run(module: Any) -> dict[str, Any]:
    """Set the flag."""
    options = module.params
    store = S3Store(module.client("s3", config=dict(S3_CONFIG)), options["state_bucket"])
    key = record_key(options["state_prefix"], options["environment_name"])
    now = SystemClock().now().isoformat(timespec="seconds").replace("+00:00", "Z")
    wanted = Control(options["state"], options["reason"], who(), now)
    return ensure_control(store, key, wanted, check_mode=module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
