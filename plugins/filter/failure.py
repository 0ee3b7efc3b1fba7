# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a task failed, even one with a loop."""

from __future__ import annotations

DOCUMENTATION = r"""
name: failure
short_description: Why a task failed, in a sentence
version_added: 0.1.0
description:
  - Turns the result of a failed task into one text. For a loop it says why each item failed, where Ansible says only
    that one or more items did.
options:
  _input:
    description: The result, as C(ansible_failed_result) in a rescue.
    type: dict
    required: true
author:
  - The gameops.eks_bluegreen contributors (@gameops)
"""

EXAMPLES = r"""
- name: Say why
  ansible.builtin.debug:
    msg: "{{ ansible_failed_result | gameops.eks_bluegreen.failure }}"
"""

RETURN = r"""
_value:
  description: The reason, or the reasons separated by semicolons.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def failure(result: Mapping[str, Any]) -> str:
    """Why a task failed; "failed" if it does not say."""
    items = [one for one in result.get("results") or [] if one.get("failed")]
    reasons = [str(one["msg"]) for one in items or [result] if one.get("msg")]
    return "; ".join(dict.fromkeys(reasons)) or "failed"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"failure": failure}
