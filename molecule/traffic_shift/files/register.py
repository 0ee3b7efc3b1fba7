"""Registers two targets with green, as the AWS Load Balancer Controller of green's cluster would."""

from __future__ import annotations

import boto3

elbv2 = boto3.client("elbv2")
arn = elbv2.describe_target_groups(Names=["arena-matchmaker-green"])["TargetGroups"][0]["TargetGroupArn"]
elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.1.10"}, {"Id": "10.0.1.11"}])
