"""Names of load balancers and target groups that make no sense."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import (
    refuse_bad_name,
    refuse_bad_names,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


@pytest.mark.parametrize(
    ("load_balancers", "pairs", "message"),
    [
        ([], [("blue", "green")], "load_balancers is empty"),
        (["arena"], [], "pairs is empty"),
        ([" "], [("blue", "green")], r"load_balancers\[0\] is empty"),
        (["arena"], [("blue", "green"), ("x", "")], r"pairs\[1\]\.green is empty"),
        (
            ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/arena/1"],
            [("blue", "green")],
            r"load_balancers\[0\] is .*, of region us-east-1, but this task works in eu-west-1",
        ),
        (
            ["arena"],
            [("blue", "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/green/1")],
            r"pairs\[0\]\.green is .*, of region us-east-1",
        ),
        (["arena"], [("arn:aws:s3:::blue", "green")], r"pairs\[0\]\.blue .* is not the ARN of a targetgroup"),
        (["arn:x"], [("blue", "green")], r"load_balancers\[0\] is arn:x, which is not the ARN of a loadbalancer"),
    ],
)
def test_names_that_make_no_sense(load_balancers: list[str], pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BlueGreenError, match=message):
        refuse_bad_names(load_balancers, pairs, "eu-west-1")


@pytest.mark.parametrize(
    "name",
    ["blue", "arn-like", "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/blue/1"],
)
def test_a_name_or_an_arn_of_the_right_kind_and_region_is_taken(name: str) -> None:
    refuse_bad_name("pairs[0].blue", name, "targetgroup", "eu-west-1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1", "is not the ARN of a targetgroup"),
        ("arn:aws:ec2:eu-west-1:1:targetgroup/blue/1", "is not the ARN of a targetgroup"),
        ("arn:aws:elasticloadbalancing:eu-west-1", "is not the ARN of a targetgroup"),
        ("arn:aws-cn:elasticloadbalancing:cn-north-1:1:targetgroup/blue/1", "or set the option region$"),
    ],
)
def test_an_arn_of_something_else_says_which_option_it_is(name: str, message: str) -> None:
    with pytest.raises(BlueGreenError, match=rf"^pairs\[0\]\.blue is .*{message}"):
        refuse_bad_name("pairs[0].blue", name, "targetgroup", "eu-west-1")
