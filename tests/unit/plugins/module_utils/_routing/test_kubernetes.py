"""Versions and ages of Kubernetes objects."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.kubernetes import age_seconds, conditional

NOW = datetime(2026, 11, 1, 12, 0, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("metadata", "age"),
    [
        ({"managedFields": [{"time": "2026-11-01T11:00:00Z"}, {"time": "2026-11-01T12:00:00Z"}]}, 30.0),
        ({"managedFields": [{"manager": "x"}], "creationTimestamp": "2026-11-01T11:59:30Z"}, 60.0),
        ({"managedFields": [{"time": "2026-11-01T12:00:31Z"}]}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_age_is_that_of_the_last_change(metadata: dict[str, Any], age: float) -> None:
    assert age_seconds({"metadata": metadata}, NOW) == age


def test_a_patch_is_conditional_on_a_version_or_not_at_all() -> None:
    body: dict[str, Any] = {"metadata": {"annotations": {"a": "b"}}, "spec": {"weight": 1}}
    assert conditional(body, None) == body
    assert conditional(body, "7")["metadata"] == {"annotations": {"a": "b"}, "resourceVersion": "7"}
    assert "resourceVersion" not in body["metadata"]


def test_the_servers_clock_is_told_by_any_answer_of_it() -> None:
    def request(method: str, url: str, **more: Any) -> SimpleNamespace:
        assert (method, url) == ("GET", "https://home/version")
        return SimpleNamespace(status=200, headers={"Date": "Sun, 01 Nov 2026 12:00:30 GMT"})

    client = SimpleNamespace(
        configuration=SimpleNamespace(host="https://home"),
        rest_client=SimpleNamespace(pool_manager=SimpleNamespace(request=request)),
        update_params_for_auth=lambda *_: None,
    )
    assert KubeApi(client).server_time() == NOW
