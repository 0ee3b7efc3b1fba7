"""Calls of EC2 that need more than one request."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._ec2.api import (
    FILTER_VALUES,
    describe_instance_types,
)


class Ec2:
    """Answers with the types that a filter names, one a page."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def get_paginator(self, name: str) -> Ec2:
        assert name == "describe_instance_types"
        return self

    def paginate(self, Filters: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N803
        names = Filters[0]["Values"]
        self.sizes.append(len(names))
        return [{"InstanceTypes": [{"InstanceType": name}]} for name in names]


def test_more_types_than_a_filter_takes_are_asked_for_in_turn() -> None:
    ec2 = Ec2()
    names = [f"type{number}" for number in range(FILTER_VALUES + 1)]
    assert [one["InstanceType"] for one in describe_instance_types(ec2, names)] == names
    assert ec2.sizes == [FILTER_VALUES, 1]


def test_no_types_need_no_call() -> None:
    ec2 = Ec2()
    assert (describe_instance_types(ec2, []), ec2.sizes) == ([], [])
