"""What a cluster left behind: what is found, told apart, and advised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import leftovers
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.leftovers import find

CLUSTER = "arena-blue"
OWNED = {"Key": f"kubernetes.io/cluster/{CLUSTER}", "Value": "owned"}
ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
MARKS = {"eks-bluegreen/environment": "arena", "eks-bluegreen/slot": "blue"}
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/k8s-arena/1"


class FakeAccount:
    """An account with nothing in it but what a test puts there; `denied` parts answer with an error."""

    region = "eu-west-1"

    def __init__(self, **found: Any) -> None:
        self._found = found
        self.denied: set[str] = set()

    def _look(self, what: str) -> Any:
        if what in self.denied:
            raise AnsibleAWSError(message="Failed to look: not authorized")
        return self._found.get(what, [])

    def cluster_exists(self, cluster: str) -> bool:
        return bool(self._look("cluster"))

    def security_groups(self, cluster: str) -> Any:
        return self._look("security_groups")

    def network_interfaces(self, cluster: str) -> Any:
        return self._look("network_interfaces")

    def instances(self, cluster: str) -> Any:
        return self._look("instances")

    def volumes(self, cluster: str) -> Any:
        return self._look("volumes")

    def load_balancers(self) -> Any:
        return self._look("load_balancers")

    def classic_load_balancers(self) -> Any:
        return self._look("classic_load_balancers")

    def target_groups(self) -> Any:
        return self._look("target_groups")

    def oidc_providers(self) -> Any:
        return list(self._look("oidc_providers"))

    def oidc_provider_tags(self, arn: str) -> Mapping[str, str]:
        tags: Mapping[str, str] = self._look("oidc_providers")[arn]
        return tags

    def log_group(self, name: str) -> Any:
        return self._look("log_group") or None


def only(found: dict[str, Any], part: str = "orphans") -> dict[str, Any]:
    assert len(found[part]) == 1, found["lines"]
    one: dict[str, Any] = found[part][0]
    return one


def test_nothing_is_left() -> None:
    found = find(FakeAccount(), CLUSTER, issuer=ISSUER)
    assert (found["orphans"], found["kept"], found["unread"]) == ([], [], [])
    assert found["lines"] == ["arena-blue: 0 orphans, 0 left on purpose"]


@pytest.mark.parametrize(
    ("part", "described", "kind", "id_", "said"),
    [
        (
            "security_groups",
            {"GroupId": "sg-1", "GroupName": "eks-cluster-sg", "Tags": [OWNED]},
            "security group",
            "sg-1",
            ["kubernetes.io/cluster/arena-blue=owned", "aws ec2 delete-security-group --group-id sg-1"],
        ),
        (
            "network_interfaces",
            {"NetworkInterfaceId": "eni-1", "Status": "available", "Description": "Amazon EKS arena-blue"},
            "network interface",
            "eni-1",
            ["description 'Amazon EKS arena-blue'", "aws ec2 delete-network-interface --network-interface-id eni-1"],
        ),
        (
            "network_interfaces",
            {
                "NetworkInterfaceId": "eni-2",
                "Status": "in-use",
                "Attachment": {"InstanceId": "i-1"},
                "TagSet": [{"Key": "cluster.k8s.amazonaws.com/name", "Value": CLUSTER}],
            },
            "network interface",
            "eni-2",
            ["tag cluster.k8s.amazonaws.com/name=arena-blue, in use by i-1", "Stop what uses it, then"],
        ),
        (
            "instances",
            {"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": [OWNED]},
            "instance",
            "i-1",
            ["running; it is billed", "aws ec2 terminate-instances --instance-ids i-1"],
        ),
        (
            "volumes",
            {
                "VolumeId": "vol-1",
                "Size": 20,
                "State": "available",
                "Tags": [
                    OWNED,
                    {"Key": "kubernetes.io/created-for/pvc/namespace", "Value": "arena"},
                    {"Key": "kubernetes.io/created-for/pvc/name", "Value": "replays"},
                ],
            },
            "volume",
            "vol-1",
            ["of claim arena/replays; 20 GiB available is billed", "aws ec2 delete-volume --volume-id vol-1"],
        ),
        (
            "load_balancers",
            (BALANCER, "k8s-arena", {"elbv2.k8s.aws/cluster": CLUSTER}),
            "load balancer",
            BALANCER,
            ["tag elbv2.k8s.aws/cluster=arena-blue", "aws elbv2 delete-load-balancer"],
        ),
        (
            "classic_load_balancers",
            ("a1b2", {"kubernetes.io/cluster/arena-blue": "owned"}),
            "classic load balancer",
            "a1b2",
            ["aws elb delete-load-balancer --load-balancer-name a1b2"],
        ),
        (
            "target_groups",
            ("arn:aws:target-group", "k8s-game", {"elbv2.k8s.aws/cluster": CLUSTER}),
            "target group",
            "arn:aws:target-group",
            ["Take it out of every listener"],
        ),
    ],
)
def test_an_orphan_says_why_it_is_there_and_what_to_do(
    part: str, described: Any, kind: str, id_: str, said: list[str]
) -> None:
    one = only(find(FakeAccount(**{part: [described]}), CLUSTER))
    assert (one["kind"], one["id"]) == (kind, id_)
    text = f"{one['why']} {one['remedy']}"
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("part", ["load_balancers", "target_groups"])
def test_what_belongs_to_others_is_not_told(part: str) -> None:
    others = [("arn", "arena", {}), ("arn", "k8s-other", {"elbv2.k8s.aws/cluster": "arena-green"})]
    assert find(FakeAccount(**{part: others}), CLUSTER)["orphans"] == []


@pytest.mark.parametrize(
    ("tags", "account", "why"),
    [
        ({**MARKS, "more": "x"}, {}, ["tags eks-bluegreen/environment=arena, eks-bluegreen/slot=blue"]),
        ({**MARKS, "elbv2.k8s.aws/cluster": CLUSTER}, {}, [f"tag elbv2.k8s.aws/cluster={CLUSTER}"]),
        ({**MARKS, "eks-bluegreen/slot": "green"}, {}, []),
        ({"eks-bluegreen/slot": "blue"}, {}, []),
        (MARKS, {"cluster": True}, []),
    ],
    ids=["its tags", "the cluster's", "the other slot's", "not all tags", "in use"],
)
def test_the_slot_s_own_target_group_is_an_orphan_once_the_cluster_is_gone(
    tags: dict[str, str], account: dict[str, Any], why: list[str]
) -> None:
    found = find(FakeAccount(target_groups=[("arn", "old", tags)], **account), CLUSTER, owner_tags=MARKS)
    assert [one["why"] for one in found["orphans"]] == why
    assert find(FakeAccount(target_groups=[("arn", "old", MARKS)]), CLUSTER)["orphans"] == []


def test_what_is_shared_is_kept() -> None:
    shared = {"GroupId": "sg-2", "Tags": [{"Key": f"kubernetes.io/cluster/{CLUSTER}", "Value": "shared"}]}
    found = find(FakeAccount(security_groups=[shared]), CLUSTER)
    assert found["orphans"] == []
    assert "others use it too" in only(found, "kept")["why"]


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"storedBytes": 1_500_000}, "1.5 MB, kept forever"),
        ({"retentionInDays": 30}, "0.0 MB, which expire after 30 days"),
    ],
)
def test_the_logs_are_kept_on_purpose(group: dict[str, Any], said: str) -> None:
    account = FakeAccount(log_group={"logGroupName": leftovers.log_group_name(CLUSTER), **group})
    found = find(account, CLUSTER)
    assert found["orphans"] == []
    assert said in only(found, "kept")["why"]
    assert only(found, "kept")["id"] == "/aws/eks/arena-blue/cluster"


@pytest.mark.parametrize(
    ("known_by", "found_one"),
    [
        ({"issuer": ISSUER}, True),
        ({"issuer": ISSUER[:-1]}, False),
        ({"owner_tags": MARKS}, True),
        ({"owner_tags": {**MARKS, "eks-bluegreen/slot": "green"}}, False),
        ({}, False),
    ],
)
def test_the_provider_is_known_by_its_issuer_or_by_tags(known_by: dict[str, Any], found_one: bool) -> None:
    account = FakeAccount(oidc_providers={PROVIDER: {**MARKS, "more": "x"}, "arn:aws:iam::1:oidc-provider/x": MARKS})
    orphans = find(account, CLUSTER, **known_by)["orphans"]
    assert [one["id"] for one in orphans] == ([PROVIDER] if found_one else [])


def test_providers_of_another_region_are_not_asked_about() -> None:
    foreign = PROVIDER.replace("eu-west-1", "us-east-1")
    account = FakeAccount(oidc_providers={foreign: MARKS, PROVIDER: MARKS})
    asked: list[str] = []
    tags_of = account.oidc_provider_tags
    account.oidc_provider_tags = lambda arn: asked.append(arn) or tags_of(arn)  # type: ignore[func-returns-value,method-assign]

    orphans = find(account, CLUSTER, owner_tags=MARKS)["orphans"]

    assert ([one["id"] for one in orphans], asked) == ([PROVIDER], [PROVIDER])


def test_a_part_that_is_denied_hides_nothing_else() -> None:
    account = FakeAccount(target_groups=[("arn", "k8s", {"elbv2.k8s.aws/cluster": CLUSTER})])
    account.denied = {"volumes", "log_group"}
    found = find(account, CLUSTER)
    assert only(found)["kind"] == "target group"
    assert [one.partition(":")[0] for one in found["unread"]] == ["volumes", "log groups"]
    assert [line for line in found["lines"] if "not authorized" in line]


def test_without_any_access_it_fails() -> None:
    account = FakeAccount()
    account.denied = {"cluster"}
    with pytest.raises(AnsibleAWSError):
        find(account, CLUSTER)
