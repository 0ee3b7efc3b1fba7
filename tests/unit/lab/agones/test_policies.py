from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lab.agones.buffer import CannotScale, Desired
from lab.agones.model import Obj
from lab.agones.policies import Inactive, Policies, Wanted

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BUFFER: Obj = {"type": "Buffer", "buffer": {"bufferSize": 2, "maxReplicas": 9}}


def policies(
    replicas: int = 4,
    *,
    count: int = 0,
    allocated: int = 0,
    capacity: int | None = None,
    new: int = 10,
    players: int = 0,
) -> Policies:
    """A Fleet with a counter `rooms`: in all, in its Allocated servers, and what a new server brings."""
    total = {
        "count": count,
        "capacity": replicas * new if capacity is None else capacity,
        "allocatedCount": allocated,
    }
    fleet = {
        "spec": {"template": {"spec": {"counters": {"rooms": {"count": players, "capacity": new}}}}},
        "status": {"replicas": replicas, "allocatedReplicas": 3, "counters": {"rooms": total}},
    }
    server = {"status": {"counters": {"rooms": {"count": 0, "capacity": new}}}}
    return Policies(fleet, lambda: [server] * replicas, NOW)


def counter(size: int | str, least: int = 0, most: int = 1000, key: str = "rooms") -> Obj:
    section = {"key": key, "bufferSize": size, "minCapacity": least, "maxCapacity": most}
    return {"type": "Counter", "counter": section}


@pytest.mark.parametrize(
    ("policy", "fleet", "expected"),
    [
        # 40 in all, 20 taken: 20 are free.
        (counter(20), {"count": 20}, Desired(4, False)),
        (counter(25), {"count": 20}, Desired(5, False)),
        (counter(45), {"count": 20}, Desired(7, False)),
        (counter(45, most=60), {"count": 20}, Desired(6, True)),
        # New servers are half full.
        (counter(25), {"count": 20, "players": 5}, Desired(5, False)),
        (counter(35), {"count": 20, "players": 5}, Desired(7, False)),
        (counter(10), {"count": 20}, Desired(3, False)),
        (counter(5), {"count": 20}, Desired(3, False)),
        (counter(5, least=40), {"count": 20}, Desired(4, True)),
        (counter(5, least=35), {"count": 20}, Desired(4, True)),
        (counter(5, least=30), {"count": 20}, Desired(3, True)),
        (counter(5), {"count": 0}, Desired(1, False)),
        # Outside of the bounds.
        (counter(5, least=75), {"count": 20}, Desired(8, True)),
        (counter(20, most=20), {"count": 20}, Desired(2, True)),
        (counter(30, most=5), {"count": 20}, Desired(1, True)),
        # A fifth of the future sum: 80 taken are four fifths of 100.
        (counter("20%", least=1), {"replicas": 9, "count": 80, "allocated": 80}, Desired(10, False)),
        (counter("20%", least=1), {"count": 0, "allocated": 0}, Desired(1, True)),
        (counter("20%", least=40), {"count": 0, "allocated": 0}, Desired(4, True)),
    ],
)
def test_counter(policy: Obj, fleet: dict[str, Any], expected: Desired) -> None:
    assert policies(**fleet).wanted(policy) == Wanted(expected, "Counter")


def test_list_counts_its_values() -> None:
    template = {"spec": {"lists": {"players": {"capacity": 5, "values": ["bot"]}}}}
    total = {"count": 12, "capacity": 20, "allocatedCount": 10}
    fleet = {"spec": {"template": template}, "status": {"replicas": 4, "lists": {"players": total}}}
    servers = [{"status": {"lists": {"players": {"capacity": 5, "values": ["bot"]}}}}] * 2
    section = {"key": "players", "maxCapacity": 100}
    for size, replicas in ((8, 4), (9, 5), (4, 3)):
        policy = {"type": "List", "list": {**section, "bufferSize": size}}
        assert Policies(fleet, lambda: servers, NOW).wanted(policy) == Wanted(Desired(replicas, False), "List")


@pytest.mark.parametrize(
    ("policy", "fleet", "problem"),
    [
        (counter(5, key="seats"), {}, "Counter key seats does not exist in the Fleet Spec"),
        (counter(5, least=50), {"new": 0}, "Capacity is equal to 0"),
        (counter(50), {"players": 10}, "does not increase available Capacity"),
        ({"type": "Webhook", "webhook": {"url": "http://scaler"}}, {}, "does nothing for a policy of type Webhook"),
    ],
)
def test_no_size(policy: Obj, fleet: dict[str, Any], problem: str) -> None:
    with pytest.raises(CannotScale, match=problem):
        policies(**fleet).wanted(policy)


def schedule(**section: Any) -> Obj:
    return {"type": "Schedule", "schedule": {**section, "policy": BUFFER}}


@pytest.mark.parametrize(
    "between", [{}, {"start": "2026-11-01T11:00:00Z"}, {"start": "2026-11-01T11:00:00Z", "end": "2026-11-01T13:00:00Z"}]
)
def test_a_schedule_in_force(between: Obj) -> None:
    assert policies().wanted(schedule(between=between)) == Wanted(Desired(5, False), "Schedule")


@pytest.mark.parametrize("between", [{"start": "2026-11-01T13:00:00Z"}, {"end": "2026-11-01T11:00:00Z"}])
def test_a_schedule_not_in_force(between: Obj) -> None:
    with pytest.raises(Inactive):
        policies().wanted(schedule(between=between))


def test_a_schedule_with_a_cron_expression_is_left_alone() -> None:
    with pytest.raises(CannotScale, match="startCron"):
        policies().wanted(schedule(activePeriod={"startCron": "0 14 * * 5"}))


def test_a_chain_follows_its_first_entry_that_has_a_size() -> None:
    later = {"id": "event", **schedule(between={"start": "2027-01-01T00:00:00Z"})}
    asked = {"id": "service", "type": "Webhook", "webhook": {"url": "http://scaler"}}
    chain = {"type": "Chain", "chain": [later, asked, {"id": "always", **BUFFER}]}
    assert policies().wanted(chain) == Wanted(Desired(5, False), "Chain:always:Buffer")
    with pytest.raises(Inactive):
        policies().wanted({"type": "Chain", "chain": [later]})
