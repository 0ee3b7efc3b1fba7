from __future__ import annotations

import pytest

from lab.agones.program import number, seconds, setting
from lab.world.config import LabError


@pytest.mark.parametrize(("text", "value"), [("500ms", 0.5), ("0.1s", 0.1), ("2m", 120.0)])
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "1h", "fast"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(LabError, match="is not a duration"):
        seconds(text)


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIN_PORT", "7000")
    monkeypatch.delenv("POD_IP", raising=False)
    assert number("MIN_PORT", 1) == 7000
    assert number("MAX_PORT", 8000) == 8000
    with pytest.raises(LabError, match="environment variable POD_IP is missing"):
        setting("POD_IP")
    monkeypatch.setenv("MIN_PORT", "many")
    with pytest.raises(LabError, match="MIN_PORT is 'many'; set it to a whole number"):
        number("MIN_PORT", 1)
