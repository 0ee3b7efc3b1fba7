"""What the module makes of queues that a provider does not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.follows_traffic import (
    FollowsTrafficProvider,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider
from ansible_collections.gameops.eks_bluegreen.plugins.modules import session_destination

from tests.unit.plugins.module_utils._routing.test_follows_traffic import Traffic
from tests.unit.plugins.module_utils._routing.test_round import FakeProvider

SWITCHED = {"green": "open"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(session_destination, "Clients", lambda _module: None)

    def called(provider: Provider, **options: Any) -> dict[str, Any]:
        monkeypatch.setattr(session_destination, "provider_of", lambda *_: provider)
        given: dict[str, Any] = {
            "weights": None,
            "queues": {},
            "token": "run-1",
            "if_revision": None,
            "wait": True,
            "lease": None,
        }
        params = {**given, "ignore_missing_queues": False, **options}
        result: dict[str, Any] = session_destination.run(SimpleNamespace(params=params, check_mode=False))
        return result

    return called


def traffic() -> FollowsTrafficProvider:
    """On its way: the listeners differ, so that there is no evidence to wait for."""
    return FollowsTrafficProvider(Traffic(blue=(0.0, 90.0), green=(10.0, 100.0)))


def test_queues_that_a_provider_never_has_are_refused(run: Any) -> None:
    with pytest.raises(BlueGreenError, match="has no queue of green"):
        run(traffic(), queues=SWITCHED)


def test_or_left_alone_where_that_is_asked_for_and_nothing_is_waited_for(run: Any) -> None:
    read = run(traffic(), queues=SWITCHED, ignore_missing_queues=True)
    assert (read["changed"], read["followed"], read["queues"]) == (False, False, {})


def test_a_provider_that_says_that_it_has_none_contradicts_the_option(run: Any) -> None:
    with pytest.raises(BlueGreenError, match="has no queue of green"):
        run(FakeProvider(), queues=SWITCHED, ignore_missing_queues=True)
