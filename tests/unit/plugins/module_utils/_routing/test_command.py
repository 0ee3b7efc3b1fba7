"""The provider of a program: what it is asked, and how it may fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.command import (
    CommandProvider,
    Outcome,
    Subprocess,
)


class Program:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self, stdout: str = "{}", stderr: str = "", status: int = 0) -> None:
        self.outcome = Outcome(status, stdout, stderr)
        self.asked: list[tuple[Sequence[str], object]] = []

    def __call__(self, argv: Sequence[str], stdin: str) -> Outcome:
        self.asked.append((argv, json.loads(stdin)))
        return self.outcome


def test_a_verb_is_the_last_argument_and_the_question_comes_on_stdin() -> None:
    program = Program('{"revision": 8}')
    provider = CommandProvider(["/bin/router", "--key", "secret"], program)
    assert provider.set({"blue": 0, "green": 100}, "7", "run-1") == "8"
    provider.close("blue")
    assert program.asked == [
        (
            ["/bin/router", "--key", "secret", "set"],
            {"weights": {"blue": 0, "green": 100}, "if_revision": "7", "token": "run-1"},
        ),
        (["/bin/router", "--key", "secret", "close"], {"slot": "blue"}),
    ]


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (Program(status=3, stderr="no such table\n"), "program /bin/router read ended with status 3: no such table"),
        (Program(status=1), "ended with status 1: nothing on stderr"),
        (Program("hello"), "program /bin/router read answered 'hello', which is not a JSON object"),
        (Program("[]"), "which is not a JSON object"),
        (Program("{}"), "program /bin/router: evidence is missing, but must be an object"),
    ],
)
def test_a_program_that_fails_says_what_it_said_and_hides_its_arguments(program: Program, problem: str) -> None:
    with pytest.raises(BlueGreenError) as failure:
        CommandProvider(["/bin/router", "--key", "secret"], program).read()
    assert problem in failure.value.message
    assert "secret" not in failure.value.message


def test_a_program_must_be_named() -> None:
    with pytest.raises(BlueGreenError, match="argv in eks_bluegreen_routing_command"):
        CommandProvider([], Program())


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(BlueGreenError, match="/no/such/router cannot be started"):
        Subprocess(1.0)(["/no/such/router", "read"], "{}")


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(BlueGreenError, match="still running"):
        Subprocess(0.1)([sys.executable, "-c", "import time; time.sleep(60)"], "{}")
