"""Helm's records of its releases."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.api import newest_of, release_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.plan import HelmRelease

NOW = datetime(2026, 11, 23, 1, 35, 0, tzinfo=timezone.utc)


def secret(*, compressed: bool = True, **fields: Any) -> dict[str, Any]:
    body = {
        "name": "agones",
        "namespace": "agones-system",
        "version": 2,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "agones", "version": "1.60.0"}},
        "config": {"replicas": 2},
        **fields,
    }
    text = json.dumps(body).encode()
    packed = base64.b64encode(gzip.compress(text) if compressed else text)
    return {
        "metadata": {"creationTimestamp": "2026-11-23T01:34:30Z"},
        "data": {"release": base64.b64encode(packed).decode()},
    }


@pytest.mark.parametrize("compressed", [True, False])
def test_a_record_becomes_a_release(compressed: bool) -> None:
    release = release_of(secret(compressed=compressed), NOW)
    assert release == HelmRelease("agones", "agones-system", 2, "deployed", "1.60.0", {"replicas": 2}, 30.0)


def test_a_release_without_values() -> None:
    assert release_of(secret(config=None), NOW).values == {}


def test_the_newest_revision_counts_by_number() -> None:
    releases = [release_of(secret(version=version), NOW) for version in (9, 10, 2)]
    assert [release.revision for release in newest_of(releases)] == [10]
