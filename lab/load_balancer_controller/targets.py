"""The controller's calls to ELBv2; its credentials come from the environment (IRSA)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3

from lab.load_balancer_controller.plan import Target


class Targets:
    """Registered targets of target groups. Errors are botocore's."""

    def __init__(self, region: str) -> None:
        self._elbv2 = boto3.client("elbv2", region_name=region)

    def arn_of(self, name: str) -> str:
        found = self._elbv2.describe_target_groups(Names=[name])["TargetGroups"]
        return str(found[0]["TargetGroupArn"])

    def registered(self, arn: str) -> list[Target]:
        """The targets of a group that are not draining; none if the group does not exist."""
        try:
            answer = self._elbv2.describe_target_health(TargetGroupArn=arn)
        except self._elbv2.exceptions.TargetGroupNotFoundException:
            return []
        found = answer["TargetHealthDescriptions"]
        return [
            (one["Target"]["Id"], int(one["Target"]["Port"]))
            for one in found
            if one["TargetHealth"]["State"] != "draining"
        ]

    def register(self, arn: str, targets: Sequence[Target]) -> None:
        if targets:
            self._elbv2.register_targets(TargetGroupArn=arn, Targets=_descriptions(targets))

    def deregister(self, arn: str, targets: Sequence[Target]) -> None:
        if targets:
            self._elbv2.deregister_targets(TargetGroupArn=arn, Targets=_descriptions(targets))


def _descriptions(targets: Sequence[Target]) -> list[dict[str, Any]]:
    return [{"Id": address, "Port": port} for address, port in targets]
