"""Reads load balancers from the AWS endpoint."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from lab.alb.model import LoadBalancer, World, parse_listener, parse_target_group
from lab.world.config import LabConfig
from lab.world.seed import ACCESS_KEY, SECRET_KEY


def make_client(config: LabConfig) -> Any:
    return boto3.client(
        "elbv2",
        endpoint_url=config.aws_endpoint,
        region_name=config.region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        # The next reading comes in a second: a retry is not worth the wait.
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
    )


def read_world(elbv2: Any) -> World:
    """Everything that the data plane needs; target groups without a load balancer are left out."""
    found = elbv2.get_paginator("describe_load_balancers").paginate().build_full_result()["LoadBalancers"]
    applications = [one for one in found if one["Type"] == "application"]
    balancers = tuple(
        _read_balancer(elbv2, one) for one in sorted(applications, key=lambda one: str(one["CreatedTime"]))
    )
    in_use = {arn for balancer in balancers for arn in balancer.target_groups()}
    groups = elbv2.get_paginator("describe_target_groups").paginate().build_full_result()["TargetGroups"]
    return World(
        balancers,
        {
            one["TargetGroupArn"]: parse_target_group(
                one, elbv2.describe_target_health(TargetGroupArn=one["TargetGroupArn"])["TargetHealthDescriptions"]
            )
            for one in groups
            if one["TargetGroupArn"] in in_use
        },
    )


def _read_balancer(elbv2: Any, balancer: dict[str, Any]) -> LoadBalancer:
    arn = balancer["LoadBalancerArn"]
    listeners = elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn).build_full_result()
    return LoadBalancer(
        arn,
        balancer["LoadBalancerName"],
        tuple(
            parse_listener(one, _read_rules(elbv2, one["ListenerArn"]))
            for one in listeners["Listeners"]
            if one["Protocol"] == "HTTP"
        ),
    )


def _read_rules(elbv2: Any, listener_arn: str) -> list[dict[str, Any]]:
    pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener_arn)
    rules: list[dict[str, Any]] = pages.build_full_result()["Rules"]
    return rules
