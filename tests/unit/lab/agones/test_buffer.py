from __future__ import annotations

import pytest

from lab.agones.buffer import Desired, desired


@pytest.mark.parametrize(
    ("size", "lowest", "highest", "allocated", "expected"),
    [
        (5, 0, 20, 4, Desired(9, False)),
        (5, 5, 20, 0, Desired(5, False)),
        (5, 8, 20, 0, Desired(8, True)),
        (5, 0, 20, 18, Desired(20, True)),
        # Ready is to be 30 % of the Fleet: 8 are the other 70 %.
        ("30%", 1, 50, 8, Desired(12, False)),
        ("30%", 1, 50, 0, Desired(1, True)),
    ],
)
def test_desired(size: int | str, lowest: int, highest: int, allocated: int, expected: Desired) -> None:
    policy = {"bufferSize": size, "minReplicas": lowest, "maxReplicas": highest}
    assert desired(policy, allocated) == expected
