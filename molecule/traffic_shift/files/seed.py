"""A VPC, blue's target group with two targets, and a load balancer with more rules than one page of AWS holds."""

from __future__ import annotations

from typing import Any

import boto3

RULES = 60


def main() -> None:
    ec2, elbv2 = boto3.client("ec2"), boto3.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    blue = elbv2.create_target_group(
        Name="arena-matchmaker-blue",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/healthz",
        HealthCheckIntervalSeconds=7,
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=blue, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "13"}]
    )
    elbv2.register_targets(TargetGroupArn=blue, Targets=[{"Id": "10.0.0.10"}, {"Id": "10.0.0.11"}])
    other = elbv2.create_target_group(Name="arena-website", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    for name in ("arena", "owned"):
        arn = elbv2.create_load_balancer(Name=name, Subnets=[subnet["SubnetId"] for subnet in subnets])
        load_balancer = arn["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elbv2.create_listener(
            LoadBalancerArn=load_balancer,
            Protocol="HTTP",
            Port=8080,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": blue if name == "arena" else other}],
        )["Listeners"][0]["ListenerArn"]
        if name == "arena":
            add_rules(elbv2, listener, blue, other)
        else:
            tags = [{"Key": "elbv2.k8s.aws/cluster", "Value": "arena-blue"}]
            elbv2.add_tags(ResourceArns=[load_balancer], Tags=tags)


def add_rules(elbv2: Any, listener: str, blue: str, other: str) -> None:
    """Rules to blue, one of them behind a login, and one to a target group that is no slot's."""
    login = {
        "Type": "authenticate-oidc",
        "Order": 1,
        "AuthenticateOidcConfig": {
            "Issuer": "https://issuer.example",
            "AuthorizationEndpoint": "https://issuer.example/authorize",
            "TokenEndpoint": "https://issuer.example/token",
            "UserInfoEndpoint": "https://issuer.example/user",
            "ClientId": "arena",
            "ClientSecret": "hidden",
        },
    }
    forward = {"Type": "forward", "TargetGroupArn": blue}
    for number in range(1, RULES + 1):
        actions = [login, {**forward, "Order": 2}] if number == 1 else [forward]
        add_rule(elbv2, listener, number, actions)
    add_rule(elbv2, listener, RULES + 1, [{"Type": "forward", "TargetGroupArn": other}])


def add_rule(elbv2: Any, listener: str, priority: int, actions: list[dict[str, Any]]) -> None:
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [f"/match{priority}*"]}],
        Actions=actions,
    )


if __name__ == "__main__":
    main()
