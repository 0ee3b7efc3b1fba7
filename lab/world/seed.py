"""What is in the lab's AWS account before anyone upgrades: the network, the roles, the load balancer, blue.

Written with boto3 and helm, not with the collection, so that the collection's preflight has something
to judge that it did not make itself.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import jinja2
import yaml
from botocore.exceptions import ClientError

from lab.world.config import ACCOUNT_ID, REPOSITORY, LabConfig, LabError
from lab.world.users import ADMINISTRATOR, User

ACCESS_KEY = ADMINISTRATOR.access_key
SECRET_KEY = ADMINISTRATOR.secret_key
GAME = "arena"
BUCKET = "arena-eks-bluegreen"
DOCUMENT = "/arena/session-destination"
DIRECTOR_DOCUMENT = "/arena/director"
TICKETS = "arena-tickets"
LISTENER_PORT = 8080
CLUSTER_NAMES = {"blue": "arena-blue", "green": "arena-green"}
FIRST_RELEASE = "2026-10"

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


PROGRAMS_MAY = {
    "matchmaker": [
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"],
            "Resource": [
                f"arn:aws:ssm:*:{ACCOUNT_ID}:parameter{DOCUMENT}",
                f"arn:aws:ssm:*:{ACCOUNT_ID}:parameter{DOCUMENT}/*",
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"],
            "Resource": f"arn:aws:dynamodb:*:{ACCOUNT_ID}:table/{TICKETS}",
        },
        {"Effect": "Allow", "Action": "eks:DescribeCluster", "Resource": f"arn:aws:eks:*:{ACCOUNT_ID}:cluster/*"},
    ],
    "director": [
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:PutParameter"],
            "Resource": f"arn:aws:ssm:*:{ACCOUNT_ID}:parameter{DIRECTOR_DOCUMENT}",
        },
    ],
    "load-balancer-controller": [
        {"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
            "Resource": f"arn:aws:elasticloadbalancing:*:{ACCOUNT_ID}:targetgroup/*",
        },
    ],
}


class Account:
    """boto3 clients of a user of the lab, made once each."""

    def __init__(self, config: LabConfig, user: User = ADMINISTRATOR) -> None:
        self._session = boto3.Session(user.access_key, user.secret_key, region_name=config.region)
        self._endpoint = config.aws_endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint)
        return self._clients[service]


def name_tags(resource: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": resource, "Tags": [{"Key": "Name", "Value": name}]}]


def seed_network(ec2: Any) -> dict[str, list[str]]:
    """A VPC with two public and two private subnets; returns their ids by kind."""
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16", TagSpecifications=name_tags("vpc", GAME))["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public_routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=public_routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    private_routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    subnets: dict[str, list[str]] = {"public": [], "private": []}
    for number, (kind, zone) in enumerate((k, z) for k in ("public", "private") for z in "ab"):
        subnet = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.40.{number * 32}.0/19",
            AvailabilityZone=f"{ec2.meta.region_name}{zone}",
            TagSpecifications=name_tags("subnet", f"{GAME}-{kind}-{zone}"),
        )["Subnet"]["SubnetId"]
        table = public_routes if kind == "public" else private_routes
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        if kind == "public":
            ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        subnets[kind].append(subnet)
    return {**subnets, "vpc": [vpc]}


def seed_roles(iam: Any) -> None:
    """The roles of the clusters and of the programs in them, with what each may do."""
    for role in ("cluster", "node", "fargate", *PROGRAMS_MAY):
        iam.create_role(RoleName=f"{GAME}-{role}", AssumeRolePolicyDocument=TRUST)
    for role, statements in PROGRAMS_MAY.items():
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=f"{GAME}-{role}", PolicyName="program", PolicyDocument=document)


def seed_target_groups(elbv2: Any, vpc_id: str) -> str:
    """Blue's target group behind the load balancer's listener and its one rule; returns its ARN.

    Green has none yet: the collection creates and attaches it.
    """
    arn = elbv2.create_target_group(
        Name=f"{GAME}-matchmaker-blue",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc_id,
        TargetType="ip",
        HealthCheckPath="/healthz",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    return str(arn)


def seed_load_balancer(elbv2: Any, subnets: list[str], target_group_arn: str) -> None:
    balancer = elbv2.create_load_balancer(Name=GAME, Subnets=subnets, Type="application")
    forward = [
        {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": target_group_arn, "Weight": 100}]}}
    ]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=LISTENER_PORT,
        DefaultActions=forward,
    )["Listeners"][0]["ListenerArn"]
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/match*"]}],
        Actions=forward,
    )


def seed_document(ssm: Any) -> None:
    value = {
        "v": 1,
        "revision": 1,
        "token": "seed",
        "weights": {"blue": 100, "green": 0},
        "clusters": CLUSTER_NAMES,
    }
    ssm.put_parameter(Name=DOCUMENT, Type="String", Value=json.dumps(value))


def seed_tickets(dynamodb: Any) -> None:
    """The table of the queue that both slots share."""
    dynamodb.create_table(
        TableName=TICKETS,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def seed_bucket(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def release_file(name: str) -> Path:
    return REPOSITORY / "lab" / "releases" / f"{name}.yml"


def load_release(name: str, variables: dict[str, Any]) -> Any:
    """A release file of the lab with its templates filled in, as the collection would."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        return environment.from_string(value).render(variables) if isinstance(value, str) else value

    return fill(yaml.safe_load(release_file(name).read_text()))


def inventory() -> Any:
    """The lab's inventory as plain data: the part of it that needs no template."""
    return yaml.safe_load((REPOSITORY / "inventories/lab/group_vars/eks_bluegreen.yml").read_text())


def seed_cluster(account: Account, subnets: dict[str, list[str]], release: Any, slot: str) -> None:
    """A cluster as the inventory and the release describe it, ACTIVE with its nodes when this returns."""
    eks, wanted = account.client("eks"), inventory()
    name = CLUSTER_NAMES[slot]
    eks.create_cluster(
        name=name,
        version=release["kubernetes_version"],
        roleArn=wanted["eks_bluegreen_cluster_role_arn"],
        resourcesVpcConfig={"subnetIds": subnets["public"] + subnets["private"]},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
        tags={
            "eks-bluegreen/environment": GAME,
            "eks-bluegreen/slot": slot,
            "eks-bluegreen/release": release["name"],
        },
    )
    wait_for(f"cluster {name}", partial(eks.describe_cluster, name=name), "cluster")
    issuer = eks.describe_cluster(name=name)["cluster"]["identity"]["oidc"]["issuer"]
    account.client("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    for entry in wanted["eks_bluegreen_access_entries"]:
        eks.create_access_entry(
            clusterName=name, principalArn=entry["principal_arn"], kubernetesGroups=entry["kubernetes_groups"]
        )
    for group in wanted["eks_bluegreen_nodegroups"]:
        _seed_nodegroup(eks, name, group, subnets["public"], release, wanted)
    for profile in wanted["eks_bluegreen_fargate_profiles"]:
        eks.create_fargate_profile(
            clusterName=name,
            fargateProfileName=profile["name"],
            podExecutionRoleArn=wanted["eks_bluegreen_fargate_role_arn"],
            subnets=subnets["private"],
            selectors=profile["selectors"],
        )
        # AWS takes one profile at a time.
        described = partial(eks.describe_fargate_profile, clusterName=name, fargateProfileName=profile["name"])
        wait_for(f"Fargate profile {profile['name']}", described, "fargateProfile")
    for addon in release["addons"]:
        eks.create_addon(
            clusterName=name, addonName=addon["name"], addonVersion=addon["version"], resolveConflicts="OVERWRITE"
        )
    for group in wanted["eks_bluegreen_nodegroups"]:
        described = partial(eks.describe_nodegroup, clusterName=name, nodegroupName=group["name"])
        wait_for(f"node group {group['name']}", described, "nodegroup")


def _seed_nodegroup(eks: Any, cluster: str, group: Any, subnets: list[str], release: Any, wanted: Any) -> None:
    eks.create_nodegroup(
        clusterName=cluster,
        nodegroupName=group["name"],
        scalingConfig={
            "minSize": group["min_size"],
            "maxSize": group["max_size"],
            "desiredSize": group["desired_size"],
        },
        subnets=subnets,
        instanceTypes=group["instance_types"],
        amiType=release["node_image"]["ami_type"],
        releaseVersion=release["node_image"]["release_version"],
        nodeRole=wanted["eks_bluegreen_node_role_arn"],
        labels=group["labels"],
    )


def wait_for(what: str, describe: Callable[[], Any], kind: str, timeout: float = 60.0) -> None:
    """Wait until what a describe call shows under `kind` is ACTIVE; `timeout` in seconds."""
    deadline = time.monotonic() + timeout
    while (seen := str(describe()[kind]["status"])) != "ACTIVE":
        if seen.endswith("FAILED") or time.monotonic() > deadline:
            raise LabError(f"{what} is {seen}, not ACTIVE; see the logs of the lab")
        time.sleep(0.2)


def package_charts(config: LabConfig, releases: Iterable[str]) -> None:
    """Package the lab's charts under the versions that the releases name, unless that was done."""
    target = config.state / "charts"
    target.mkdir(parents=True, exist_ok=True)
    for name in releases:
        for chart in yaml.safe_load(release_file(name).read_text())["charts"]:
            source = REPOSITORY / "lab" / "charts" / chart["name"]
            if not _is_newer(target / f"{chart['name']}-{chart['version']}.tgz", source):
                helm(config, "package", str(source), "-d", str(target), *_versions(chart["version"]))


def _versions(version: str) -> list[str]:
    return ["--version", version, "--app-version", version]


def _is_newer(archive: Path, source: Path) -> bool:
    if not archive.exists():
        return False
    return archive.stat().st_mtime > max(path.stat().st_mtime for path in source.rglob("*"))


def install_charts(config: LabConfig, kubeconfig: str, release: Any) -> None:
    """Install a release's charts in order, each ready before the next."""
    for chart in release["charts"]:
        values = config.state / "charts" / f"{chart['name']}-values.json"
        values.write_text(json.dumps(chart.get("values", {})))
        helm(
            config,
            "upgrade",
            "--install",
            chart["name"],
            chart["chart"],
            "--namespace",
            chart["namespace"],
            "--create-namespace",
            # Server-side apply, which Helm 4 uses by default, refuses Agones' CRDs.
            "--server-side=false",
            "--wait",
            "--timeout=60s",
            "--kubeconfig",
            kubeconfig,
            "--values",
            str(values),
        )


def start_director(config: LabConfig, kubeconfig: str) -> None:
    """Let the slot that serves from the start have the director, which the chart installs switched off."""
    where = ("--namespace", GAME, "--kubeconfig", kubeconfig)
    run_program(config, "kubectl", "scale", "deployment/arena-director", "--replicas=1", *where)


def helm(config: LabConfig, *arguments: str) -> None:
    run_program(config, "helm", *arguments)


def run_program(config: LabConfig, name: str, *arguments: str) -> None:
    result = subprocess.run([str(config.binary(name)), *arguments], capture_output=True, text=True)
    if result.returncode:
        raise LabError(f"{name} {' '.join(arguments[:4])} failed: {result.stderr.strip()[-800:]}")


def is_seeded(account: Account) -> bool:
    try:
        account.client("ssm").get_parameter(Name=DOCUMENT)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return False
        raise
    return True
