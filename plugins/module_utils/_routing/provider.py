# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What every routing provider is: five verbs, and what it says of itself.

A provider decides on which slot a new session starts. The code that moves it (round.py) knows only this contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Mapping, Protocol

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

# What a share of the weights is a share of.
MATCH, REQUEST = "match", "request"
# No queue; one that both slots take from; one for each slot.
NO_QUEUE, SHARED, PER_SLOT = "none", "shared", "per_slot"
# How `set` treats someone else's write: refuses before it, notices it afterwards, or writes nothing itself.
CONDITIONAL, LAST_WINS, NOTHING = "conditional", "last_wins", "nothing"


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do, and what follows from it for a cutover."""

    granularity: str
    """match: a share counts whole matches. request: it counts requests, so a party may be split."""
    weighted: bool
    """Shares between nothing and everything are possible."""
    atomic: bool
    """Both slots move in one write: no moment in between."""
    cross_slot_allocation: bool
    """A slot's matchmaker may allocate on the other slot's cluster."""
    queue: str
    """none, shared or per_slot."""
    endpoint_ttl_seconds: float
    """How long a result that was handed out before a move may still be used."""
    writes: str
    """conditional, last_wins (a rival's write is noticed afterwards) or nothing (something else moves it)."""


@dataclass(frozen=True)
class Evidence:
    """Whether the weights that were read are acted on everywhere, in words, and (as `details`) in data."""

    followed: bool
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """The destination of new sessions as it is now.

    `revision` names this state; it is compared, never counted. `token` is that of the writer. `age_seconds` is the
    time since the write, None if no one knows. `holds` is what the provider keeps besides the weights, `will_hold` what
    the next write makes of it (None: the same); if they differ, even right weights are written.
    """

    weights: Mapping[str, int]
    revision: str
    token: str
    evidence: Evidence
    age_seconds: float | None = None
    holds: Mapping[str, Any] = field(default_factory=dict)
    will_hold: Mapping[str, Any] | None = None

    @property
    def differs(self) -> bool:
        return self.will_hold is not None and dict(self.will_hold) != dict(self.holds)


@dataclass(frozen=True)
class Queue:
    """What waits in a slot's queue; `depth` is None when no one tells. A closed queue takes no new tickets."""

    depth: int | None
    oldest_seconds: float
    is_open: bool


class Provider(Protocol):
    """The contract. Every verb raises BlueGreenError that says what is wrong, where, and what to do."""

    @property
    def where(self) -> str:
        """What is moved, for messages: "parameter /arena/session-destination"."""

    def capabilities(self) -> Capabilities:
        """What the provider can do. May read."""

    def read(self) -> Reading:
        """The destination as it is."""

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        """Write the weights and return the new revision.

        Raises Moved when the destination is no longer at `if_revision`. None overwrites whatever is there.
        """

    def queue(self, slot: str) -> Queue:
        """What waits in the slot's queue."""

    def open(self, slot: str) -> None:
        """Let the slot's queue take tickets."""

    def close(self, slot: str) -> None:
        """Let the slot's queue take no more tickets; what waits in it is still served."""


# Makes a boto3 client by the name of a service.
ClientMaker = Callable[[str], Any]


class NamedProvider(Provider, Protocol):
    """A provider that a task can name: it owns the option of its name, and makes itself of what that option holds."""

    # The specification of the option, described by the doc fragment gameops.eks_bluegreen.destination.
    ARGUMENTS: ClassVar[Mapping[str, Any]]

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> Provider:
        """The provider that the option describes."""


class Moved(BlueGreenError):
    """Someone else moved the destination since it was read."""


def moved(where: str, current: Reading, if_revision: str) -> Moved:
    """The refusal of a stale revision."""
    by = f" by {current.token}" if current.token else ""
    return Moved(
        f"{where} is at revision {current.revision} with weights {listed(current.weights)}, set{by}, not at revision "
        f"{if_revision}: someone else moved it; find out who, then start again",
        weights=dict(current.weights),
        revision=current.revision,
    )


def no_queue(where: str, slot: str) -> BlueGreenError:
    """The answer of a provider without a queue to the verbs of queues."""
    return BlueGreenError(
        f"{where} has no queue of {slot} that could be asked, opened or closed: leave out queues, or set "
        "eks_bluegreen_matchmaking_queue to what the game has"
    )


class WithoutQueue:
    """The verbs of queues, for a provider that has none and says so."""

    where: str

    def queue(self, slot: str) -> Queue:
        raise no_queue(self.where, slot)

    def open(self, slot: str) -> None:
        raise no_queue(self.where, slot)

    def close(self, slot: str) -> None:
        raise no_queue(self.where, slot)


def weights_of(values: Mapping[str, Any]) -> dict[str, int]:
    """Weights as a task gives them: numbers may arrive as text."""
    try:
        return {slot: int(str(value)) for slot, value in values.items()}
    except ValueError:
        raise BlueGreenError(f"weights are {dict(values)!r}: give a whole number to each slot") from None


def queues_of(values: Mapping[str, Any]) -> dict[str, bool]:
    """Which queues should be open, as a task says it."""
    strange = {slot: value for slot, value in values.items() if value not in ("open", "closed")}
    if strange:
        raise BlueGreenError(f"queues are {strange!r}: say open or closed for each slot")
    return {slot: value == "open" for slot, value in values.items()}


def needs_write(
    where: str, able: Capabilities, current: Reading, weights: Mapping[str, int], if_revision: str | None
) -> bool:
    """Whether the wanted weights are still to be written. Raises when they cannot be, and for a stale revision."""
    check_weights(where, able, current.weights, weights)
    if dict(current.weights) == dict(weights) and not current.differs:
        return False
    if if_revision is not None and current.revision != if_revision:
        raise moved(where, current, if_revision)
    return True


def check_weights(where: str, able: Capabilities, current: Mapping[str, int], weights: Mapping[str, int]) -> None:
    """Refuse weights that no run may set."""
    if set(weights) != set(current):
        raise BlueGreenError(
            f"weights name the slots {_names(weights)}, but {where} has the slots {_names(current)}: give a weight "
            "to each of them"
        )
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise BlueGreenError(
            f"weights {listed(weights)} send sessions nowhere: each must be 0 or more, and one above 0"
        )
    if sum(1 for weight in weights.values() if weight) > 1:
        if not able.weighted:
            raise BlueGreenError(f"{where} cannot divide sessions between slots: give all of the weight to one slot")
        if able.queue == PER_SLOT:
            raise BlueGreenError(
                f"{where} has a queue for each slot, which shares would split ({listed(weights)}): give all of the "
                "weight to one slot"
            )


def listed(weights: Mapping[str, int]) -> str:
    """Weights for people."""
    return ", ".join(f"{slot} {weights[slot]}" for slot in sorted(weights))


def _names(slots: Mapping[str, Any]) -> str:
    return ", ".join(sorted(slots)) or "none"
