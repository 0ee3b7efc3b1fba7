"""What controllers of blue leave behind, a service that was renamed, and EKS; blue is protected from deletion, too.

The ids of the orphans go to the lab's folder, in orphans.json.
"""

from __future__ import annotations

from lab.world.config import LabConfig, write_json
from lab.world.seed import Account

CLUSTER = "arena-blue"

config = LabConfig.from_environment()
account = Account(config)
ec2, elbv2 = account.client("ec2"), account.client("elbv2")
vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["arena"]}])["Vpcs"][0]["VpcId"]
group = ec2.create_security_group(
    GroupName="k8s-traffic",
    Description="made by the load balancer controller",
    VpcId=vpc,
    TagSpecifications=[
        {"ResourceType": "security-group", "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": CLUSTER}]}
    ],
)["GroupId"]
targets = elbv2.create_target_group(
    Name="k8s-arena-lobby",
    Protocol="HTTP",
    Port=80,
    VpcId=vpc,
    Tags=[{"Key": "elbv2.k8s.aws/cluster", "Value": CLUSTER}],
)["TargetGroups"][0]["TargetGroupArn"]
renamed = elbv2.create_target_group(
    Name="arena-lobby-blue",
    Protocol="HTTP",
    Port=80,
    VpcId=vpc,
    Tags=[{"Key": "eks-bluegreen/environment", "Value": "arena"}, {"Key": "eks-bluegreen/slot", "Value": "blue"}],
)["TargetGroups"][0]["TargetGroupArn"]
account.client("logs").create_log_group(logGroupName=f"/aws/eks/{CLUSTER}/cluster")
account.client("eks").update_cluster_config(name=CLUSTER, deletionProtection=True)
write_json(config.state / "orphans.json", [group, targets, renamed])
