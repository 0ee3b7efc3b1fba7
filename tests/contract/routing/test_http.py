"""The provider `http` with a real endpoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit, http_provider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider

from tests.contract.routing.endpoint import PASSWORD, Matchmaker, serving


@pytest.fixture(scope="module")
def matchmaker() -> Matchmaker:
    return Matchmaker()


@pytest.fixture(scope="module")
def url(matchmaker: Matchmaker) -> Iterator[str]:
    with serving(matchmaker) as url:
        yield url


class TestHttp(RoutingKit):
    @pytest.fixture
    def provider(self, url: str) -> Provider:
        return http_provider(url, {"Authorization": PASSWORD})


def test_a_wrong_password_is_an_error_without_the_password(url: str) -> None:
    with pytest.raises(BlueGreenError, match=r"HTTP 401.*check headers in eks_bluegreen_routing_http") as refusal:
        http_provider(url, {"Authorization": "wrong-password"}).read()
    assert "wrong-password" not in refusal.value.message


def test_a_passing_fault_is_passed_over(matchmaker: Matchmaker, url: str) -> None:
    matchmaker.fail_next = 2
    assert http_provider(url, {"Authorization": PASSWORD}).read().weights


def test_nobody_there_says_where(url: str) -> None:
    nowhere = "http://user:secret@127.0.0.1:1/destination?key=secret"
    with pytest.raises(BlueGreenError, match=r"GET http://127.0.0.1:1/destination: no answer") as refusal:
        http_provider(nowhere).read()
    assert "secret" not in refusal.value.message
