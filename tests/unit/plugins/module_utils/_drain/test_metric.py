from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.metric import metric_reader, parse_metric
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

PROMETHEUS = """\
# HELP players_online Players in sessions.
# TYPE players_online gauge
players_online{slot="blue",region="eu west"} 30 1700000000000
players_online{slot="green"} 1.5e1
players_online_peak 99
plain 7
"""


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("42", "", 42.0),
        ('{"online": 7}', "online", 7.0),
        ('{"players": {"online": 7.5}}', "players.online", 7.5),
        (PROMETHEUS, "players_online", 45.0),
        (PROMETHEUS, "plain", 7.0),
    ],
)
def test_numbers(text: str, name: str, value: float) -> None:
    assert parse_metric(text, name) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [("{}", "online"), ('{"online": true}', "online"), ("[1]", "0"), (PROMETHEUS, "absent"), ("", "x")],
)
def test_what_is_not_there_is_an_error(text: str, name: str) -> None:
    with pytest.raises(ValueError, match="no "):
        parse_metric(text, name)


def test_a_url_that_cannot_be_read_says_so() -> None:
    with pytest.raises(BlueGreenError, match=r"players_metric: file:///nowhere cannot be read"):
        metric_reader("file:///nowhere", "x")()


def test_the_error_does_not_tell_the_secrets_of_the_url() -> None:
    with pytest.raises(BlueGreenError) as caught:
        metric_reader("http://user:secret@127.0.0.1:1/metrics?token=secret", "x")()
    assert "http://127.0.0.1:1/metrics cannot be read" in caught.value.message
    assert "secret" not in caught.value.message
