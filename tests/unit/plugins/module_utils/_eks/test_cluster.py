"""Clusters: what counts as a difference, which call makes it, and the calls' bodies."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import (
    FIELDS,
    Cluster,
    check_values,
    cluster_update,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import (
    by_call,
    changed_to,
    differences,
    refuse_fixed,
    request,
)

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
NOTHING = dict.fromkeys(field.option for field in FIELDS)


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
    refuse_fixed("cluster arena", FIELDS, want, HAVE)
    changes = differences(FIELDS, want, HAVE)

    assert [(call, cluster_update(call, together, HAVE)) for call, together in by_call(changes)] == calls
    assert differences(FIELDS, want, changed_to(HAVE, changes)) == []


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
            "EKS never changes the key",
        ),
    ],
)
def test_what_cannot_change_is_refused(have: dict[str, Any], want: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        refuse_fixed("cluster arena", FIELDS, want, {**HAVE, **have})
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
    assert request(FIELDS, want) == {
        "version": "1.36",
        "resourcesVpcConfig": {"subnetIds": ["a"], "endpointPublicAccess": False},
        "bootstrapSelfManagedAddons": False,
        "logging": {"clusterLogging": [{"types": ["audit"], "enabled": True}]},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
    }


class FakeEks:
    """A cluster that holds a node group and a Fargate profile."""

    def get_paginator(self, name: str) -> Any:
        key = {"list_nodegroups": "nodegroups", "list_fargate_profiles": "fargateProfileNames"}[name]

        class Paginator:
            def paginate(self, **_request: Any) -> list[dict[str, Any]]:
                return [{key: [name.removeprefix("list_")]}]

        return Paginator()


def test_add_ons_go_with_the_cluster_and_not_before() -> None:
    parts = Cluster(FakeEks(), "arena").contents()

    assert [one.kind for one in parts] == ["node group", "Fargate profile"]


def test_its_name() -> None:
    assert Cluster(None, "arena").identity() == {"name": "arena"}


def test_protection_names_the_remedy() -> None:
    cluster = Cluster(None, "arena")

    assert "deletion_protection: false" in cluster.protection({"deletionProtection": True})
    assert cluster.protection({"deletionProtection": False}) == cluster.protection({}) == ""


def test_protection_that_will_be_lifted_protects_nothing() -> None:
    assert Cluster(None, "arena", unprotected=True).protection({"deletionProtection": True}) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"endpoint_public_access": False, "endpoint_private_access": False}, "nobody could reach it"),
        ({"public_access_cidrs": ["198.51.100.7/24"]}, "public_access_cidrs: 198.51.100.7/24 has host bits set"),
        ({"public_access_cidrs": ["home"]}, "public_access_cidrs: 'home' does not appear to be"),
        ({"service_ipv4_cidr": "8.8.0.0/16"}, "service_ipv4_cidr: 8.8.0.0/16 is no private IPv4 network of /12 to /24"),
        ({"service_ipv4_cidr": "10.0.0.0/8"}, "service_ipv4_cidr: 10.0.0.0/8 is no private"),
        ({"service_ipv4_cidr": "fd00::/16"}, "service_ipv4_cidr: fd00::/16 is no private IPv4"),
        ({"service_ipv4_cidr": "10.0.0.1"}, "service_ipv4_cidr: 10.0.0.1/32 is no private"),
    ],
)
def test_nonsense(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        check_values("arena", {**NOTHING, **values})
    assert refused.value.message.startswith("cluster arena cannot be asked for: ")
    assert words in refused.value.message


@pytest.mark.parametrize(
    "values",
    [
        {"endpoint_public_access": False},
        {"endpoint_public_access": False, "endpoint_private_access": True},
        {"public_access_cidrs": ["0.0.0.0/0", "2001:db8::/32"], "service_ipv4_cidr": "10.100.0.0/16"},
    ],
)
def test_sense(values: dict[str, Any]) -> None:
    check_values("arena", {**NOTHING, **values})
