"""Whether an API server answers."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.pulse import Pulse

from tests.unit.plugins.module_utils._drain.world import FakeClock


class Server:
    """Is alive or not, question by question."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    def is_alive(self, seconds: float) -> bool:
        return self.answers.pop(0)


def beats_after(*answers: bool) -> tuple[bool, list[bool]]:
    clock = FakeClock()
    clock.on_sleep = lambda seconds: setattr(clock, "seconds", clock.seconds + seconds)
    server = Server(*answers)
    pulse = Pulse(server, clock)
    pulse.feel_until(clock.monotonic() + len(answers))
    return pulse.beats, server.answers


def test_a_pulse_that_nobody_felt_beats() -> None:
    assert Pulse(Server(), FakeClock()).beats


def test_it_is_as_the_last_answer() -> None:
    assert beats_after(True, False) == (False, [])
    assert beats_after(True, False, True) == (True, [])
