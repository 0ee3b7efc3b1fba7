"""Clusters: what counts as a difference, which call makes it, and the calls' bodies."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import (
    CLUSTER_FIELDS,
    Cluster,
    check_cluster_values,
    cluster_update,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import absent_round, empty_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    by_call,
    changed_to,
    differences,
    refuse_fixed,
    request,
)
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FakeKeeper

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
HAVE = {
    "version": "1.36",
    "roleArn": "arn:role/c",
    "resourcesVpcConfig": {
        "subnetIds": ["a", "b"],
        "securityGroupIds": ["sg-1"],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"],
    },
    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
    "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}, {"types": ["scheduler"]}]},
    "upgradePolicy": {"supportType": "EXTENDED"},
}
NOTHING = dict.fromkeys(field.option for field in CLUSTER_FIELDS)


@pytest.mark.parametrize(
    ("want", "calls"),
    [
        pytest.param({"subnet_ids": ["b", "a"], "logging_types": ["audit", "api"]}, [], id="order does not count"),
        pytest.param({"zonal_shift": False, "deletion_protection": False}, [], id="off, as where AWS says nothing"),
        pytest.param({"support_type": "EXTENDED", "control_plane_tier": "standard"}, [], id="AWS's defaults"),
        pytest.param({"bootstrap_cluster_creator_admin_permissions": False}, [], id="counts at creation only"),
        pytest.param(
            {"endpoint_private_access": True},
            [
                (
                    "endpoint",
                    {
                        "resourcesVpcConfig": {
                            "endpointPublicAccess": True,
                            "endpointPrivateAccess": True,
                            "publicAccessCidrs": ["0.0.0.0/0"],
                        }
                    },
                )
            ],
            id="endpoint access goes as a whole",
        ),
        pytest.param(
            {"security_group_ids": ["sg-2"], "public_access_cidrs": ["198.51.100.0/24"]},
            [
                ("vpc", {"resourcesVpcConfig": {"subnetIds": ["a", "b"], "securityGroupIds": ["sg-2"]}}),
                (
                    "endpoint",
                    {
                        "resourcesVpcConfig": {
                            "endpointPublicAccess": True,
                            "endpointPrivateAccess": False,
                            "publicAccessCidrs": ["198.51.100.0/24"],
                        }
                    },
                ),
            ],
            id="subnets and security groups go by a call of their own",
        ),
        pytest.param(
            {"logging_types": ["api", "scheduler"]},
            [
                (
                    "logging",
                    {
                        "logging": {
                            "clusterLogging": [
                                {"types": ["api", "scheduler"], "enabled": True},
                                {"types": ["audit"], "enabled": False},
                            ]
                        }
                    },
                )
            ],
            id="logs on and off",
        ),
        pytest.param(
            {"logging_types": []},
            [("logging", {"logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": False}]}})],
            id="no logs",
        ),
        pytest.param(
            {"authentication_mode": "API"}, [("access", {"accessConfig": {"authenticationMode": "API"}})], id="access"
        ),
        pytest.param(
            {"encryption_key_arn": KEY},
            [("encryption", {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]})],
            id="encryption, later",
        ),
        pytest.param(
            {
                "deletion_protection": True,
                "support_type": "STANDARD",
                "zonal_shift": True,
                "control_plane_tier": "tier-xl",
            },
            [
                ("upgrade_policy", {"upgradePolicy": {"supportType": "STANDARD"}}),
                ("zonal_shift", {"zonalShiftConfig": {"enabled": True}}),
                ("control_plane_tier", {"controlPlaneScalingConfig": {"tier": "tier-xl"}}),
                ("deletion_protection", {"deletionProtection": True}),
            ],
            id="one call each",
        ),
    ],
)
def test_calls(want: dict[str, Any], calls: list[Any]) -> None:
    refuse_fixed("cluster arena", CLUSTER_FIELDS, want, HAVE)
    changes = differences(CLUSTER_FIELDS, want, HAVE)

    assert [(call, cluster_update(call, together, HAVE)) for call, together in by_call(changes)] == calls
    assert differences(CLUSTER_FIELDS, want, changed_to(HAVE, changes)) == []


@pytest.mark.parametrize(
    ("have", "want", "words"),
    [
        (
            {},
            {"kubernetes_version": "1.37"},
            "kubernetes_version is '1.36', wanted '1.37' (the other slot is for that)",
        ),
        ({}, {"role_arn": "arn:role/d"}, "role_arn is 'arn:role/c', wanted 'arn:role/d'"),
        ({}, {"service_ipv4_cidr": "10.0.0.0/16"}, "service_ipv4_cidr is '172.20.0.0/16', wanted '10.0.0.0/16'"),
        ({}, {"ip_family": "ipv6"}, "ip_family is 'ipv4', wanted 'ipv6'"),
        ({}, {"authentication_mode": "CONFIG_MAP"}, "one step at a time and never back"),
        (
            {"accessConfig": {"authenticationMode": "CONFIG_MAP"}},
            {"authentication_mode": "API"},
            "CONFIG_MAP, API_AND_CONFIG_MAP, API",
        ),
        (
            {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]},
            {"encryption_key_arn": KEY + "0"},
            "EKS never changes or removes the key",
        ),
    ],
)
def test_what_cannot_change_is_refused(have: dict[str, Any], want: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        refuse_fixed("cluster arena", CLUSTER_FIELDS, want, {**HAVE, **have})
    assert words in refused.value.message


def test_creation() -> None:
    want = {
        "kubernetes_version": "1.36",
        "subnet_ids": ["a"],
        "endpoint_public_access": False,
        "bootstrap_self_managed_addons": False,
        "logging_types": ["audit"],
        "encryption_key_arn": KEY,
        "zonal_shift": None,
    }
    assert request(CLUSTER_FIELDS, want) == {
        "version": "1.36",
        "resourcesVpcConfig": {"subnetIds": ["a"], "endpointPublicAccess": False},
        "bootstrapSelfManagedAddons": False,
        "logging": {"clusterLogging": [{"types": ["audit"], "enabled": True}]},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
    }


class OlderEks:
    """A cluster with a node group, a Fargate profile and perhaps capabilities, of which this botocore knows nothing."""

    def __init__(self, *capabilities: str, denied: str = "") -> None:
        summaries = [{"capabilityName": name, "type": "ARGOCD", "status": "ACTIVE"} for name in capabilities]
        self.pages: dict[str, dict[str, list[Any]]] = {
            "list_nodegroups": {"nodegroups": ["game"]},
            "list_fargate_profiles": {"fargateProfileNames": ["system"]},
            "list_capabilities": {"capabilities": summaries},
        }
        self.denied = denied
        self.deleted: list[str] = []

    def get_paginator(self, name: str) -> Any:
        def paginate(**_request: Any) -> list[dict[str, Any]]:
            if name == "list_capabilities" and self.denied:
                raise ClientError({"Error": {"Code": self.denied, "Message": "no"}}, "ListCapabilities")
            return [self.pages[name]]

        return Mock(paginate=paginate)

    def describe_cluster(self, name: str) -> Any:
        return {"cluster": {"name": name, "status": "ACTIVE"}}

    def describe_nodegroup(self, **_request: str) -> Any:
        return {"nodegroup": {"status": "ACTIVE"}}

    def describe_fargate_profile(self, **_request: str) -> Any:
        return {"fargateProfile": {"status": "ACTIVE"}}

    def delete_nodegroup(self, **_request: str) -> None:
        self._delete("list_nodegroups")

    def delete_fargate_profile(self, **_request: str) -> None:
        self._delete("list_fargate_profiles")

    def _delete(self, what: str) -> None:
        self.deleted.append(what.removeprefix("list_"))
        self.pages[what] = {key: [] for key in self.pages[what]}


class FakeEks(OlderEks):
    """The same for a botocore that knows them."""

    list_capabilities = None


def emptied(client: OlderEks, *, check_mode: bool = False) -> dict[str, Any]:
    cluster = Cluster(client, "arena", unprotected=check_mode)
    return empty_round(cluster, check_mode=check_mode, clock=FakeClock(), keeper=FakeKeeper())


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("delete", [absent_round, empty_round])
def test_a_cluster_with_capabilities_stays_with_all_that_is_in_it(delete: Any, check_mode: bool) -> None:
    client = FakeEks("argo", "kro")
    cluster = Cluster(client, "arena", unprotected=check_mode)

    with pytest.raises(BlueGreenError) as refused:
        delete(cluster, check_mode=check_mode, clock=FakeClock(), keeper=FakeKeeper())

    assert refused.value.message == (
        "cluster arena is not deleted: it has the EKS capabilities argo (ARGOCD, ACTIVE), kro (ARGOCD, ACTIVE). Delete "
        "each first: aws eks delete-capability --cluster-name arena --capability-name <name>"
    )
    assert client.deleted == []


@pytest.mark.parametrize(
    "client",
    [FakeEks(), FakeEks("argo", denied="AccessDeniedException"), OlderEks("argo")],
    ids=["none", "a region without them", "an older botocore"],
)
def test_where_no_capability_is_known_the_deletion_goes_on(client: OlderEks) -> None:
    assert emptied(client, check_mode=True)["contents"] == ["node group arena/game", "Fargate profile arena/system"]
    assert client.deleted == []
    emptied(client)
    assert client.deleted == ["nodegroups", "fargate_profiles"]


def test_capabilities_that_cannot_be_read_are_no_reason_to_go_on() -> None:
    with pytest.raises(AnsibleAWSError, match="list the capabilities of cluster arena"):
        emptied(FakeEks(denied="ServerException"))


def test_a_cluster_that_is_going_is_not_asked_for_capabilities() -> None:
    assert Cluster(FakeEks("argo"), "arena").protection({"status": "DELETING"}) == ""


def test_add_ons_go_with_the_cluster_and_not_before() -> None:
    parts = Cluster(FakeEks(), "arena").contents()

    assert [one.kind for one in parts] == ["node group", "Fargate profile"]


def test_its_name() -> None:
    assert Cluster(None, "arena").identity() == {"name": "arena"}


def test_protection_names_the_remedy() -> None:
    cluster = Cluster(FakeEks(), "arena")

    assert "deletion_protection: false" in cluster.protection({"deletionProtection": True, "status": "ACTIVE"})
    assert cluster.protection({"deletionProtection": False, "status": "ACTIVE"}) == ""
    assert cluster.protection({"status": "ACTIVE"}) == ""


def test_protection_that_will_be_lifted_protects_nothing() -> None:
    cluster = Cluster(FakeEks(), "arena", unprotected=True)
    assert cluster.protection({"deletionProtection": True, "status": "ACTIVE"}) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"endpoint_public_access": False, "endpoint_private_access": False}, "no one could reach it"),
        ({"public_access_cidrs": ["198.51.100.7/24"]}, "public_access_cidrs: 198.51.100.7/24 has host bits set"),
        ({"public_access_cidrs": ["home"]}, "public_access_cidrs: 'home' does not appear to be"),
        ({"public_access_cidrs": ["203.0.113.5"]}, "public_access_cidrs: 203.0.113.5 has no prefix length; write it"),
        (
            {"encryption_key_arn": "arn:aws:kms:eu-west-1:123456789012:alias/arena"},
            "encryption_key_arn: arn:aws:kms:eu-west-1:123456789012:alias/arena is not a key's own ARN",
        ),
        (
            {"service_ipv4_cidr": "8.8.0.0/16"},
            "service_ipv4_cidr: 8.8.0.0/16 is not a private IPv4 network of /12 to /24",
        ),
        ({"service_ipv4_cidr": "10.0.0.0/8"}, "service_ipv4_cidr: 10.0.0.0/8 is not a private"),
        ({"service_ipv4_cidr": "fd00::/16"}, "service_ipv4_cidr: fd00::/16 is not a private IPv4"),
        ({"service_ipv4_cidr": "10.0.0.1/32"}, "service_ipv4_cidr: 10.0.0.1/32 is not a private"),
        ({"service_ipv4_cidr": "10.0.0.1"}, "service_ipv4_cidr: 10.0.0.1 has no prefix length"),
    ],
)
def test_nonsense(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        check_cluster_values("arena", {**NOTHING, **values})
    assert refused.value.message.startswith("cluster arena has options that cannot be right: ")
    assert words in refused.value.message


@pytest.mark.parametrize(
    "values",
    [
        {"endpoint_public_access": False},
        {"endpoint_public_access": False, "endpoint_private_access": True},
        {"public_access_cidrs": []},
        {"encryption_key_arn": KEY},
        {"public_access_cidrs": ["0.0.0.0/0", "2001:db8::/32"], "service_ipv4_cidr": "10.100.0.0/16"},
    ],
)
def test_sense(values: dict[str, Any]) -> None:
    check_cluster_values("arena", {**NOTHING, **values})


PRIVATE: dict[str, Any] = {"resourcesVpcConfig": {"endpointPublicAccess": False, "publicAccessCidrs": []}}
OFFICE = ["198.51.100.0/24"]


@pytest.mark.parametrize(
    ("cidrs", "is_public", "have", "compared"),
    [
        (OFFICE, None, None, OFFICE),
        (OFFICE, None, HAVE, OFFICE),
        (OFFICE, True, PRIVATE, OFFICE),
        ([], None, None, None),
        ([], True, HAVE, None),
        (OFFICE, False, None, None),
        (OFFICE, False, HAVE, None),
        (OFFICE, None, PRIVATE, None),
        (None, None, HAVE, None),
    ],
)
def test_networks_count_where_the_endpoint_is_public(cidrs: Any, is_public: Any, have: Any, compared: Any) -> None:
    values = {"public_access_cidrs": cidrs, "endpoint_public_access": is_public, "role_arn": "arn:role/c"}

    assert Cluster(None, "arena").counted(values, have) == {**values, "public_access_cidrs": compared}
