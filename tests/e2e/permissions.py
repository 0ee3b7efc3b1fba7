"""What the policies of docs/iam grant that the story has no use for, each with the reason."""

from __future__ import annotations

UNUSED: dict[str, set[str]] = {
    "the story's slots differ in nothing that could be changed": {
        "eks:AssociateAccessPolicy",
        "eks:AssociateEncryptionConfig",
        "eks:DisassociateAccessPolicy",
        "eks:UntagResource",
        "eks:UpdateAccessEntry",
        "eks:UpdateAddon",
        "eks:UpdateClusterConfig",
        "eks:UpdateNodegroupConfig",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:RemoveTags",
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:RemoveClientIDFromOpenIDConnectProvider",
        "iam:UntagOpenIDConnectProvider",
        "iam:UpdateOpenIDConnectProviderThumbprint",
    },
    "only where an update goes on or has failed, or an insight or a quota asks for a second look": {
        "eks:DescribeInsight",
        "eks:DescribeUpdate",
        "eks:ListUpdates",
        "servicequotas:GetAWSDefaultServiceQuota",
    },
    "the lab's inventory does not use it": {
        "ec2:CreateTags",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:RunInstances",
        "eks:CreatePodIdentityAssociation",
        "eks:DescribeAddonConfiguration",
        "eks:DescribePodIdentityAssociation",
        "eks:ListAccessPolicies",
        "eks:ListPodIdentityAssociations",
        "eks:UpdatePodIdentityAssociation",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:RegisterTargets",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "sts:AssumeRole",
    },
    "AWS asks for it inside of a call of ours, which the lab does not imitate": {
        "ec2:DescribeSecurityGroups",
        "iam:CreateServiceLinkedRole",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
    },
    "the lab makes the state bucket itself": {"s3:CreateBucket", "s3:PutBucketVersioning"},
}
