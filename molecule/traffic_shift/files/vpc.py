"""Prints the id of the VPC that the seed made."""

from __future__ import annotations

import boto3

vpcs = boto3.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/16"]}])["Vpcs"]
print(vpcs[0]["VpcId"])
