# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A token for an EKS cluster: a module for code, a script for the `exec` of a kubeconfig.

As a script it imports botocore alone, because every kubectl, helm and module call that needs a token
waits for it. The token is a presigned URL of STS GetCallerIdentity whose signature covers the
cluster's name; EKS accepts it for 15 minutes after signing
(https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from datetime import datetime, timedelta, timezone

try:
    import botocore.session
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    IMPORT_ERROR = None
except ImportError as error:
    IMPORT_ERROR = error

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# Of the URL itself; EKS refuses more than 15 minutes, and its own clients ask for one.
URL_SECONDS = 60
TOKEN_MINUTES = 14


def sts_url(session: object, region: str, environ: dict[str, str]) -> str:
    """The regional STS endpoint, or the one that the environment names, as the AWS tools do."""
    named = environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL")
    if named:
        return named.rstrip("/") + "/"
    partition = session.get_partition_for_region(region)  # type: ignore[attr-defined]
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sts.{region}.{suffix}/"


def make_token(cluster: str, region: str, profile: str | None = None, role_arn: str | None = None) -> str:
    """A bearer token for the cluster, for the identity of the environment, a profile, or an assumed role."""
    if IMPORT_ERROR is not None:
        raise RuntimeError(f"{sys.executable} cannot import botocore: install it there") from IMPORT_ERROR
    session = botocore.session.Session(profile=profile)
    credentials = session.get_credentials()
    if credentials is None:
        raise RuntimeError("no AWS credentials were found: set AWS_PROFILE or the AWS_ACCESS_KEY_ID of the runner")
    if role_arn:
        sts = session.create_client("sts", region_name=region)
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="eks-bluegreen")["Credentials"]
        credentials = botocore.credentials.Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )
    url = sts_url(session, region, dict(os.environ)) + "?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={CLUSTER_HEADER: cluster})
    SigV4QueryAuth(credentials, "sts", region, expires=URL_SECONDS).add_auth(request)
    return PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


def exec_credential(token: str, now: datetime) -> dict[str, object]:
    """What kubectl and its like expect of an `exec` program."""
    expires = now + timedelta(minutes=TOKEN_MINUTES)
    return {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"interactive": False},
        "status": {"token": token, "expirationTimestamp": expires.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Print an ExecCredential for an EKS cluster.")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--profile")
    parser.add_argument("--role-arn")
    options = parser.parse_args()
    token = make_token(options.cluster, options.region, options.profile, options.role_arn)
    sys.stdout.write(json.dumps(exec_credential(token, datetime.now(timezone.utc))) + "\n")


if __name__ == "__main__":
    main()
