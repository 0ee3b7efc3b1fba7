# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""How the operator wants a slot drained: one policy for all Fleets, and others for some. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    DEFAULT_DOMAIN,
    DISCONNECT,
    HANDOFF,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    Key,
    format_time,
    name_of,
    parse_time,
    said_of,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.order import (
    DEFAULT_ORDER,
    contradictions,
)

MODES = (AT_MATCH_END, DISCONNECT, HANDOFF)
# Seconds between being asked and the deadline, as a multiple of the longest match.
DEADLINE_FACTOR = 1.2
# Options that only a policy that disconnects players can use.
BUDGETS = ("players_per_second", "most_at_once")
PACED_OPTIONS = (*BUDGETS, "canary_sessions")

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """How one Fleet is drained. Durations are in seconds.

    `run`, `domain`, `confirm` and `settle` apply to the whole drain.
    """

    run: str
    mode: str = AT_MATCH_END
    interrupt_at_deadline: bool = False
    notice: float = 30.0
    spread: float = 10.0
    acknowledge: float = 5.0
    resignal: tuple[float, ...] = (10.0, 20.0, 30.0)
    connect_grace: float = 60.0
    deadline: float = 4320.0
    deadline_at: float | None = None
    close_grace: float = 10.0
    reconnect_timeout: float = 120.0
    order: tuple[str, ...] = DEFAULT_ORDER
    reserve: int | None = None
    players_per_second: float | None = None
    most_at_once: int | None = None
    canary: int = 1
    least_returned: float = 75.0
    alarm_returned: float = 50.0
    slow_return: float = 60.0
    confirm: float = 5.0
    settle: float = 15.0
    domain: str = DEFAULT_DOMAIN

    @property
    def disconnects(self) -> bool:
        """Sessions are asked to send their players away, rather than to finish."""
        return self.mode != AT_MATCH_END

    @property
    def needs_seats(self) -> bool:
        """Players may lose a session that is not over."""
        return self.disconnects or self.interrupt_at_deadline


@dataclass(frozen=True)
class Policies:
    """The policy of each Fleet: by namespace and name, else by name alone (namespace ""), else the default.

    `faults` says what is wrong with how they were written; with any fault, nothing is drained.
    """

    default: Policy
    fleets: Mapping[Key, Policy] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def of(self, fleet: Key) -> Policy:
        return said_of(fleet, self.fleets, self.default)

    @property
    def all(self) -> tuple[Policy, ...]:
        return (self.default, *self.fleets.values())


# Option of the module: the field of the policy that it sets.
_FIELDS = {
    "mode": "mode",
    "notice_seconds": "notice",
    "spread_seconds": "spread",
    "acknowledge_seconds": "acknowledge",
    "connect_grace_seconds": "connect_grace",
    "reconnect_timeout": "reconnect_timeout",
    "reserve_seats": "reserve",
    "players_per_second": "players_per_second",
    "most_at_once": "most_at_once",
    "canary_sessions": "canary",
    "least_returned_percent": "least_returned",
    "alarm_returned_percent": "alarm_returned",
    "slow_return_seconds": "slow_return",
    "confirm_seconds": "confirm",
    "settle_seconds": "settle",
    "annotation_domain": "domain",
}


def with_options(policy: Policy, options: Options) -> Policy:
    """The policy, changed by the options; an option that is None changes nothing."""
    said = {option: value for option, value in options.items() if value is not None}
    values: dict[str, Any] = {_FIELDS[option]: value for option, value in said.items() if option in _FIELDS}
    if "on_deadline" in said:
        values["interrupt_at_deadline"] = said["on_deadline"] == "interrupt"
    if "resignal_seconds" in said:
        values["resignal"] = tuple(sorted(said["resignal_seconds"]))
    if "order" in said:
        values["order"] = tuple(said["order"])
    if "longest_match_seconds" in said:
        values["deadline"] = DEADLINE_FACTOR * said["longest_match_seconds"]
    if said.get("deadline"):
        values["deadline_at"] = parse_time(said["deadline"])
    return replace(policy, **values)


def read_policies(options: Options, run: str) -> Policies:
    """The policies that the module's options describe."""
    default = with_options(Policy(run), options)
    fleets: dict[Key, Policy] = {}
    wrong = [*_unreadable("", options)]
    for one in options.get("fleets") or []:
        key = (one.get("namespace") or "", one["name"])
        where = f"Fleet {name_of(key)}: "
        if key in fleets:
            wrong.append(where + "has two policies; remove one")
        if key[0] and key[0] not in options["namespaces"]:
            wrong.append(where + f"its namespace is not one of namespaces ({', '.join(options['namespaces'])})")
        fleets[key] = policy = with_options(default, one)
        wrong += [*_unreadable(where, one), *_unused(where, one, policy)]
    if not any(policy.needs_seats for policy in (default, *fleets.values())):
        wrong += _unused("", {name: options.get(name) for name in BUDGETS}, default)
    return Policies(default, fleets, tuple(wrong))


def _unreadable(where: str, options: Options) -> list[str]:
    text = options.get("deadline")
    if not text or parse_time(text) is not None:
        return []
    return [f"{where}deadline {text!r} is not an RFC 3339 time with its zone, like 2026-11-23T12:00:00Z"]


def _unused(where: str, options: Options, policy: Policy) -> list[str]:
    if policy.needs_seats:
        unused = not policy.disconnects and options.get("canary_sessions") is not None
        text = f"{where}canary_sessions contradicts mode {AT_MATCH_END}, where no one leaves before the deadline"
        return [f"{text}; leave it out, or choose another mode"] if unused else []
    return [
        f"{where}{name} contradicts mode {AT_MATCH_END} with on_deadline wait, which disconnects no one; "
        "leave it out, or choose another mode"
        for name in PACED_OPTIONS
        if options.get(name) is not None
    ]


def policy_problems(policies: Policies, now: float, begins: bool) -> list[str]:
    """Policies that contradict themselves; `begins`: with deadlines that have passed already."""

    def problems(policy: Policy) -> list[str]:
        return [*_problems(policy), *(_late(policy, now) if begins else [])]

    of_all = problems(policies.default)
    wrong = [*policies.faults, *of_all]
    for key, policy in policies.fleets.items():
        # A fault of the default shows in each Fleet; it is reported once.
        wrong += [f"Fleet {name_of(key)}: {problem}" for problem in problems(policy) if problem not in of_all]
    return wrong


def _problems(policy: Policy) -> list[str]:
    durations = {
        "notice_seconds": policy.notice,
        "spread_seconds": policy.spread,
        "acknowledge_seconds": policy.acknowledge,
        "connect_grace_seconds": policy.connect_grace,
        "longest_match_seconds": policy.deadline,
        "reconnect_timeout": policy.reconnect_timeout,
        "confirm_seconds": policy.confirm,
        "settle_seconds": policy.settle,
        "canary_sessions": policy.canary,
        "reserve_seats": policy.reserve or 0,
    }
    wrong = [f"{name} is {value:g}; it cannot be negative" for name, value in durations.items() if value < 0]
    for name, limit in (("players_per_second", policy.players_per_second), ("most_at_once", policy.most_at_once)):
        if limit is not None and limit <= 0:
            wrong.append(f"{name} is {limit:g}; it must be above 0, or the drain never ends")
    wrong += _contradictions(policy)
    wrong += [f"order: {text}" for text in contradictions(policy.order)]
    return wrong


def _contradictions(policy: Policy) -> list[str]:
    wrong = []
    if policy.spread >= policy.reconnect_timeout:
        wrong.append(
            f"spread_seconds ({policy.spread:g}) contradicts reconnect_timeout ({policy.reconnect_timeout:g}): "
            "clients are told to come back when no one waits for them any more"
        )
    if policy.most_at_once is not None and policy.canary > policy.most_at_once > 0:
        wrong.append(f"canary_sessions ({policy.canary}) contradicts most_at_once ({policy.most_at_once})")
    if not 0 <= policy.alarm_returned <= policy.least_returned <= 100:
        wrong.append(
            f"alarm_returned_percent ({policy.alarm_returned:g}) and least_returned_percent "
            f"({policy.least_returned:g}) must rise from 0 to 100 in this order"
        )
    return wrong


def _late(policy: Policy, now: float) -> list[str]:
    if policy.deadline_at is None:
        return []
    if policy.deadline_at <= now:
        return [f"deadline {format_time(policy.deadline_at)} is in the past; it is {format_time(now)}"]
    if policy.interrupt_at_deadline and policy.deadline_at < now + policy.notice:
        return [
            f"deadline {format_time(policy.deadline_at)} contradicts notice_seconds ({policy.notice:g}): "
            "no one can be given that much notice before it"
        ]
    return []


def needing_target(policies: Policies, fleets: Sequence[Key]) -> list[Key]:
    """The Fleets whose players will need a Fleet of the same name on the target."""
    return [fleet for fleet in fleets if policies.of(fleet).needs_seats]
