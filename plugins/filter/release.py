# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release, read from its file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: release
short_description: A release, read from its file
version_added: 0.1.0
description:
  - Reads a release's file into the fields that docs/release.md describes, and reports everything that is wrong with it
    at once.
  - Leaves the values of charts alone. They may be templates of things that exist only once the cluster does.
options:
  _input:
    description: The file as a variable, as M(ansible.builtin.include_vars) reads it with a C(name).
    type: dict
    required: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Read a release's file
  ansible.builtin.include_vars:
    file: releases/2026-11.yml
    name: document

- name: Say what is wrong with it
  ansible.builtin.debug:
    msg: "{{ (document | gameops.eks_bluegreen.release).problems | map(attribute='finding') }}"
"""

RETURN = r"""
_value:
  description: The release and what is wrong with it.
  type: dict
  contains:
    release:
      description: The fields. A missing text is empty; any other field that no one has set is left out of its entry.
      type: dict
      sample:
        name: 2026-11
        kubernetes_version: "1.36"
        agones_version: 1.60.0
        node_image: {ami_type: AL2023_x86_64_STANDARD, release_version: 1.36.1-20261101}
        charts:
          - {name: agones, namespace: agones-system, chart: agones-1.60.0.tgz, version: 1.60.0}
        addons:
          - {name: vpc-cni, version: v1.21.0-eksbuild.1, before_nodes: true}
    problems:
      description: What is wrong, each with C(where) in the file, C(finding) and C(remedy). Empty for a sound release.
      type: list
      elements: dict
      sample:
        - where: charts[1]
          finding: its chart arena has no version
          remedy: Write it into the chart's entry
"""

from dataclasses import asdict
from typing import Any, Callable

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import read_release


def release(document: object) -> dict[str, Any]:
    """The fields of a release and what is wrong with it, as DOCUMENTATION says."""
    found, problems = read_release(document)
    return {"release": found.as_dict(), "problems": [asdict(problem) for problem in problems]}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"release": release}
