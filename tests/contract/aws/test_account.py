"""The rest of the account: what `lab up` seeds and what the collection stores, and who may come in."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.world import seed
from tests.contract.aws.world import ROLE, World, refused


@pytest.fixture
def bucket(world: World) -> str:
    name = f"state-{uuid.uuid4().hex[:8]}"
    location = {"LocationConstraint": world.config.region}
    world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=location)
    return name


def test_the_network_is_as_lab_up_wants_it(world: World) -> None:
    ec2 = world.client("ec2")
    filters = [{"Name": "tag:Name", "Values": ["arena-public-a", "arena-private-a"]}]
    found = ec2.describe_subnets(Filters=filters)["Subnets"]
    public = {subnet["SubnetId"]: subnet["MapPublicIpOnLaunch"] for subnet in found}
    assert public == {world.subnets["public"][0]: True, world.subnets["private"][0]: False}
    assert all(subnet["AvailabilityZone"] == "eu-west-1a" for subnet in found)
    filters = [{"Name": "association.subnet-id", "Values": [world.subnets["public"][0]]}]
    routes = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["Routes"]
    assert any(route.get("GatewayId", "").startswith("igw-") for route in routes)


def test_the_load_balancer_is_as_lab_up_wants_it(world: World) -> None:
    elbv2 = world.client("elbv2")
    group = seed.seed_target_groups(elbv2, world.subnets["vpc"][0])
    seed.seed_load_balancer(elbv2, world.subnets["public"], group)
    balancer = elbv2.describe_load_balancers(Names=["arena"])["LoadBalancers"][0]
    listener = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"][0]
    assert (listener["Port"], listener["Protocol"]) == (8080, "HTTP")
    described = elbv2.describe_target_groups(Names=["arena-matchmaker-blue"])["TargetGroups"][0]
    assert described["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert (described["TargetType"], described["HealthCheckPath"]) == ("ip", "/healthz")


def test_the_bucket_and_the_document_are_as_lab_up_wants_them(world: World) -> None:
    seed.seed_bucket(world.client("s3"))
    seed.seed_document(world.client("ssm"))
    assert seed.is_seeded(world.account)
    versioning = world.client("s3").get_bucket_versioning(Bucket=seed.BUCKET)
    assert versioning["Status"] == "Enabled"


def test_a_parameter_has_versions_readers_and_an_end(world: World) -> None:
    ssm = world.client("ssm")
    name = f"/test-{uuid.uuid4().hex[:8]}"
    assert ssm.put_parameter(Name=name, Type="String", Value="1")["Version"] == 1
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name=name, Type="String", Value="2")
    assert ssm.put_parameter(Name=name, Type="String", Value="2", Overwrite=True)["Version"] == 2
    ssm.put_parameter(Name=f"{name}/readers/pod-1", Type="String", Value="{}")
    readers = ssm.get_parameters_by_path(Path=f"{name}/readers")["Parameters"]
    assert [reader["Name"] for reader in readers] == [f"{name}/readers/pod-1"]
    assert abs(readers[0]["LastModifiedDate"].timestamp() - time.time()) < 5
    ssm.delete_parameter(Name=f"{name}/readers/pod-1")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"{name}/readers/pod-1")


def test_s3_writes_are_conditional(world: World, bucket: str) -> None:
    s3 = world.client("s3")
    first = s3.put_object(Bucket=bucket, Key="run.json", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="run.json", Body=b"2", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key="run.json", Body=b"2", IfMatch=first)["ETag"]
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="run.json", Body=b"3", IfMatch=first)
    with refused("PreconditionFailed"):
        s3.delete_object(Bucket=bucket, Key="run.json", IfMatch=first)
    found = s3.get_object(Bucket=bucket, Key="run.json")
    assert (found["ETag"], found["Body"].read()) == (second, b"2")
    assert "date" in found["ResponseMetadata"]["HTTPHeaders"]
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="absent.json")


def test_of_many_first_writers_one_wins(world: World, bucket: str) -> None:
    answers: list[str] = []

    def write(number: int) -> None:
        s3 = world.client_with("s3", seed.ACCESS_KEY, seed.SECRET_KEY)
        try:
            s3.put_object(Bucket=bucket, Key="run.json", Body=str(number).encode(), IfNoneMatch="*")
            answers.append("written")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["PreconditionFailed"] * 7 + ["written"]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("sts", "get_caller_identity", {}, "InvalidClientTokenId"),
        ("eks", "list_clusters", {}, "UnrecognizedClientException"),
        ("ssm", "get_parameter", {"Name": "/x"}, "UnrecognizedClientException"),
        ("iam", "list_roles", {}, "InvalidClientTokenId"),
        ("elbv2", "describe_load_balancers", {}, "InvalidClientTokenId"),
        ("ec2", "describe_vpcs", {}, "AuthFailure"),
        ("s3", "list_buckets", {}, "InvalidAccessKeyId"),
    ],
)
def test_a_key_that_nobody_has_is_refused_by_every_service(
    world: World, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    stranger = world.client_with(service, "AKIASTRANGER00000000", "secret")
    with refused(code, "security token"):
        getattr(stranger, operation)(**arguments)


def test_an_assumed_role_is_itself(world: World) -> None:
    credentials = world.client("sts").assume_role(RoleArn=ROLE.format("node"), RoleSessionName="s1")["Credentials"]
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    identity = world.client_with("sts", *keys).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/arena-node/s1"
    assert identity["Account"] == "123456789012"


def test_a_role_that_does_not_exist_is_not_assumed(world: World) -> None:
    with refused("AccessDenied", "sts:AssumeRole", "arena-missing"):
        world.client("sts").assume_role(RoleArn=ROLE.format("missing"), RoleSessionName="s1")


def test_roles_and_providers_are_created_described_and_deleted(world: World) -> None:
    iam = world.client("iam")
    allow = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.create_role(RoleName="test-role", AssumeRolePolicyDocument=policy)
    iam.put_role_policy(RoleName="test-role", PolicyName="p", PolicyDocument=policy)
    url = f"https://oidc.eks.eu-west-1.amazonaws.com/id/{uuid.uuid4().hex.upper()}"
    arn = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["sts.amazonaws.com"], Tags=[{"Key": "slot", "Value": "green"}]
    )["OpenIDConnectProviderArn"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == url.removeprefix("https://")
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    assert found["Tags"] == [{"Key": "slot", "Value": "green"}]
    with refused("EntityAlreadyExists"):
        iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_the_tickets_of_the_shared_queue_are_changed_by_one_at_a_time(world: World) -> None:
    dynamodb = world.client("dynamodb")
    seed.seed_tickets(dynamodb)
    at = {"TableName": seed.TICKETS}
    item = {"id": {"S": "ticket-1"}, "revision": {"N": "1"}}
    dynamodb.put_item(**at, Item=item, ConditionExpression="attribute_not_exists(id)")
    with refused("ConditionalCheckFailedException"):
        dynamodb.put_item(**at, Item=item, ConditionExpression="attribute_not_exists(id)")
    newest = {"ExpressionAttributeValues": {":newest": {"N": "2"}}, "ConditionExpression": "revision = :newest"}
    with refused("ConditionalCheckFailedException"):
        dynamodb.delete_item(**at, Key={"id": {"S": "ticket-1"}}, **newest)
    assert dynamodb.scan(**at, ConsistentRead=True)["Items"] == [item]
