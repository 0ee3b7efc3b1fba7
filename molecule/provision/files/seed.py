"""The lab's account without any cluster: the network, the roles, the state bucket, the load balancer."""

from __future__ import annotations

from lab.world.config import LabConfig
from lab.world.seed import Account, seed_bucket, seed_load_balancer, seed_network, seed_roles, seed_target_groups

account = Account(LabConfig.from_environment())
network = seed_network(account.client("ec2"))
seed_roles(account.client("iam"))
seed_bucket(account.client("s3"))
elbv2 = account.client("elbv2")
seed_load_balancer(elbv2, network["public"], seed_target_groups(elbv2, network["vpc"][0]))
