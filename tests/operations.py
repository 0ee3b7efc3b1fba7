"""Which operations of AWS the collection's code calls, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from lab.world.config import REPOSITORY

SERVICES = (
    *("cloudwatch", "ec2", "eks", "elb", "elbv2", "iam", "logs"),
    *("s3", "service-quotas", "ssm", "sts"),
)
INDIRECT = ("get_paginator", "get_waiter")


@cache
def known_operations() -> dict[str, set[str]]:
    """Operations of these services by their names in boto3: `describe_cluster` -> `eks.DescribeCluster`, ..."""
    session = botocore.session.Session()
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(operation), set()).add(f"{service}.{operation}")
    return found


def called_operations() -> dict[str, set[Path]]:
    """The boto3 names of all operations that a plugin calls, with the files that do."""
    found: dict[str, set[Path]] = {}
    for path in (REPOSITORY / "plugins").rglob("*.py"):
        for name in _calls(path):
            if name in known_operations():
                found.setdefault(name, set()).add(path)
    return found


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        given = node.args[0] if node.args else None
        if node.func.attr in INDIRECT and isinstance(given, ast.Constant):
            yield str(given.value)
        else:
            yield node.func.attr
