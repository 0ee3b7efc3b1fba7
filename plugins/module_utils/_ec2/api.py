# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The EC2 API, as far as it is read: one call per function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Description

# AWS takes this many values in one filter.
FILTER_VALUES = 200
_IN_USE = ("pending", "running")


@aws_call("find subnets by {filters}")
def describe_subnets(client: Any, filters: list[dict[str, Any]]) -> list[Description]:
    return _listed(client, "describe_subnets", "Subnets", filters)


@aws_call("list the route tables of VPC {vpc_id}")
def describe_route_tables(client: Any, vpc_id: str) -> list[Description]:
    return _listed(client, "describe_route_tables", "RouteTables", [{"Name": "vpc-id", "Values": [vpc_id]}])


@aws_call("list the running instances")
def describe_running_instances(client: Any) -> list[Description]:
    filters = [{"Name": "instance-state-name", "Values": list(_IN_USE)}]
    reservations = _listed(client, "describe_instances", "Reservations", filters, PaginationConfig={"PageSize": 1000})
    return [instance for reservation in reservations for instance in reservation["Instances"]]


@aws_call("list the network interfaces of the region")
def describe_network_interfaces(client: Any) -> list[Description]:
    return _listed(client, "describe_network_interfaces", "NetworkInterfaces", [], PaginationConfig={"PageSize": 1000})


@aws_call("read the instance types {names}")
def describe_instance_types(client: Any, names: Sequence[str]) -> list[Description]:
    """Those that the region knows; a filter, unlike the call's own parameter, skips the others."""
    return [
        found
        for some in _slices(names)
        for found in _listed(
            client, "describe_instance_types", "InstanceTypes", [{"Name": "instance-type", "Values": some}]
        )
    ]


@aws_call("read in which zones the instance types {names} are offered")
def describe_instance_type_offerings(client: Any, names: Sequence[str]) -> list[Description]:
    return [
        found
        for some in _slices(names)
        for found in _listed(
            client,
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            [{"Name": "instance-type", "Values": some}],
            LocationType="availability-zone",
        )
    ]


def _listed(client: Any, operation: str, key: str, filters: list[dict[str, Any]], **options: Any) -> list[Description]:
    pages = client.get_paginator(operation).paginate(Filters=filters, **options)
    return [one for page in pages for one in page[key]]


def _slices(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), FILTER_VALUES):
        yield list(names[start : start + FILTER_VALUES])
