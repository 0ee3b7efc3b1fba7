"""The refusals of the lab's EKS that need nothing but the request. Each raises EKS's own error."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lab.aws.eks.catalog import OFFERS
from lab.aws.eks.errors import InvalidParameterError, InvalidRequestError
from lab.aws.eks.nodes import TAINT_EFFECTS, Subnet
from lab.aws.eks.state import Json

CLUSTER_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")
KEY_ARN = re.compile(r"arn:aws[\w-]*:kms:[\w-]+:\d{12}:(key|alias)/.+")
PRINCIPAL_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(role|user)/.+")
FORBIDDEN_GROUP = re.compile(r"(system|eks|aws|amazon|iam):")
SCALING_TIERS = ("standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl")
# AWS gives up to 100 names on a page, and may always give fewer.
DEFAULT_PAGE = 5
AUTHENTICATION_MODES = ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP")


def check_cluster_name(name: str) -> None:
    if not CLUSTER_NAME.fullmatch(name):
        raise InvalidParameterError(
            f"The cluster name {name!r} is invalid: 1 to 100 letters, digits, hyphens and underscores,"
            " the first a letter or digit."
        )


def check_version(version: str) -> None:
    if version not in OFFERS:
        raise InvalidParameterError(f"unsupported Kubernetes version {version!r}; on offer: {', '.join(OFFERS)}")


def check_role_arn(arn: str) -> None:
    if not ROLE_ARN.fullmatch(arn):
        raise InvalidParameterError(f"Invalid Role Arn: '{arn}'")


def check_subnets(wanted: Sequence[str], found: Mapping[str, Subnet]) -> list[Subnet]:
    """The subnets in the order that was asked for, if all exist and share a VPC."""
    missing = [subnet for subnet in wanted if subnet not in found]
    if missing:
        raise InvalidParameterError(f"The subnet ID '{missing[0]}' does not exist")
    subnets = [found[subnet] for subnet in wanted]
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise InvalidParameterError("Subnets specified must belong to the same VPC")
    return subnets


def check_cluster_subnets(subnets: Sequence[Subnet]) -> None:
    if len({subnet.zone for subnet in subnets}) < 2:
        raise InvalidParameterError("Subnets specified must be in at least two different AZs")


def check_fargate_subnets(subnets: Sequence[Subnet]) -> None:
    for subnet in subnets:
        if subnet.routes_to_internet:
            raise InvalidParameterError(f"Subnet {subnet.id} provided in Fargate Profile is not a private subnet")


def check_scaling(scaling: Mapping[str, int]) -> None:
    least, most, desired = (scaling[key] for key in ("minSize", "maxSize", "desiredSize"))
    if most < 1:
        raise InvalidParameterError("maxSize must be at least 1")
    if least > most:
        raise InvalidParameterError(f"Minimum capacity {least} can't be greater than maximum size {most}")
    if desired < least:
        raise InvalidParameterError(f"Minimum capacity {least} can't be greater than desired size {desired}")
    if desired > most:
        raise InvalidParameterError(f"desired capacity {desired} can't be greater than max size {most}")


def check_taints(taints: Sequence[Mapping[str, str]]) -> None:
    for taint in taints:
        if taint.get("effect") not in TAINT_EFFECTS:
            raise InvalidParameterError(
                f"The taint effect {taint.get('effect')!r} is not one of {', '.join(TAINT_EFFECTS)}"
            )
        if not taint.get("key"):
            raise InvalidParameterError("A taint needs a key")


def check_labels(labels: Mapping[str, str]) -> None:
    reserved = [key for key in labels if key.startswith(("eks.amazonaws.com/", "kubernetes.io/", "k8s.io/"))]
    if reserved:
        raise InvalidParameterError(f"Label cannot contain reserved prefixes: {', '.join(sorted(reserved))}")


def check_tags(tags: Mapping[str, str]) -> None:
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterError("Tag keys cannot begin with aws:")
    if len(tags) > 50:
        raise InvalidParameterError(f"A resource has 50 tags at most; it would have {len(tags)}")


def check_update_config(config: Mapping[str, Any]) -> None:
    given = [key for key in ("maxUnavailable", "maxUnavailablePercentage") if config.get(key) is not None]
    if len(given) > 1:
        raise InvalidParameterError("Only one of maxUnavailable and maxUnavailablePercentage can be specified")


def check_node_repair(config: Mapping[str, Any]) -> None:
    for name in ("maxUnhealthyNodeThreshold", "maxParallelNodesRepaired"):
        if all(config.get(f"{name}{unit}") is not None for unit in ("Count", "Percentage")):
            raise InvalidParameterError(f"Only one of {name}Count and {name}Percentage can be specified")


def check_capacity_type(kind: str) -> None:
    if kind not in ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"):
        raise InvalidParameterError(f"capacityType {kind!r} is not one of ON_DEMAND, SPOT, CAPACITY_BLOCK")


def check_tier(tier: str) -> None:
    if tier not in SCALING_TIERS:
        raise InvalidParameterError(f"The scaling tier {tier!r} is not one of {', '.join(SCALING_TIERS)}")


def check_cidrs(cidrs: Sequence[str]) -> None:
    for cidr in cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError:
            raise InvalidParameterError(f"The following CIDR is invalid: {cidr}") from None


def check_encryption(config: Sequence[Mapping[str, Any]]) -> None:
    for one in config:
        if one.get("resources") != ["secrets"]:
            raise InvalidParameterError("encryptionConfig takes the resources ['secrets'] only")
        key = (one.get("provider") or {}).get("keyArn", "")
        if not KEY_ARN.fullmatch(key):
            raise InvalidParameterError(f"Invalid KMS key ARN: {key!r}")


def check_scope(scope: Mapping[str, Any]) -> Json:
    """An access scope in full."""
    kind, namespaces = scope.get("type"), list(scope.get("namespaces") or [])
    if kind not in ("cluster", "namespace"):
        raise InvalidParameterError(f"The access scope type {kind!r} is not one of cluster, namespace")
    if kind == "namespace" and not namespaces:
        raise InvalidParameterError("An access scope of type namespace needs namespaces")
    if kind == "cluster" and namespaces:
        raise InvalidParameterError("An access scope of type cluster takes no namespaces")
    return {"type": kind, "namespaces": namespaces}


def check_selectors(selectors: Sequence[Mapping[str, Any]]) -> None:
    if not 1 <= len(selectors) <= 5:
        raise InvalidParameterError("A Fargate profile needs 1 to 5 selectors")
    for selector in selectors:
        if not selector.get("namespace"):
            raise InvalidParameterError("Each selector of a Fargate profile needs a namespace")
        if len(selector.get("labels") or {}) > 5:
            raise InvalidParameterError("Request contains Selector with more than 5 Label pairs")


def check_principal(arn: str) -> None:
    if not PRINCIPAL_ARN.fullmatch(arn):
        raise InvalidParameterError(
            f"The principalArn {arn!r} is invalid: it must be the ARN of an IAM role or user"
            " (of the role itself, not of a session that assumed it)"
        )


def check_groups(groups: Sequence[str]) -> None:
    for group in groups:
        found = FORBIDDEN_GROUP.match(group)
        if found:
            raise InvalidParameterError(
                f"The kubernetes group name {group} is invalid, it cannot start with {found.group()}"
            )


def check_authentication_mode(mode: str) -> None:
    if mode not in AUTHENTICATION_MODES:
        raise InvalidParameterError(f"authenticationMode {mode!r} is not one of {', '.join(AUTHENTICATION_MODES)}")


def check_mode_change(current: str, wanted: str) -> None:
    """The mode moves only towards API, one step at a time, as on AWS."""
    order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    if order.index(wanted) - order.index(current) not in (0, 1):
        raise InvalidParameterError(f"Unsupported authentication mode update from {current} to {wanted}")


def check_access_api(mode: str) -> None:
    if mode == "CONFIG_MAP":
        raise InvalidRequestError(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
            " to perform this operation."
        )


def paginate(
    names: Sequence[str], max_results: int | None, token: str | None, *, newest_first: bool = False
) -> tuple[list[str], str | None]:
    """One page of names in order, and the token of the next page."""
    size = DEFAULT_PAGE if max_results is None else max_results
    if not 1 <= size <= 100:
        raise InvalidParameterError(f"maxResults is {size}; it must be from 1 to 100")
    ordered = sorted(names, reverse=newest_first)
    if token:
        last = _decode_token(token)
        ordered = [name for name in ordered if (name < last if newest_first else name > last)]
    page = ordered[:size]
    more = len(ordered) > size
    return page, base64.urlsafe_b64encode(page[-1].encode()).decode() if more else None


def _decode_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise InvalidParameterError("Invalid nextToken: it is not one that an earlier page returned") from None


def page_of(key: str, names: Sequence[str], params: Mapping[str, Any], *, newest_first: bool = False) -> Json:
    """A list operation's answer for the page that a request asks for."""
    token = params.get("nextToken")
    page, following = paginate(names, params.get("maxResults"), token, newest_first=newest_first)
    return {key: page, "nextToken": following}
