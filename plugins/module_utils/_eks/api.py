# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The EKS API (and IAM's OIDC providers): one call per function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import aws_call

NOT_FOUND = "ResourceNotFoundException"

Description = dict[str, Any]


@aws_call("read cluster {name}", none_for=NOT_FOUND)
def describe_cluster(client: Any, name: str) -> Description | None:
    found: Description = client.describe_cluster(name=name)["cluster"]
    return found


@aws_call("create cluster {name}")
def create_cluster(client: Any, name: str, body: Mapping[str, Any]) -> None:
    client.create_cluster(name=name, **body)


@aws_call("update the configuration of cluster {name}")
def update_cluster_config(client: Any, name: str, body: Mapping[str, Any]) -> None:
    client.update_cluster_config(name=name, **body)


@aws_call("delete cluster {name}", none_for=NOT_FOUND)
def delete_cluster(client: Any, name: str) -> None:
    client.delete_cluster(name=name)


@aws_call("list the node groups of cluster {cluster}")
def list_nodegroups(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_nodegroups").paginate(clusterName=cluster)
    return [name for page in pages for name in page["nodegroups"]]


@aws_call("read node group {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_nodegroup(client: Any, cluster: str, name: str) -> Description | None:
    found: Description = client.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    return found


@aws_call("create node group {name} in cluster {cluster}")
def create_nodegroup(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> None:
    client.create_nodegroup(clusterName=cluster, nodegroupName=name, **body)


@aws_call("update node group {name} of cluster {cluster}")
def update_nodegroup_config(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> None:
    client.update_nodegroup_config(clusterName=cluster, nodegroupName=name, **body)


@aws_call("delete node group {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_nodegroup(client: Any, cluster: str, name: str) -> None:
    client.delete_nodegroup(clusterName=cluster, nodegroupName=name)


@aws_call("list the Fargate profiles of cluster {cluster}")
def list_fargate_profiles(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_fargate_profiles").paginate(clusterName=cluster)
    return [name for page in pages for name in page["fargateProfileNames"]]


@aws_call("read Fargate profile {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_fargate_profile(client: Any, cluster: str, name: str) -> Description | None:
    answer = client.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)
    found: Description = answer["fargateProfile"]
    return found


@aws_call("create Fargate profile {name} in cluster {cluster}")
def create_fargate_profile(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> None:
    client.create_fargate_profile(clusterName=cluster, fargateProfileName=name, **body)


@aws_call("delete Fargate profile {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_fargate_profile(client: Any, cluster: str, name: str) -> None:
    client.delete_fargate_profile(clusterName=cluster, fargateProfileName=name)


@aws_call("list the add-ons of cluster {cluster}")
def list_addons(client: Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_addons").paginate(clusterName=cluster)
    return [name for page in pages for name in page["addons"]]


@aws_call("read add-on {name} of cluster {cluster}", none_for=NOT_FOUND)
def describe_addon(client: Any, cluster: str, name: str) -> Description | None:
    found: Description = client.describe_addon(clusterName=cluster, addonName=name)["addon"]
    return found


@aws_call("create add-on {name} in cluster {cluster}")
def create_addon(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> None:
    client.create_addon(clusterName=cluster, addonName=name, **body)


@aws_call("update add-on {name} of cluster {cluster}")
def update_addon(client: Any, cluster: str, name: str, body: Mapping[str, Any]) -> None:
    client.update_addon(clusterName=cluster, addonName=name, **body)


@aws_call("delete add-on {name} of cluster {cluster}", none_for=NOT_FOUND)
def delete_addon(client: Any, cluster: str, name: str) -> None:
    client.delete_addon(clusterName=cluster, addonName=name)


@aws_call("tag {arn}")
def tag_resource(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=dict(tags))


@aws_call("read the access entry of {principal} in cluster {cluster}", none_for=NOT_FOUND)
def describe_access_entry(client: Any, cluster: str, principal: str) -> Description | None:
    found: Description = client.describe_access_entry(clusterName=cluster, principalArn=principal)["accessEntry"]
    return found


@aws_call("create an access entry for {principal} in cluster {cluster}")
def create_access_entry(client: Any, cluster: str, principal: str, body: Mapping[str, Any]) -> None:
    client.create_access_entry(clusterName=cluster, principalArn=principal, **body)


@aws_call("update the access entry of {principal} in cluster {cluster}")
def update_access_entry(client: Any, cluster: str, principal: str, body: Mapping[str, Any]) -> None:
    client.update_access_entry(clusterName=cluster, principalArn=principal, **body)


@aws_call("delete the access entry of {principal} in cluster {cluster}", none_for=NOT_FOUND)
def delete_access_entry(client: Any, cluster: str, principal: str) -> None:
    client.delete_access_entry(clusterName=cluster, principalArn=principal)


@aws_call("list the policies of {principal} in cluster {cluster}")
def list_access_policies(client: Any, cluster: str, principal: str) -> list[str]:
    paginator = client.get_paginator("list_associated_access_policies")
    pages = paginator.paginate(clusterName=cluster, principalArn=principal)
    return [policy["policyArn"] for page in pages for policy in page["associatedAccessPolicies"]]


@aws_call("associate {policy} with {principal} in cluster {cluster}")
def associate_access_policy(client: Any, cluster: str, principal: str, policy: str) -> None:
    client.associate_access_policy(
        clusterName=cluster, principalArn=principal, policyArn=policy, accessScope={"type": "cluster"}
    )


@aws_call("take {policy} from {principal} in cluster {cluster}", none_for=NOT_FOUND)
def disassociate_access_policy(client: Any, cluster: str, principal: str, policy: str) -> None:
    client.disassociate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy)


@aws_call("list the OIDC providers of the account")
def list_oidc_providers(client: Any) -> list[str]:
    return [one["Arn"] for one in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


@aws_call("read OIDC provider {arn}", none_for="NoSuchEntity")
def get_oidc_provider(client: Any, arn: str) -> Description | None:
    found: Description = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return found


@aws_call("create OIDC provider {url}")
def create_oidc_provider(client: Any, url: str, client_ids: Sequence[str], tags: Mapping[str, str]) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    answer = client.create_open_id_connect_provider(Url=url, ClientIDList=list(client_ids), Tags=listed)
    return str(answer["OpenIDConnectProviderArn"])


@aws_call("add client {client_id} to OIDC provider {arn}")
def add_oidc_client(client: Any, arn: str, client_id: str) -> None:
    client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)


@aws_call("tag OIDC provider {arn}")
def tag_oidc_provider(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    client.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=listed)


@aws_call("delete OIDC provider {arn}", none_for="NoSuchEntity")
def delete_oidc_provider(client: Any, arn: str) -> None:
    client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
