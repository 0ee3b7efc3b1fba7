"""The provider of an endpoint: what is sent, and answers that got lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.http_endpoint import Answer, HttpProvider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Moved

from tests.unit.plugins.clock import FakeClock

URL = "https://matchmaking.example/destination"
GREEN = {"blue": 0, "green": 100}


def reading(revision: int, token: str, weights: Mapping[str, int] = GREEN) -> Answer:
    evidence = {"followed": True, "text": "yes"}
    return Answer(200, json.dumps({"weights": weights, "revision": revision, "token": token, "evidence": evidence}))


class Endpoint:
    """Answers one after the other."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Any, Mapping[str, str]]] = []

    def __call__(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        self.sent.append((method, url, body and json.loads(body), headers))
        return self.answers.pop(0)


def provider_of(*answers: Answer) -> tuple[HttpProvider, Endpoint, FakeClock]:
    endpoint, clock = Endpoint(*answers), FakeClock()
    return HttpProvider(URL, endpoint, clock), endpoint, clock


def test_a_write_is_conditional_on_the_revision() -> None:
    provider, endpoint, _ = provider_of(Answer(200, '{"revision": 8}'))
    assert provider.set(GREEN, "7", "run-1") == "8"
    headers = {"Content-Type": "application/json", "If-Match": '"7"'}
    assert endpoint.sent == [("PUT", URL, {"weights": GREEN, "token": "run-1"}, headers)]


def test_a_write_over_anything_has_no_condition() -> None:
    provider, endpoint, _ = provider_of(Answer(200, '{"revision": 8}'))
    provider.set(GREEN, None, "run-1")
    assert "If-Match" not in endpoint.sent[0][3]


def test_a_write_whose_answer_got_lost_is_found_again() -> None:
    provider, _, _ = provider_of(Answer(0, "timed out"), reading(8, "run-1"))
    assert provider.set(GREEN, "7", "run-1") == "8"


def test_a_write_without_an_answer_that_did_not_land_is_an_error() -> None:
    provider, _, _ = provider_of(Answer(0, "timed out"), reading(7, "other"))
    with pytest.raises(BlueGreenError, match=f"PUT {URL}: no answer: timed out"):
        provider.set(GREEN, "7", "run-1")


def test_a_refusal_of_our_own_write_that_was_sent_twice_is_a_success() -> None:
    provider, _, _ = provider_of(Answer(412, "stale"), reading(8, "run-1"))
    assert provider.set(GREEN, "7", "run-1") == "8"


def test_a_refusal_tells_who_was_there() -> None:
    provider, _, _ = provider_of(Answer(412, "stale"), reading(8, "rival"))
    with pytest.raises(Moved, match="at revision 8 with weights blue 0, green 100, set by rival, not at revision 7"):
        provider.set(GREEN, "7", "run-1")


def test_reading_is_tried_again_and_then_gives_up() -> None:
    provider, endpoint, clock = provider_of(Answer(503, "busy"), Answer(0, "reset"), reading(7, ""))
    assert provider.read().revision == "7"
    assert (len(endpoint.sent), clock.seconds) == (3, 0.7)
    with pytest.raises(BlueGreenError, match="HTTP 503: busy; look at the endpoint's own log"):
        provider_of(*[Answer(503, "busy")] * 4)[0].read()


def test_a_slot_is_part_of_the_path() -> None:
    provider, endpoint, _ = provider_of(Answer(200, '{"depth": null, "oldest": 0, "open": true}'), Answer(204, ""))
    assert provider.queue("blue").depth is None
    provider.close("a/b")
    assert [(method, url, body) for method, url, body, _ in endpoint.sent] == [
        ("GET", f"{URL}/queues/blue", None),
        ("PUT", f"{URL}/queues/a%2Fb", {"open": False}),
    ]
