"""The policies of a FleetAutoscaler: what size each of them wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.agones import buffer, totals
from lab.agones.buffer import CannotScale, Desired
from lab.agones.model import Obj


class Inactive(CannotScale):
    """A schedule that is not in force: there is nothing to do, and nothing is wrong."""


@dataclass(frozen=True)
class Wanted:
    """A size, and which policy asked for it, as the status names it."""

    size: Desired
    policy: str


@dataclass(frozen=True)
class Policies:
    """The policies of a Fleet at a moment. `removable` gives the servers that may go, the first to go first."""

    fleet: Obj
    removable: totals.Removable
    now: datetime

    def wanted(self, policy: Mapping[str, Any]) -> Wanted:
        """What a policy wants. Raises CannotScale."""
        if policy["type"] == "Chain":
            return self._chain(policy["chain"])
        return Wanted(self._size(policy), str(policy["type"]))

    def _size(self, policy: Mapping[str, Any]) -> Desired:
        match policy["type"]:
            case "Buffer":
                allocated = int((self.fleet.get("status") or {}).get("allocatedReplicas") or 0)
                return buffer.desired(policy["buffer"], allocated)
            case "Counter":
                return totals.desired("counters", policy["counter"], self.fleet, self.removable)
            case "List":
                return totals.desired("lists", policy["list"], self.fleet, self.removable)
            case "Schedule":
                return self._schedule(policy["schedule"])
        raise CannotScale(f"the lab's controller does nothing for a policy of type {policy['type']}")

    def _schedule(self, schedule: Mapping[str, Any]) -> Desired:
        between = schedule.get("between") or {}
        start, end = (_time(between.get(name)) for name in ("start", "end"))
        if (start and self.now < start) or (end and self.now > end):
            raise Inactive("the schedule is not in force now")
        if (schedule.get("activePeriod") or {}).get("startCron"):
            raise CannotScale("the lab's controller does nothing for a schedule with startCron")
        return self._size(schedule["policy"])

    def _chain(self, chain: list[Mapping[str, Any]]) -> Wanted:
        """The first entry that has a size decides."""
        problem = CannotScale("the chain is empty")
        for entry in chain:
            try:
                return Wanted(self._size(entry), f"Chain:{entry.get('id', '')}:{entry['type']}")
            except CannotScale as error:
                problem = error
        raise problem


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
