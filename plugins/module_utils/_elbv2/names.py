# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How load balancers and target groups are named, and which names make no sense; the options of both swap modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# Described by the doc fragment gameops.eks_bluegreen.target_group_pairs.
PAIRS_ARGUMENTS: dict[str, Any] = {
    "load_balancers": {"type": "list", "elements": "str", "required": True},
    "pairs": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"blue": {"type": "str", "required": True}, "green": {"type": "str", "required": True}},
    },
}


def refuse_bad_names(load_balancers: Sequence[str], pairs: Sequence[tuple[str, str]], region: str) -> None:
    """Raise if a name is empty, or an ARN is of something else or of another region."""
    if not load_balancers:
        raise BlueGreenError("load_balancers is empty: name the load balancers whose listeners should be searched")
    if not pairs:
        raise BlueGreenError("pairs is empty: name the blue and the green target group of at least one service")
    for number, name in enumerate(load_balancers):
        refuse_bad_name(f"load_balancers[{number}]", name, "loadbalancer", region)
    for number, (blue, green) in enumerate(pairs):
        refuse_bad_name(f"pairs[{number}].blue", blue, "targetgroup", region)
        refuse_bad_name(f"pairs[{number}].green", green, "targetgroup", region)


def refuse_bad_name(option: str, name: str, kind: str, region: str) -> None:
    """`kind` is what the resource part of an ARN begins with."""
    if not name.strip():
        raise BlueGreenError(f"{option} is empty: give a name or an ARN")
    if not name.startswith("arn:"):
        return
    parts = name.split(":", 5)
    if len(parts) < 6 or parts[2] != "elasticloadbalancing" or not parts[5].startswith(f"{kind}/"):
        raise BlueGreenError(f"{option} is {name}, which is not the ARN of a {kind}: correct it, or give the name")
    if parts[3] != region:
        raise BlueGreenError(
            f"{option} is {name}, of region {parts[3]}, but this task works in {region}: "
            "correct the ARN, or set the option region"
        )
