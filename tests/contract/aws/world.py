"""A running endpoint as the tests see it: clients, a network, roles, and waiting."""

from __future__ import annotations

import base64
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.world import processes, seed
from lab.world.config import AWS_PORT, LabConfig, write_json

ROLE = "arn:aws:iam::123456789012:role/arena-{}"
CLAIM_PORT = AWS_PORT + 1
_claims: list[socket.socket] = []


@dataclass
class World:
    """`subnets`: ids by kind, as lab.world.seed makes them."""

    config: LabConfig
    account: seed.Account
    subnets: dict[str, list[str]]

    def client(self, service: str) -> Any:
        return self.account.client(service)

    @property
    def eks(self) -> Any:
        return self.client("eks")

    def client_with(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        """A client with other credentials than the operator's."""
        return boto3.client(
            service,
            region_name=self.config.region,
            endpoint_url=self.config.aws_endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 1}),
        )

    def cluster_request(self, name: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "version": "1.35",
            "roleArn": ROLE.format("cluster"),
            "resourcesVpcConfig": {"subnetIds": self.subnets["public"] + self.subnets["private"]},
            "accessConfig": {"authenticationMode": "API"},
            **more,
        }

    def create_cluster(self, prefix: str = "test", **more: Any) -> str:
        """A new cluster, ACTIVE when this returns; its name."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.eks.create_cluster(**self.cluster_request(name, **more))
        wait_until(lambda: self.cluster(name)["status"], "ACTIVE")
        return name

    def cluster(self, name: str) -> Any:
        return self.eks.describe_cluster(name=name)["cluster"]

    def create_nodegroup(self, cluster: str, name: str = "game", **more: Any) -> Any:
        request = {
            "clusterName": cluster,
            "nodegroupName": name,
            "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
            "subnets": self.subnets["public"],
            "nodeRole": ROLE.format("node"),
            **more,
        }
        return self.eks.create_nodegroup(**request)["nodegroup"]

    def nodegroup(self, cluster: str, name: str = "game") -> Any:
        return self.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]

    def create_profile(self, cluster: str, name: str = "system", **more: Any) -> Any:
        request = {
            "clusterName": cluster,
            "fargateProfileName": name,
            "podExecutionRoleArn": ROLE.format("fargate"),
            "subnets": self.subnets["private"],
            "selectors": [{"namespace": "kube-system"}],
            **more,
        }
        return self.eks.create_fargate_profile(**request)["fargateProfile"]

    def profile(self, cluster: str, name: str = "system") -> Any:
        return self.eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)["fargateProfile"]

    def facts(self, cluster: str) -> Any:
        return json.loads((self.config.cluster_dir(cluster) / "cluster.json").read_text())

    def fake_nodes(self, cluster: str) -> dict[str, Any]:
        return dict(json.loads((self.config.state / "fake" / f"{cluster}.json").read_text()))

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is created, updated or deleted stays so as long as this lasts; of the fake endpoint only."""
        hold = self.config.state / "fake" / "hold"
        hold.parent.mkdir(exist_ok=True)
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    @contextmanager
    def failing(self, words: str, message: str, code: str = "AccessDenied") -> Iterator[None]:
        """Work whose description has these words ("update of add-on x/y") fails; of the fake endpoint only."""
        faults = self.config.state / "fake" / "faults.json"
        faults.parent.mkdir(exist_ok=True)
        write_json(faults, {words: {"message": message, "code": code}})
        try:
            yield
        finally:
            faults.unlink()

    def token(self, cluster: str, key: str = seed.ACCESS_KEY, secret: str = seed.SECRET_KEY, **more: Any) -> str:
        """An EKS token as `aws eks get-token` makes it, for an endpoint that is not AWS's."""
        return presign(self.client_with("sts", key, secret, more.get("session_token")), cluster)


def presign(sts: Any, cluster: str) -> str:
    def add_header(request: Any, **_: Any) -> None:
        request.headers["x-k8s-aws-id"] = cluster

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", add_header)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def wait_until(look: Callable[[], Any], wanted: Any, timeout: float = 30.0) -> None:
    """Look until the wanted value is there; `timeout` in seconds."""
    deadline = time.monotonic() + timeout
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"still {seen!r}, not {wanted!r}, after {timeout:.0f} s"
        time.sleep(0.02)


def wait_gone(look: Callable[[], Any], timeout: float = 30.0) -> None:
    """Wait until a describe call answers ResourceNotFoundException."""

    def answer() -> str:
        try:
            look()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "still there"

    wait_until(answer, "ResourceNotFoundException", timeout)


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """The body must be refused with this AWS error code, and these words must stand in the message."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    for word in words:
        assert word in error["Message"]


def free_config(state: Path, first: int) -> LabConfig:
    """The first lab from this number on that no one uses; no other test gets it as long as this process lives."""
    for number in range(first, 100):
        config = LabConfig.from_environment({"LAB_NUMBER": str(number), "LAB_STATE": str(state)})
        if is_free(config) and claim(config):
            return config
    raise AssertionError(f"no free lab number from {first} to 99")


def is_free(config: LabConfig) -> bool:
    """Whether the lab's AWS address is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.aws_address, AWS_PORT))
        except OSError:
            return False
    return True


def claim(config: LabConfig) -> bool:
    """Take a port next to the endpoint's for good: the endpoint itself takes a while to listen on its own."""
    held = socket.socket()
    try:
        held.bind((config.aws_address, CLAIM_PORT))
    except OSError:
        held.close()
        return False
    _claims.append(held)
    return True


@contextmanager
def running(config: LabConfig, module: str) -> Iterator[World]:
    """An endpoint, started as a process of its own, with the network and the roles of lab.world.seed."""
    record = processes.start(config, "aws", ["python", "-m", module])
    try:
        processes.wait_until_listening(record, config.aws_address, AWS_PORT, timeout=60)
        account = seed.Account(config)
        seed.seed_roles(account.client("iam"))
        yield World(config, account, seed.seed_network(account.client("ec2")))
    finally:
        processes.stop(config, "aws")
