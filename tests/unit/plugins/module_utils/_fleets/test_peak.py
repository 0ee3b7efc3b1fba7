"""The recent peak, by Prometheus' answers."""

from __future__ import annotations

import io
import json
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets import peak
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fleets.peak import peak_reader, read_peaks

ARENA, LOBBY = ("arena", "arena"), ("arena", "lobby")
URL = "http://user:secret@prometheus.test:9090/"


def sample(value: Any, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1795435200.0, str(value)]}


def answer(*samples: dict[str, Any], kind: str = "vector") -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": list(samples)}})


def failure(text: str) -> str:
    return json.dumps({"status": "error", "errorType": "bad_data", "error": text})


@pytest.mark.parametrize(
    "samples",
    [
        [sample(80, fleet_name="arena"), sample(7, fleet_name="lobby")],
        [sample(79.5, fleet="arena"), sample(7, fleet="lobby", namespace="arena")],
        [
            sample(80, fleet="arena", namespace="arena"),
            sample(9, fleet="arena", namespace="b"),
            sample(7, fleet="lobby"),
        ],
        [sample(80, fleet_name="arena"), sample(7, fleet_name="lobby"), sample(3, fleet_name="none"), sample(1)],
    ],
)
def test_a_number_for_each_fleet(samples: list[dict[str, Any]]) -> None:
    asked: list[str] = []

    def get(url: str) -> str:
        asked.append(url)
        return answer(*samples)

    assert read_peaks(URL, 'max(x{a="b"})', [ARENA, LOBBY], get) == {ARENA: 80, LOBBY: 7}
    parts = urlsplit(asked[0])
    assert (parts.path, parse_qs(parts.query)) == ("/api/v1/query", {"query": ['max(x{a="b"})']})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (answer(), "there is no sample for Fleet arena/arena: widen the query"),
        (answer(sample(5, fleet="other")), "there is no sample for Fleet arena/arena"),
        (answer(sample(5, fleet="arena", namespace="b")), "there is no sample for Fleet arena/arena"),
        (answer(sample(5, fleet="arena", pod="a"), sample(6, fleet="arena", pod="b")), "2 samples are for Fleet"),
        (answer(sample("NaN", fleet="arena")), "is nan, which is not a number of sessions"),
        (answer(sample("+Inf", fleet="arena")), "is inf, which"),
        (answer(sample(-1, fleet="arena")), "is -1, which"),
        (answer(kind="matrix"), "the query returns a matrix; an instant vector with a sample for each Fleet is needed"),
        (failure("parse error: unclosed left brace"), "parse error: unclosed left brace"),
        ("<html>sign in</html>", "gives no recent peak"),
        ("[]", "the answer is not one of the Prometheus API"),
        ('{"status": "success"}', "gives no recent peak"),
    ],
)
def test_no_number_is_an_error_that_says_why(text: str, words: str) -> None:
    with pytest.raises(BlueGreenError, match=words.replace("(", r"\(")) as refused:
        read_peaks(URL, "x", [ARENA], lambda _url: text)
    assert refused.value.message.startswith("peak_query: http://prometheus.test:9090/")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (URLError("connection refused"), "connection refused"),
        (TimeoutError("timed out"), "timed out"),
        (
            HTTPError(URL, 400, "Bad Request", Message(), io.BytesIO(failure("unknown function").encode())),
            "unknown function",
        ),
        (HTTPError(URL, 503, "Unavailable", Message(), io.BytesIO(b"<html>")), "503"),
    ],
)
def test_who_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, trouble: OSError, words: str) -> None:
    def open_url(*_what: Any, **_how: Any) -> Any:
        raise trouble

    monkeypatch.setattr(peak, "open_url", open_url)
    reader = peak_reader({"url": URL, "query": "x"})
    assert reader is not None
    with pytest.raises(BlueGreenError, match=words):
        reader([ARENA])


def test_who_answers_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO(answer(sample(80, fleet_name="arena")).encode())
    monkeypatch.setattr(peak, "open_url", lambda *_what, **_how: body)
    reader = peak_reader({"url": URL, "query": "x"})
    assert reader is not None
    assert reader([ARENA]) == {ARENA: 80}


def test_without_a_query_nobody_is_asked() -> None:
    assert peak_reader(None) is None
