#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session destination document in Parameter Store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_document
short_description: Where matchmaking sends sessions, as a document in SSM Parameter Store
version_added: 0.1.0
description:
  - Reads the session destination document, or sets its weights and waits until every live reader acts by them.
  - Matchmakers read the document, allocate game servers on the cluster it names, and write the revision they act by
    into a parameter of their own under C(<parameter>/readers/). So propagation is seen, not guessed.
  - The role P(gameops.eks_bluegreen.session_routing#role) describes the document and what a reader owes.
options:
  parameter:
    description: Name of the SSM parameter that holds the document. It begins with a slash.
    type: str
    required: true
  weights:
    description:
      - The wanted share of new sessions per slot, for every slot of the document. At least one is above 0.
      - Without it the module only reads.
    type: dict
  clusters:
    description: Cluster names by slot. Slots that are not given keep theirs.
    type: dict
    default: {}
  if_revision:
    description:
      - Write only if the document is still at this revision.
      - A document that already has the wanted O(weights) and O(clusters) is left alone at any revision, so that a
        second call with the same arguments succeeds.
    type: int
  token:
    description: Whose write it is, for example a run's id; stored in the document. A random one by default.
    type: str
  wait:
    description:
      - After O(weights) are set, wait until every live reader has read the revision back, and there is at least one.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the readers. Then the task fails with the names of those that are behind.
    type: int
    default: 60
  reader_ttl_seconds:
    description:
      - A reader whose parameter was last written longer ago than this is gone and not waited for. In seconds, by AWS'
        clock.
      - Choose three or more of the readers' heartbeats. A reader must stop sending players anywhere when it could not
        read the document for this long.
    type: int
    default: 15
attributes:
  idempotent:
    support: full
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
  - Parameter Store has no conditional write. The module notices a write that came in between by the parameter's version
    and fails.
  - "Actions of IAM that are needed: C(ssm:GetParameter), C(ssm:GetParametersByPath), and C(ssm:PutParameter) to set."
"""

EXAMPLES = r"""
- name: Read the session destination
  gameops.eks_bluegreen.session_document:
    parameter: /arena/session-destination
    region: eu-west-1
  register: destination

- name: Send new sessions to green, if nobody has moved them since
  gameops.eks_bluegreen.session_document:
    parameter: /arena/session-destination
    region: eu-west-1
    weights:
      blue: 0
      green: 100
    if_revision: "{{ destination.revision }}"
    wait_timeout: 60
"""

RETURN = r"""
document:
  description: The document, in check mode the predicted one.
  returned: success
  type: dict
  sample:
    v: 1
    revision: 7
    token: 20261123-0114-blue-green
    weights: {blue: 0, green: 100}
    clusters: {blue: arena-blue, green: arena-green}
revision:
  description: The document's revision.
  returned: success
  type: int
  sample: 7
weights:
  description: The share of new sessions per slot.
  returned: success
  type: dict
  sample: {blue: 0, green: 100}
readers:
  description: Who follows the document.
  returned: success
  type: dict
  contains:
    current:
      description: Live readers at this revision (or a later one).
      type: list
      elements: dict
    behind:
      description: Live readers at an earlier revision.
      type: list
      elements: dict
    gone:
      description: Readers that have not written back within O(reader_ttl_seconds).
      type: list
      elements: dict
  sample:
    current: [{id: arena-matchmaker-7d9c, slot: green, revision: 7, age_seconds: 1.2}]
    behind: []
    gone: []
evidence:
  description: One line for people on how far the revision has come.
  returned: success
  type: str
  sample: "revision 7: read back by 4 of 4 readers"
"""

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CLIENT_CONFIG, finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.api import ParameterDocument
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document import (
    Want,
    check_name,
    weights_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.run import SessionDocument, Waiting
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LEASE_ARGUMENT, keeper_of

ARGUMENT_SPEC = {
    "parameter": {"type": "str", "required": True},
    "weights": {"type": "dict"},
    "clusters": {"type": "dict", "default": {}},
    "if_revision": {"type": "int"},
    "token": {"type": "str", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
    "reader_ttl_seconds": {"type": "int", "default": 15},
    "lease": LEASE_ARGUMENT,
}


def run(module: Any) -> dict[str, Any]:
    """Read or set, as the options say."""
    options = module.params
    check_name(options["parameter"])
    clock = SystemClock()
    document = SessionDocument(
        ParameterDocument(module.client("ssm", config=dict(CLIENT_CONFIG)), options["parameter"], clock),
        options["parameter"],
        Waiting(options["wait"], options["reader_ttl_seconds"]),
        clock,
    )
    if options["weights"] is None:
        return document.read()
    want = Want(
        weights=weights_of(options["weights"]),
        clusters=options["clusters"],
        token=options["token"] or uuid.uuid4().hex,
        if_revision=options["if_revision"],
    )
    return document.ensure(want, keeper_of(options["lease"]), check_mode=module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
