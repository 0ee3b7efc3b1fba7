"""Adds to a fresh lab what the scenarios need.

Players whose matches on blue do not end by themselves, so that their number is known until they are drained; matches
that begin later are short. More rules than one page of AWS holds, one of them behind a login; a target group that is no
slot's, and a load balancer that belongs to another cluster.
"""

from __future__ import annotations

from typing import Any

from lab.demo import demo
from lab.game.conduct import Conduct, write
from lab.world.config import LabConfig
from lab.world.seed import GAME, LISTENER_PORT, Account

PARTIES = 4
PARTY_SIZE = 5
SHORT_MATCH_SECONDS = 4.0
RULES = 60
# The lab's own rule comes before all of these.
FIRST_PRIORITY = 101


def main() -> None:
    config = LabConfig.from_environment()
    account = Account(config)
    seed_load_balancers(account.client("elbv2"), account.client("ec2"))
    write(config, Conduct(match_seconds=0))
    demo.start_players(config, PARTIES, "--party-size", str(PARTY_SIZE), "--ramp-seconds", "1")
    demo.wait_for_players(config, PARTIES * PARTY_SIZE)
    write(config, Conduct(match_seconds=SHORT_MATCH_SECONDS))


def seed_load_balancers(elbv2: Any, ec2: Any) -> None:
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [GAME]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": [f"{GAME}-public-*"]}])["Subnets"]
    blue = elbv2.describe_target_groups(Names=[f"{GAME}-matchmaker-blue"])["TargetGroups"][0]["TargetGroupArn"]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=blue, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "13"}]
    )
    website = elbv2.create_target_group(Name=f"{GAME}-website", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    other = website["TargetGroups"][0]["TargetGroupArn"]
    balancer = elbv2.describe_load_balancers(Names=[GAME])["LoadBalancers"][0]["LoadBalancerArn"]
    add_rules(elbv2, elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"], blue, other)
    owned = elbv2.create_load_balancer(Name="owned", Subnets=[subnet["SubnetId"] for subnet in subnets])
    owned_arn = owned["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=owned_arn,
        Protocol="HTTP",
        Port=LISTENER_PORT,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": other}],
    )
    elbv2.add_tags(ResourceArns=[owned_arn], Tags=[{"Key": "elbv2.k8s.aws/cluster", "Value": "another-cluster"}])


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
            "ClientId": GAME,
            "ClientSecret": "hidden",
        },
    }
    forward = {"Type": "forward", "TargetGroupArn": blue}
    for number in range(RULES):
        actions = [login, {**forward, "Order": 2}] if number == 0 else [forward]
        add_rule(elbv2, listener, FIRST_PRIORITY + number, actions)
    add_rule(elbv2, listener, FIRST_PRIORITY + RULES, [{"Type": "forward", "TargetGroupArn": other}])


def add_rule(elbv2: Any, listener: str, priority: int, actions: list[dict[str, Any]]) -> None:
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [f"/match{priority}*"]}],
        Actions=actions,
    )


if __name__ == "__main__":
    main()
