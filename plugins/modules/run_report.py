#!/usr/bin/python
# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run, as JSON and as a page."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_report
short_description: Write the report of a run
version_added: 0.1.0
description:
  - Makes the report of a run from its record, its journal and what its drain remembered. All of these are in the state
    bucket, so it works on any machine and long after the run.
  - Writes it into the bucket next to them, and into O(reports_dir) as C(<run>.json) and as C(<run>.html), a page that
    needs no other file.
options:
  environment_name:
    description: The environment.
    type: str
    required: true
  state_bucket:
    description: The state bucket.
    type: str
    required: true
  state_prefix:
    description: Where in the bucket the environments' records are.
    type: str
    default: eks-bluegreen
  reports_dir:
    description: The folder on the control node for the report; it is created if it is missing.
    type: path
    required: true
  release:
    description: What the report should name from the release's file, C(kubernetes_version) and C(agones_version).
    type: dict
    default: {}
  look:
    description: The command that shows how things stand, for people.
    type: str
    default: ansible-playbook gameops.eks_bluegreen.status
  back:
    description: The command that goes back, for people.
    type: str
    default: ansible-playbook gameops.eks_bluegreen.rollback
  reclaim:
    description: The command that brings back sessions that a rollback has left behind, for people.
    type: str
    default: ansible-playbook gameops.eks_bluegreen.reclaim
author:
  - The gameops.eks_bluegreen contributors (@gameops)
extends_documentation_fragment:
  - gameops.eks_bluegreen.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - "IAM actions: C(s3:GetObject) and C(s3:PutObject) on the prefix, C(s3:ListBucket) on the bucket; C(kms:Decrypt) and
    C(kms:GenerateDataKey) where the bucket has a key of its own."
  - In check mode there is nothing to report, and nothing is written.
"""

EXAMPLES = r"""
- name: Write the report of the last run
  gameops.eks_bluegreen.run_report:
    environment_name: arena
    state_bucket: arena-eks-bluegreen
    reports_dir: reports
    region: eu-west-1
  register: written

- name: Show it
  ansible.builtin.debug:
    msg: "{{ written.summary }}"
"""

RETURN = r"""
summary:
  description: The report in a few lines for people.
  returned: success
  type: list
  elements: str
report:
  description: The report.
  returned: success and not check mode
  type: dict
files:
  description: The files that were written, or had the same content already.
  returned: success
  type: list
  elements: str
  sample: [/srv/reports/20261123-011412-2026-11.html, /srv/reports/20261123-011412-2026-11.json]
"""

import json
import os
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.page import render
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.report import build_report
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import report_lines
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import (
    read_journal,
    read_record,
    record_key,
    run_folder,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import to_document
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.s3 import S3_CONFIG, S3Store, Store

ARGUMENT_SPEC = {
    "environment_name": {"type": "str", "required": True},
    "state_bucket": {"type": "str", "required": True},
    "state_prefix": {"type": "str", "default": "eks-bluegreen"},
    "reports_dir": {"type": "path", "required": True},
    "release": {"type": "dict", "default": {}},
    "look": {"type": "str", "default": "ansible-playbook gameops.eks_bluegreen.status"},
    "back": {"type": "str", "default": "ansible-playbook gameops.eks_bluegreen.rollback"},
    "reclaim": {"type": "str", "default": "ansible-playbook gameops.eks_bluegreen.reclaim"},
}


def run(module: Any) -> dict[str, Any]:
    """Read, build, write."""
    options = module.params
    if module.check_mode:
        return {"changed": False, "summary": ["check mode: no run, no report"], "files": []}
    store = S3Store(module.client("s3", config=dict(S3_CONFIG)), options["state_bucket"])
    key = record_key(options["state_prefix"], options["environment_name"])
    report = read_report(store, key, options)
    folder, run_id = options["reports_dir"], report["run"]["run_id"]
    texts = {
        os.path.join(folder, f"{run_id}.html"): render(report, options["look"], options["back"]),
        os.path.join(folder, f"{run_id}.json"): json.dumps(report, indent=2) + "\n",
    }
    changed = [write_text(path, text) for path, text in texts.items()]
    if any(changed):
        store.put(f"{run_folder(key, run_id)}/report.json", report)
    lines = report_lines(report, options["look"], options["back"], options["reclaim"], list(texts))
    return {"changed": any(changed), "summary": lines, "report": report, "files": list(texts)}


def read_report(store: Store, key: str, options: dict[str, Any]) -> dict[str, Any]:
    """The report of the run that the record names."""
    seen = read_record(store, key)
    if seen is None:
        raise BlueGreenError(f"no run is recorded for {options['environment_name']}: there is nothing to report")
    record = seen.record
    journal = read_journal(store, key, record.run_id)
    drain = store.get(f"{run_folder(key, record.run_id)}/drain.json")
    run = to_document(record)
    return build_report(options["environment_name"], run, journal, drain.body if drain else None, options["release"])


def write_text(path: str, text: str) -> bool:
    """Replace a file in one step; False when it has this text already."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return False
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
    return True


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, lambda: run(module))


if __name__ == "__main__":
    main()
