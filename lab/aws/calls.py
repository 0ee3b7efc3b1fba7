"""What a request to AWS asks IAM for: its actions, each with the resource that AWS checks it against."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from lab.aws.permissions import EVERYTHING, Check
from lab.world.config import ACCOUNT_ID

Parameters = Mapping[str, Any]
# The name in a signature -> the name that botocore knows the service by, where they differ.
SERVICES = {"elasticloadbalancing": "elbv2", "servicequotas": "service-quotas", "monitoring": "cloudwatch"}
# ... and the prefix of its actions.
IAM_PREFIXES = {"monitoring": "cloudwatch"}
# Smithy's RPC protocol, which moto's router does not know, names the operation in the path.
RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)")
# AWS asks for no permission to make these.
FREE = {"sts:GetCallerIdentity"}
# S3's operations whose action has another name.
S3_ACTIONS = {
    "CopyObject": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
# EKS' operations that AWS knows no resource for.
EKS_WITHOUT_RESOURCE = {
    "CreateCluster",
    "DescribeAddonConfiguration",
    "DescribeAddonVersions",
    "DescribeClusterVersions",
    "ListAccessPolicies",
    "ListClusters",
}
# In an EKS ARN, parameters of a request that name what is below the cluster.
EKS_BELOW_CLUSTER = {
    "nodegroupName": "nodegroup",
    "fargateProfileName": "fargateprofile",
    "addonName": "addon",
    "principalArn": "access-entry",
    "associationId": "podidentityassociation",
}
# EKS' creations are checked against the cluster, whatever they name.
EKS_ON_CLUSTER = ("Create", "List")
# Roles that a request hands to EKS: parameter -> the service that will assume it.
PASSED_ROLES = {
    "roleArn": "eks.amazonaws.com",
    "nodeRole": "ec2.amazonaws.com",
    "podExecutionRoleArn": "eks-fargate-pods.amazonaws.com",
    "serviceAccountRoleArn": "eks.amazonaws.com",
}
POD_IDENTITY = "pods.eks.amazonaws.com"
# What a created resource is tagged by, where a request brings tags.
TAGGING = {
    "eks": ("tags", "eks:TagResource"),
    "elasticloadbalancing": ("Tags", "elasticloadbalancing:AddTags"),
    "iam": ("Tags", "iam:TagOpenIDConnectProvider"),
}
# The part of an ARN that AWS makes up; policies have a wildcard there.
MADE_UP = "0000000000000000"


def checks_of(environ: dict[str, Any], service: str, region: str) -> list[Check]:
    """The permissions that a signed request needs; none if no one knows its operation.

    Leaves the request to be read again.
    """
    # An object's bytes say nothing about permissions.
    body = b"" if service == "s3" else _read_again(environ)
    request = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    name = SERVICES.get(service, service)
    by_path = RPC_PATH.fullmatch(request.path)
    if by_path:
        return [Check(f"{IAM_PREFIXES.get(service, service)}:{by_path['operation']}")]
    try:
        operation, labels = get_service_router(name).match(request)
    except (NotFound, NotImplementedError):
        return []
    parameters = labels if service == "s3" else _parse(name, operation, request, labels)
    found = RESOURCES.get(service, _anything)(operation.name, parameters, region)
    action = S3_ACTIONS.get(operation.name, operation.name) if service == "s3" else operation.name
    checks = [Check(f"{IAM_PREFIXES.get(service, service)}:{action}", resource) for resource in found]
    return [
        check
        for check in [*checks, *_dependent(service, operation.name, parameters, region)]
        if check.action not in FREE
    ]


def _read_again(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _parse(name: str, operation: Any, request: Any, labels: Parameters) -> Parameters:
    protocol = determine_request_protocol(get_service_model(name), request.content_type)
    parsed: Parameters = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return parsed


def _dependent(service: str, operation: str, parameters: Parameters, region: str) -> list[Check]:
    """What AWS asks for besides the call itself: roles handed on, tags on what is created."""
    checks = [
        Check("iam:PassRole", arn, (("iam:PassedToService", to),))
        for arn, to in (_passed_roles(operation, parameters) if service == "eks" else [])
    ]
    tags, action = TAGGING.get(service, ("", ""))
    if operation.startswith("Create") and parameters.get(tags):
        created = _created(service, operation, parameters, region)
        checks.append(Check(action, created))
    return checks


def _passed_roles(operation: str, parameters: Parameters) -> list[tuple[str, str]]:
    of_pods = operation.endswith("PodIdentityAssociation")
    passed = [
        (parameters[name], POD_IDENTITY if of_pods else to) for name, to in PASSED_ROLES.items() if parameters.get(name)
    ]
    return passed + [(one["roleArn"], POD_IDENTITY) for one in parameters.get("podIdentityAssociations") or []]


def _created(service: str, operation: str, parameters: Parameters, region: str) -> str:
    if service != "eks":
        return RESOURCES[service](operation, parameters, region)[0]
    if operation == "CreateCluster":
        return _eks_arn(region, f"cluster/{parameters['name']}")
    if operation == "CreatePodIdentityAssociation":
        return _eks_arn(region, f"podidentityassociation/{parameters['clusterName']}/{MADE_UP}")
    return _eks_below(parameters, region) or EVERYTHING


def _anything(_operation: str, _parameters: Parameters, _region: str) -> list[str]:
    return [EVERYTHING]


def _dynamodb(_operation: str, parameters: Parameters, region: str) -> list[str]:
    if "TableName" not in parameters:
        return [EVERYTHING]
    return [f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{parameters['TableName']}"]


def _eks(operation: str, parameters: Parameters, region: str) -> list[str]:
    if operation in EKS_WITHOUT_RESOURCE:
        return [EVERYTHING]
    if "resourceArn" in parameters:
        return [parameters["resourceArn"]]
    below = None if operation.startswith(EKS_ON_CLUSTER) else _eks_below(parameters, region)
    # ListAssociatedAccessPolicies asks for the entry, unlike the other lists.
    if operation == "ListAssociatedAccessPolicies":
        below = _eks_below(parameters, region)
    cluster = parameters.get("clusterName") or parameters["name"]
    return [below or _eks_arn(region, f"cluster/{cluster}")]


def _eks_below(parameters: Parameters, region: str) -> str | None:
    cluster = parameters.get("clusterName") or parameters.get("name")
    for name, kind in EKS_BELOW_CLUSTER.items():
        if not parameters.get(name):
            continue
        if kind == "podidentityassociation":
            return _eks_arn(region, f"{kind}/{cluster}/{parameters[name]}")
        if kind == "access-entry":
            owner = parameters[name].rpartition(":")[2].replace("/", f"/{ACCOUNT_ID}/", 1)
            return _eks_arn(region, f"{kind}/{cluster}/{owner}/{MADE_UP}")
        return _eks_arn(region, f"{kind}/{cluster}/{parameters[name]}/{MADE_UP}")
    return None


def _eks_arn(region: str, rest: str) -> str:
    return f"arn:aws:eks:{region}:{ACCOUNT_ID}:{rest}"


def _elasticloadbalancing(operation: str, parameters: Parameters, region: str) -> list[str]:
    if operation.startswith("Describe"):
        return [EVERYTHING]
    if operation in ("AddTags", "RemoveTags"):
        return list(parameters["ResourceArns"])
    prefix = f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT_ID}:"
    made = {
        "CreateTargetGroup": f"{prefix}targetgroup/{parameters.get('Name')}/{MADE_UP}",
        "CreateLoadBalancer": f"{prefix}loadbalancer/app/{parameters.get('Name')}/{MADE_UP}",
    }
    if operation in made:
        return [made[operation]]
    if operation == "SetRulePriorities":
        return [one["RuleArn"] for one in parameters["RulePriorities"]]
    for name in ("RuleArn", "ListenerArn", "TargetGroupArn", "LoadBalancerArn"):
        if name in parameters:
            return [parameters[name]]
    return [EVERYTHING]


def _iam(_operation: str, parameters: Parameters, _region: str) -> list[str]:
    prefix = f"arn:aws:iam::{ACCOUNT_ID}:"
    if "OpenIDConnectProviderArn" in parameters:
        return [parameters["OpenIDConnectProviderArn"]]
    if "Url" in parameters:
        return [f"{prefix}oidc-provider/{parameters['Url'].removeprefix('https://')}"]
    if "RoleName" in parameters:
        return [f"{prefix}role/{parameters['RoleName']}"]
    return [EVERYTHING]


def _s3(_operation: str, parameters: Parameters, _region: str) -> list[str]:
    if "Bucket" not in parameters:
        return [EVERYTHING]
    key = f"/{parameters['Key']}" if "Key" in parameters else ""
    return [f"arn:aws:s3:::{parameters['Bucket']}{key}"]


def _servicequotas(operation: str, parameters: Parameters, region: str) -> list[str]:
    if operation != "GetServiceQuota":
        return [EVERYTHING]
    code = f"{parameters['ServiceCode']}/{parameters['QuotaCode']}"
    return [f"arn:aws:servicequotas:{region}:{ACCOUNT_ID}:{code}"]


def _ssm(_operation: str, parameters: Parameters, region: str) -> list[str]:
    names = parameters.get("Names") or [parameters.get("Name") or parameters.get("Path") or EVERYTHING]
    return [f"arn:aws:ssm:{region}:{ACCOUNT_ID}:parameter/{name.removeprefix('/')}" for name in names]


def _sts(_operation: str, parameters: Parameters, _region: str) -> list[str]:
    return [parameters.get("RoleArn") or EVERYTHING]


RESOURCES: Mapping[str, Callable[[str, Parameters, str], list[str]]] = {
    "dynamodb": _dynamodb,
    "eks": _eks,
    "elasticloadbalancing": _elasticloadbalancing,
    "iam": _iam,
    "s3": _s3,
    "servicequotas": _servicequotas,
    "ssm": _ssm,
    "sts": _sts,
}
