"""Clients of one session, with the module's connection options."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.clients import Clients


def clients(monkeypatch: pytest.MonkeyPatch, **options: object) -> Clients:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    params = {
        "region": "eu-west-1",
        "endpoint_url": "http://127.0.0.9:4566",
        "access_key": "AKIATEST",
        "secret_key": "secret-of-the-test",
        "session_token": None,
        "profile": None,
        "validate_certs": True,
        "aws_ca_bundle": None,
        "aws_config": None,
    }
    return Clients(SimpleNamespace(params={**params, **options}))


def test_a_client_has_the_modules_options(monkeypatch: pytest.MonkeyPatch) -> None:
    made = clients(monkeypatch, aws_config={"read_timeout": 3})("eks")
    assert (made.meta.region_name, made.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.9:4566")
    assert (made.meta.config.read_timeout, made.meta.config.connect_timeout) == (3, 3)


def test_regions_of_every_partition_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"eu-west-1", "us-gov-west-1", "cn-north-1"} <= set(clients(monkeypatch).regions("eks"))
