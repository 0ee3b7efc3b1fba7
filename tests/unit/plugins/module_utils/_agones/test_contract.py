from __future__ import annotations

import json

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    DEFAULT_DOMAIN,
    Request,
    read_acknowledgement,
    read_request,
    request_patch,
)

from tests.unit.plugins.module_utils._drain.world import START

REQUEST = Request("run-1", 3, "requested", "disconnect", "*", START, START + 60, 10.0)
DRAIN = f"{DEFAULT_DOMAIN}/drain"


def test_a_request_has_the_fields_of_the_contract_and_is_small() -> None:
    text = REQUEST.to_json()
    assert json.loads(text) == {
        "v": 1,
        "run": "run-1",
        "seq": 3,
        "state": "requested",
        "mode": "disconnect",
        "allocation": "*",
        "not_before": "2026-11-23T12:00:00.000Z",
        "deadline": "2026-11-23T12:01:00.000Z",
        "spread_seconds": 10.0,
        "reason": "drain",
    }
    assert len(text) < 1024


def test_a_request_survives_its_annotation() -> None:
    assert read_request({DRAIN: REQUEST.to_json()}, DEFAULT_DOMAIN) == REQUEST


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"v": 2}', '{"v": 1, "run": "a"}'])
def test_what_is_no_request_is_none(text: str) -> None:
    assert read_request({DRAIN: text}, DEFAULT_DOMAIN) is None
    assert read_acknowledgement({"agones.dev/sdk-drain-ack": text}) is None


def test_a_request_of_another_version_or_without_times_is_none() -> None:
    document = json.loads(REQUEST.to_json())
    for change in ({"v": 2}, {"not_before": "soon"}, {"seq": "x"}, {"deadline": None}):
        assert read_request({DRAIN: json.dumps({**document, **change})}, DEFAULT_DOMAIN) is None


def test_an_acknowledgement() -> None:
    text = '{"run": "r", "seq": 2, "phase": "closing", "closing_at": "2026-11-23T12:00:00Z", "players": 3}'
    found = read_acknowledgement({"agones.dev/sdk-drain-ack": text})
    assert found is not None
    assert (found.run, found.seq, found.phase, found.closing_at) == ("r", 2, "closing", START)


def test_the_patch_is_conditional_and_labels_only_what_is_asked() -> None:
    patch = request_patch(REQUEST, DEFAULT_DOMAIN, "41")
    assert patch["metadata"]["resourceVersion"] == "41"
    assert patch["metadata"]["labels"] == {"eks-bluegreen.gameops/draining": "run-1"}
    cancelled = Request("run-1", 4, "cancelled", "disconnect", "*", START, START, 10.0)
    assert request_patch(cancelled, DEFAULT_DOMAIN, "42")["metadata"]["labels"] == {
        "eks-bluegreen.gameops/draining": None
    }
