from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.game.director import FRESH_SECONDS, Director


class FakeParameters:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.is_broken = False

    def read(self, name: str) -> str:
        if name not in self.values or self.is_broken:
            code = "ThrottlingException" if self.is_broken else "ParameterNotFound"
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetParameter")
        return self.values[name]

    def write(self, name: str, value: str) -> None:
        self.values[name] = value

    def delete(self, name: str) -> None:
        del self.values[name]


class Rig:
    def __init__(self) -> None:
        self.parameters = FakeParameters()
        self.time = datetime(2026, 11, 1, tzinfo=UTC)

    def director(self, slot: str) -> Director:
        return Director(self.parameters, "events", slot, f"pod-{slot}", lambda: self.time)

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    @property
    def last(self) -> Any:
        return json.loads(self.parameters.values["events"])


def test_events_are_numbered_across_directors() -> None:
    rig = Rig()
    blue, green = rig.director("blue"), rig.director("green")
    blue.call_event()
    blue.call_event()
    blue.leave()
    assert (rig.last["event"], rig.last["slot"], rig.last["left"]) == (2, "blue", True)
    green.call_event()
    assert rig.last == {
        "event": 3,
        "slot": "green",
        "pod": "pod-green",
        "at": "2026-11-01T00:00:00.000+00:00",
        "left": False,
        "overlaps": 0,
    }


def test_two_at_work_are_counted_and_one_that_has_died_is_not() -> None:
    rig = Rig()
    blue, green = rig.director("blue"), rig.director("green")
    blue.call_event()
    rig.wait(1)
    green.call_event()
    blue.call_event()
    assert rig.last["overlaps"] == 2
    rig.wait(FRESH_SECONDS)
    green.call_event()
    assert rig.last["overlaps"] == 2


def test_nothing_is_written_after_the_leave_and_not_over_another() -> None:
    rig = Rig()
    blue, green = rig.director("blue"), rig.director("green")
    blue.call_event()
    blue.leave()
    blue.call_event()
    assert rig.last["event"] == 1
    green.call_event()
    blue.leave()
    assert (rig.last["slot"], rig.last["left"]) == ("green", False)


def test_an_event_that_cannot_be_read_is_not_called_anew() -> None:
    rig = Rig()
    rig.director("blue").call_event()
    rig.parameters.is_broken = True
    with pytest.raises(ClientError):
        rig.director("green").call_event()
    assert rig.last["slot"] == "blue"
