from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lightkube.models.coordination_v1 import LeaseSpec

from lab.agones.leader import may_take

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("holder", "age", "free"),
    [("", 0, True), ("me", 1, True), ("other", 1, False), ("other", 15, False), ("other", 16, True)],
)
def test_a_lease_is_taken_when_it_is_ours_free_or_expired(holder: str, age: int, free: bool) -> None:
    spec = LeaseSpec(holderIdentity=holder, leaseDurationSeconds=15, renewTime=NOW - timedelta(seconds=age))
    assert may_take(spec, "me", NOW) is free


def test_a_lease_without_a_spec_or_a_time_is_free() -> None:
    assert may_take(None, "me", NOW)
    assert may_take(LeaseSpec(holderIdentity="other"), "me", NOW)
