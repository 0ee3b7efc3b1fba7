"""What EKS needs of the account's other services, read from moto's EC2 and IAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.models import ec2_backends

from lab.aws.eks.nodes import Subnet
from lab.aws.identity import iam
from lab.world.config import ACCOUNT_ID


class MotoAccount:
    """Implements lab.aws.eks.runtime.Account."""

    def __init__(self, region: str) -> None:
        self._region = region

    @property
    def _ec2(self) -> Any:
        return ec2_backends[ACCOUNT_ID][self._region]

    def subnets(self, ids: Sequence[str]) -> dict[str, Subnet]:
        known = {subnet.id: subnet for zone in self._ec2.subnets.values() for subnet in zone.values()}
        return {subnet: self._subnet(known[subnet]) for subnet in ids if subnet in known}

    def _subnet(self, subnet: Any) -> Subnet:
        return Subnet(
            id=subnet.id,
            vpc_id=subnet.vpc_id,
            zone=subnet.availability_zone,
            cidr=subnet.cidr_block,
            maps_public_ip=str(subnet.map_public_ip_on_launch).lower() == "true",
            routes_to_internet=self._routes_to_internet(subnet),
        )

    def _routes_to_internet(self, subnet: Any) -> bool:
        tables = [table for table in self._ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
        own = [table for table in tables if any(a.get("SubnetId") == subnet.id for a in table.associations)]
        main = [table for table in tables if any(a["Main"] for a in table.associations)]
        return any(
            (route.gateway_id or "").startswith("igw-") and route.destination_cidr_block == "0.0.0.0/0"
            for table in own or main
            for route in table.routes
        )

    def role_exists(self, arn: str) -> bool:
        return any(role.arn == arn for role in iam().roles.values())

    def launch_template(self, wanted: Mapping[str, str]) -> dict[str, str] | None:
        templates = self._ec2.launch_templates.values()
        named = {"id": lambda one: one.id, "name": lambda one: one.name}
        key = "id" if wanted.get("id") else "name"
        found = next((one for one in templates if named[key](one) == wanted.get(key)), None)
        if found is None:
            return None
        version = wanted.get("version") or found.default_version_number
        return {"id": found.id, "name": found.name, "version": str(version)}

    def create_security_group(self, cluster: str, vpc_id: str) -> str:
        name = f"eks-cluster-sg-{cluster}-{abs(hash(cluster)) % 10**10}"
        tags = {"Name": name, f"kubernetes.io/cluster/{cluster}": "owned", "aws:eks:cluster-name": cluster}
        group = self._ec2.create_security_group(name, f"EKS created security group of {cluster}", vpc_id, tags=tags)
        return str(group.id)

    def delete_security_group(self, group_id: str) -> None:
        if any(group_id in groups for groups in self._ec2.groups.values()):
            self._ec2.delete_security_group(group_id=group_id)
