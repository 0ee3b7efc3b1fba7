"""A clock that is wrong is refused before anybody is asked to go."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import ApiFailure
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.skew import refuse_wrong_clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._drain.world import FakeClock


class Server:
    """Its clock is ahead of ours by so many seconds; None: it does not answer. An answer takes so many seconds."""

    def __init__(self, clock: FakeClock, ahead: float | None, takes: float = 0.0) -> None:
        self._clock, self._ahead, self._takes = clock, ahead, takes

    def server_time(self) -> datetime:
        if self._ahead is None:
            raise ApiFailure("no answer", 0)
        there = self._clock.now() + timedelta(seconds=self._ahead)
        self._clock.seconds += self._takes
        return there


@pytest.mark.parametrize("ahead", [0.0, 4.9, -4.9, None])
def test_a_clock_that_is_right_or_unknown(ahead: float | None) -> None:
    clock = FakeClock()
    refuse_wrong_clock(Server(clock, ahead), clock, "blue")


def test_a_slow_answer_is_no_skew() -> None:
    clock = FakeClock()
    refuse_wrong_clock(Server(clock, 4.0, takes=14.0), clock, "blue")


@pytest.mark.parametrize(("ahead", "words"), [(60.0, "60 s behind that of"), (-7.0, "7 s ahead of that of")])
def test_a_clock_that_is_wrong(ahead: float, words: str) -> None:
    clock = FakeClock()
    with pytest.raises(BlueGreenError, match=f"{words} the API server of blue.*NTP"):
        refuse_wrong_clock(Server(clock, ahead), clock, "blue")
