"""Calls side by side: the order of their values, and what becomes of an error."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel


def test_in_parallel_keeps_the_order() -> None:
    assert in_parallel(lambda n: n * n, range(40)) == [n * n for n in range(40)]


@pytest.mark.parametrize(("arguments", "values"), [([], []), ([7], [8])])
def test_a_single_call_needs_no_thread(arguments: list[int], values: list[int]) -> None:
    threads: list[threading.Thread] = []

    def plus_one(number: int) -> int:
        threads.append(threading.current_thread())
        return number + 1

    assert in_parallel(plus_one, arguments) == values
    assert threads == [threading.current_thread()] * len(arguments)


def test_arguments_may_be_read_once_only() -> None:
    assert in_parallel(str, iter([1, 2, 3])) == ["1", "2", "3"]


def test_calls_are_under_way_together() -> None:
    together = threading.Barrier(2, timeout=10)
    assert sorted(in_parallel(lambda _number: together.wait(), [1, 2], threads=2)) == [0, 1]


def test_the_first_error_is_that_of_the_first_argument_and_comes_after_what_had_begun() -> None:
    together = threading.Barrier(2, timeout=10)
    ended: list[int] = []

    def fail_at_one_and_two(number: int) -> None:
        if number < 2:
            together.wait()
        if number in (1, 2):
            raise ValueError(f"number {number}")
        ended.append(number)

    with pytest.raises(ValueError, match="number 1"):
        in_parallel(fail_at_one_and_two, range(9), threads=2)
    assert 0 in ended
