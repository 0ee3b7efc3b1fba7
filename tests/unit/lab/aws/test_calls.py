"""Requests as botocore writes them, and the permissions that they need."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from lab.aws.calls import checks_of
from lab.aws.gate import signed_by

EKS = "arn:aws:eks:eu-west-1:123456789012:"
ELB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
IAM = "arn:aws:iam::123456789012:"
MADE_UP = "0000000000000000"
CLUSTER = f"{EKS}cluster/blue"
TARGET_GROUP = f"{ELB}targetgroup/web/0123456789abcdef"
RULE = f"{ELB}listener-rule/app/arena/1/2/3"
SUBNETS = {"subnetIds": ["subnet-1"]}
SELECTORS = [{"namespace": "x"}]
TAGS = {"slot": "blue"}


def environ_of(service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The WSGI environment of the request that botocore would send."""
    client = boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    sent: list[Any] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 500, {}, io.BytesIO(b""))

    client.meta.events.register("before-send", keep)
    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever botocore makes of the empty answer)
        getattr(client, operation)(**arguments)
    [request] = sent
    url = urlsplit(request.url)
    body = request.body.encode() if isinstance(request.body, str) else (request.body or b"")
    body = body.read() if hasattr(body, "read") else body
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
    }
    return {
        **headers,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": url.path,
        "RAW_URI": request.url,
        "REQUEST_URI": request.url,
        "QUERY_STRING": url.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4566",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers.get("HTTP_CONTENT_TYPE", ""),
    }


def asked(service: str, operation: str, arguments: dict[str, Any]) -> list[tuple[str, ...]]:
    environ = environ_of(service, operation, arguments)
    signed = signed_by(environ["HTTP_AUTHORIZATION"])
    assert signed
    body = environ["wsgi.input"].getvalue()
    checks = checks_of(environ, signed.service, signed.region)
    assert environ["wsgi.input"].read() == body
    return [(check.action, check.resource, *(value for _key, value in check.context)) for check in checks]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needed"),
    [
        ("eks", "describe_cluster", {"name": "blue"}, [("eks:DescribeCluster", CLUSTER)]),
        ("eks", "list_clusters", {}, [("eks:ListClusters", "*")]),
        (
            "eks",
            "create_cluster",
            {"name": "blue", "roleArn": f"{IAM}role/c", "resourcesVpcConfig": SUBNETS, "tags": TAGS},
            [
                ("eks:CreateCluster", "*"),
                ("iam:PassRole", f"{IAM}role/c", "eks.amazonaws.com"),
                ("eks:TagResource", CLUSTER),
            ],
        ),
        (
            "eks",
            "create_nodegroup",
            {
                "clusterName": "blue",
                "nodegroupName": "game",
                "subnets": ["subnet-1"],
                "nodeRole": f"{IAM}role/n",
                "tags": TAGS,
            },
            [
                ("eks:CreateNodegroup", CLUSTER),
                ("iam:PassRole", f"{IAM}role/n", "ec2.amazonaws.com"),
                ("eks:TagResource", f"{EKS}nodegroup/blue/game/{MADE_UP}"),
            ],
        ),
        (
            "eks",
            "create_fargate_profile",
            {
                "clusterName": "blue",
                "fargateProfileName": "system",
                "podExecutionRoleArn": f"{IAM}role/f",
                "selectors": SELECTORS,
            },
            [("eks:CreateFargateProfile", CLUSTER), ("iam:PassRole", f"{IAM}role/f", "eks-fargate-pods.amazonaws.com")],
        ),
        (
            "eks",
            "create_pod_identity_association",
            {"clusterName": "blue", "namespace": "a", "serviceAccount": "b", "roleArn": f"{IAM}role/p"},
            [("eks:CreatePodIdentityAssociation", CLUSTER), ("iam:PassRole", f"{IAM}role/p", "pods.eks.amazonaws.com")],
        ),
        (
            "eks",
            "describe_update",
            {"name": "blue", "updateId": "1", "nodegroupName": "game"},
            [("eks:DescribeUpdate", f"{EKS}nodegroup/blue/game/{MADE_UP}")],
        ),
        (
            "eks",
            "describe_nodegroup",
            {"clusterName": "blue", "nodegroupName": "game"},
            [("eks:DescribeNodegroup", f"{EKS}nodegroup/blue/game/{MADE_UP}")],
        ),
        ("eks", "list_addons", {"clusterName": "blue"}, [("eks:ListAddons", CLUSTER)]),
        (
            "eks",
            "update_access_entry",
            {"clusterName": "blue", "principalArn": f"{IAM}role/m"},
            [("eks:UpdateAccessEntry", f"{EKS}access-entry/blue/role/123456789012/m/{MADE_UP}")],
        ),
        (
            "eks",
            "list_associated_access_policies",
            {"clusterName": "blue", "principalArn": f"{IAM}role/m"},
            [("eks:ListAssociatedAccessPolicies", f"{EKS}access-entry/blue/role/123456789012/m/{MADE_UP}")],
        ),
        ("eks", "tag_resource", {"resourceArn": CLUSTER, "tags": TAGS}, [("eks:TagResource", CLUSTER)]),
        ("elbv2", "describe_rules", {"ListenerArn": "arn:x"}, [("elasticloadbalancing:DescribeRules", "*")]),
        (
            "elbv2",
            "modify_rule",
            {"RuleArn": RULE, "Actions": [{"Type": "forward", "TargetGroupArn": TARGET_GROUP}]},
            [("elasticloadbalancing:ModifyRule", RULE)],
        ),
        (
            "elbv2",
            "create_target_group",
            {"Name": "web", "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("elasticloadbalancing:CreateTargetGroup", f"{ELB}targetgroup/web/{MADE_UP}"),
                ("elasticloadbalancing:AddTags", f"{ELB}targetgroup/web/{MADE_UP}"),
            ],
        ),
        (
            "elbv2",
            "add_tags",
            {"ResourceArns": [TARGET_GROUP], "Tags": [{"Key": "a"}]},
            [("elasticloadbalancing:AddTags", TARGET_GROUP)],
        ),
        (
            "iam",
            "create_open_id_connect_provider",
            {"Url": "https://oidc.eks/id/1", "ClientIDList": ["sts"], "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("iam:CreateOpenIDConnectProvider", f"{IAM}oidc-provider/oidc.eks/id/1"),
                ("iam:TagOpenIDConnectProvider", f"{IAM}oidc-provider/oidc.eks/id/1"),
            ],
        ),
        (
            "dynamodb",
            "get_item",
            {"TableName": "tickets", "Key": {"id": {"S": "1"}}},
            [("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/tickets")],
        ),
        ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", "*")]),
        ("iam", "list_open_id_connect_providers", {}, [("iam:ListOpenIDConnectProviders", "*")]),
        ("iam", "get_role", {"RoleName": "c"}, [("iam:GetRole", f"{IAM}role/c")]),
        (
            "s3",
            "put_object",
            {"Bucket": "b", "Key": "a/run.json", "Body": b"1"},
            [("s3:PutObject", "arn:aws:s3:::b/a/run.json")],
        ),
        ("s3", "list_objects_v2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "head_bucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "get_bucket_encryption", {"Bucket": "b"}, [("s3:GetEncryptionConfiguration", "arn:aws:s3:::b")]),
        (
            "ssm",
            "get_parameter",
            {"Name": "/arena/x"},
            [("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/arena/x")],
        ),
        (
            "ssm",
            "get_parameters_by_path",
            {"Path": "/arena/x/readers"},
            [("ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:123456789012:parameter/arena/x/readers")],
        ),
        ("sts", "get_caller_identity", {}, []),
        (
            "sts",
            "assume_role",
            {"RoleArn": f"{IAM}role/x", "RoleSessionName": "me"},
            [("sts:AssumeRole", f"{IAM}role/x")],
        ),
        ("ec2", "describe_subnets", {}, [("ec2:DescribeSubnets", "*")]),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "eks"}, [("servicequotas:ListServiceQuotas", "*")]),
        (
            "cloudwatch",
            "get_metric_statistics",
            {
                "Namespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "StartTime": 0,
                "EndTime": 60,
                "Period": 60,
                "Statistics": ["Maximum"],
            },
            [("cloudwatch:GetMetricStatistics", "*")],
        ),
        ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", "*")]),
    ],
)
def test_the_permissions_of_a_request(
    service: str, operation: str, arguments: dict[str, Any], needed: list[tuple[str, ...]]
) -> None:
    assert asked(service, operation, arguments) == needed
