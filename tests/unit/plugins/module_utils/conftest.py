"""Every write to a stand-in for an API server is held against what protects sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end

from tests.endings import Guard, Protect, guarded


@pytest.fixture(autouse=True)
def guard() -> Iterator[Guard]:
    """What the test's writes could have ended."""
    with guarded() as found:
        yield found


@pytest.fixture
def protect(monkeypatch: pytest.MonkeyPatch) -> Protect:
    """Protect every session from these acts; returns what is asked."""

    def protect(*acts: str) -> list[may_end.Case]:
        asked: list[may_end.Case] = []

        def is_sacred(case: may_end.Case, _now: float) -> str | None:
            asked.append(case)
            return "it is sacred" if case.act in acts else None

        monkeypatch.setattr(may_end, "FILTERS", (*may_end.FILTERS, is_sacred))
        return asked

    return protect
