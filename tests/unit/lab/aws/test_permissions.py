from __future__ import annotations

import json
from typing import Any

import pytest

from lab.aws.permissions import Check, is_allowed


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


CLUSTERS = "arn:aws:eks:eu-west-1:1:cluster/"
READS = policy({"Action": ["eks:Describe*", "eks:ListClusters"], "Resource": f"{CLUSTERS}arena-*"})
PASS = policy(
    {
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::1:role/node",
        "Condition": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}},
    }
)
NODE = "arn:aws:iam::1:role/node"


@pytest.mark.parametrize(
    ("documents", "check", "allowed"),
    [
        ([READS], Check("eks:DescribeCluster", f"{CLUSTERS}arena-blue"), True),
        ([READS], Check("EKS:describecluster", f"{CLUSTERS}arena-blue"), True),
        ([READS], Check("eks:DescribeCluster", f"{CLUSTERS}other"), False),
        ([READS], Check("eks:DeleteCluster", f"{CLUSTERS}arena-blue"), False),
        ([READS], Check("eks:ListClusters"), False),
        ([], Check("eks:ListClusters"), False),
        ([READS, policy({"Action": "*", "Resource": "*"})], Check("eks:ListClusters"), True),
        (
            [policy({"Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "a:B", "Resource": "*"})],
            Check("a:B"),
            False,
        ),
        ([policy({"Action": "s3:Get?bject", "Resource": "a.c"})], Check("s3:GetObject", "a.c"), True),
        ([policy({"Action": "s3:GetObject", "Resource": "a.c"})], Check("s3:GetObject", "abc"), False),
        ([PASS], Check("iam:PassRole", NODE, (("iam:PassedToService", "ec2.amazonaws.com"),)), True),
        ([PASS], Check("iam:PassRole", NODE, (("iam:PassedToService", "lambda.amazonaws.com"),)), False),
        ([PASS], Check("iam:PassRole", NODE), False),
    ],
)
def test_what_policies_allow_together(documents: list[str], check: Check, allowed: bool) -> None:
    assert is_allowed(documents, check) is allowed


@pytest.mark.parametrize(
    "more", [{"NotAction": "a:B"}, {"Condition": {"StringLike": {"aws:x": "*"}}}, {"Principal": "*"}]
)
def test_a_policy_that_says_more_than_is_judged_is_refused(more: dict[str, Any]) -> None:
    document = policy({"Action": "*", "Resource": "*", **more})
    with pytest.raises(ValueError, match="cannot judge"):
        is_allowed([document], Check("a:B"))
