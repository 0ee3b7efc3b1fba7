"""The longest chain of AWS's times that provisioning cannot beat."""

from __future__ import annotations

import pytest

from benchmarks.provision import AWS_SECONDS, longest_chain, scaled


@pytest.mark.parametrize(
    ("seconds", "chain"),
    [
        (AWS_SECONDS, 540.0 + 180.0 + 60.0),
        ({**AWS_SECONDS, "fargate_profile": 200.0}, 540.0 + 400.0 + 60.0),
        (scaled(60), 9.0 + 3.0 + 1.0),
    ],
)
def test_the_longest_chain(seconds: dict[str, float], chain: float) -> None:
    assert longest_chain(seconds) == pytest.approx(chain)
