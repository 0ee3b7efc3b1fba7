from __future__ import annotations

import pytest

from lab.agones.autoscaler_validation import fleet_autoscaler
from lab.agones.model import Obj

BUFFER: Obj = {"type": "Buffer", "buffer": {"bufferSize": 1, "maxReplicas": 3}}


def refused(policy: Obj) -> list[str]:
    return [error.text for error in fleet_autoscaler({"spec": {"policy": policy}})]


@pytest.mark.parametrize(
    ("buffer", "expected"),
    [
        ({"bufferSize": 5, "minReplicas": 5, "maxReplicas": 20}, []),
        ({"bufferSize": "20%", "minReplicas": 1, "maxReplicas": 20}, []),
        ({"bufferSize": 0, "maxReplicas": 2}, ["bufferSize: Invalid value: 0: must be greater than or equal to 0"]),
        (
            {"bufferSize": 5, "maxReplicas": 3},
            ["maxReplicas: Invalid value: 3: maxReplicas should be bigger than or equal to bufferSize"],
        ),
        (
            {"bufferSize": 5, "minReplicas": 2, "maxReplicas": 9},
            ["minReplicas: Invalid value: 2: minReplicas should be bigger than or equal to bufferSize"],
        ),
        (
            {"bufferSize": 1, "minReplicas": 5, "maxReplicas": 3},
            ["minReplicas: Invalid value: 5: minReplicas should be smaller than maxReplicas"],
        ),
        (
            {"bufferSize": "100%", "minReplicas": 1, "maxReplicas": 3},
            ['bufferSize: Invalid value: "100%": bufferSize should be between 1% and 99%'],
        ),
    ],
)
def test_buffer(buffer: Obj, expected: list[str]) -> None:
    assert refused({"type": "Buffer", "buffer": buffer}) == [f"spec.policy.buffer.{text}" for text in expected]


def test_a_policy_without_its_figures() -> None:
    (text,) = refused({"type": "Buffer"})
    assert text == "spec.policy.buffer: Required value: buffer policy config params are missing"


@pytest.mark.parametrize("kind", ["Counter", "List"])
@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"bufferSize": 5, "minCapacity": 10, "maxCapacity": 20}, []),
        ({"bufferSize": 5, "maxCapacity": 20}, []),
        ({"bufferSize": "20%", "minCapacity": 1, "maxCapacity": 20}, []),
        (
            {"bufferSize": 5, "minCapacity": 2, "maxCapacity": 9},
            ["minCapacity: Invalid value: 2: minCapacity should be bigger than or equal to bufferSize"],
        ),
        (
            {"bufferSize": 1, "minCapacity": 5, "maxCapacity": 3},
            ["minCapacity: Invalid value: 5: minCapacity should be smaller than maxCapacity"],
        ),
        (
            {"bufferSize": "20%", "maxCapacity": 3},
            [
                'minCapacity: Invalid value: "20%":  when bufferSize in percentage format is used, minCapacity should '
                "be more than 0"
            ],
        ),
    ],
)
def test_counter_and_list(kind: str, section: Obj, expected: list[str]) -> None:
    policy = {"type": kind, kind.lower(): {"key": "players", **section}}
    assert refused(policy) == [f"spec.policy.{kind.lower()}.{text}" for text in expected]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"url": "http://scaler"}, []),
        ({"service": {"namespace": "arena", "name": "scaler"}}, []),
        ({}, ["spec.policy.webhook: Required value: url should be provided"]),
        (
            {"url": "http://scaler", "service": {"namespace": "arena", "name": "scaler"}},
            ['spec.policy.webhook.url: Duplicate value: "service and url cannot be used simultaneously"'],
        ),
    ],
)
def test_webhook(section: Obj, expected: list[str]) -> None:
    assert refused({"type": "Webhook", "webhook": section}) == expected


def test_wasm_is_behind_a_feature_gate() -> None:
    text = "spec.policy.wasm: Forbidden: feature WasmAutoscaler must be enabled"
    assert refused({"type": "Wasm", "wasm": {"from": {"url": {"url": "http://module"}}}}) == [text]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"between": {"start": "2020-01-01T00:00:00Z"}}, []),
        ({"activePeriod": {"timezone": "Europe/Paris", "startCron": "0 14 * * 5", "duration": "2h45m"}}, []),
        ({"between": {"end": "2020-01-01T00:00:00Z"}}, ["between.end"]),
        ({"between": {"start": "2999-01-02T00:00:00Z", "end": "2999-01-01T00:00:00Z"}}, ["between"]),
        ({"activePeriod": {"timezone": "Europe/Atlantis"}}, ["activePeriod.timezone"]),
        ({"activePeriod": {"startCron": "0 14 *"}}, ["activePeriod.startCron"]),
        ({"activePeriod": {"startCron": "TZ=UTC 0 14 * * 5"}}, ["activePeriod.startCron"]),
        ({"activePeriod": {"duration": "two hours"}}, ["activePeriod.duration"]),
    ],
)
def test_schedule(more: Obj, expected: list[str]) -> None:
    found = refused({"type": "Schedule", "schedule": {**more, "policy": BUFFER}})
    assert [text.partition(": ")[0] for text in found] == [f"spec.policy.schedule.{one}" for one in expected]


def test_chain() -> None:
    bad = {"type": "Buffer", "buffer": {"bufferSize": 0, "maxReplicas": 3}}
    assert refused({"type": "Chain", "chain": [{"id": "a", **BUFFER}, {"id": "b", **BUFFER}]}) == []
    assert refused(
        {"type": "Chain", "chain": [{"id": "a", **BUFFER}, {"id": "a", **bad}, {"id": "c", "type": "List"}]}
    ) == [
        'spec.policy.chain: Invalid value: "a": id of chain entry must be unique',
        "spec.policy.chain[1].policy.buffer.bufferSize: Invalid value: 0: must be greater than or equal to 0",
        "spec.policy.chain[2]: Required value: valid policy is missing",
        "spec.policy.chain[2].policy.list: Required value: list policy config params are missing",
    ]
