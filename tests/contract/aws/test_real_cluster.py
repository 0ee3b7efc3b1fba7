"""A real cluster behind the lab's EKS: its API server, its nodes, and who it lets in."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
import requests
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import connect
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.count import has_agones
from botocore import UNSIGNED
from botocore.config import Config

from lab.aws.eks.api_server import ApiServer
from lab.world import processes, seed
from lab.world.config import LabConfig, LabError
from tests.contract.aws.world import ROLE, World, free_config, running, wait_gone, wait_until

CLUSTER = "arena-test"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "game"},
    "spec": {"containers": [{"name": "game", "image": "example.com/nothing"}], "automountServiceAccountToken": False},
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> LabConfig:
    config = free_config(tmp_path_factory.mktemp("real"), first=70)
    for program in ("kwokctl", "kube-apiserver"):
        assert config.binary(program).exists(), "build the binaries first: python -m lab binaries"
    return config


@pytest.fixture(scope="module")
def world(config: LabConfig) -> Iterator[World]:
    with running(config, "lab.aws") as world:
        try:
            world.eks.create_cluster(**world.cluster_request(CLUSTER, version="1.34"))
            wait_until(lambda: world.cluster(CLUSTER)["status"], "ACTIVE", timeout=150)
            yield world
        finally:
            world.eks.delete_cluster(name=CLUSTER)
            wait_gone(lambda: world.cluster(CLUSTER), timeout=150)


def ask(world: World, token: str, path: str) -> requests.Response:
    """A GET with a bearer token, the certificate checked against what DescribeCluster gives."""
    cluster = world.cluster(CLUSTER)
    ca = world.config.state / "ca.pem"
    ca.write_bytes(base64.b64decode(cluster["certificateAuthority"]["data"]))
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(cluster["endpoint"] + path, headers=headers, verify=str(ca), timeout=10)


def admin(world: World) -> ApiServer:
    return ApiServer(world.config.cluster_dir(CLUSTER) / "internal.kubeconfig")


def session_of(world: World, role: str) -> dict[str, str]:
    answer = world.client("sts").assume_role(RoleArn=ROLE.format(role), RoleSessionName="ci")
    keys = answer["Credentials"]
    return {
        "key": keys["AccessKeyId"],
        "secret": keys["SecretAccessKey"],
        "session_token": keys["SessionToken"],
    }


def test_the_api_server_is_the_version_that_was_asked_for(world: World) -> None:
    version = ask(world, world.token(CLUSTER), "/version").json()
    assert version["emulationMinor"] == "34"


def test_everything_listens_on_addresses_of_the_lab_only(world: World) -> None:
    address = world.config.control_address(world.facts(CLUSTER)["index"])
    state = str(world.config.state)
    found = set()
    for process in psutil.process_iter(["name", "cmdline"]):
        if any(f"{state}/kwok" in part for part in process.info["cmdline"] or []):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add((process.info["name"][:14], connection.laddr.ip))
    assert {name for name, _ in found} >= {"kube-apiserver", "etcd"}
    assert {ip for _, ip in found} == {address}


def test_an_api_server_says_itself_that_it_has_no_agones(world: World) -> None:
    assert not has_agones(connect(str(world.config.cluster_dir(CLUSTER) / "internal.kubeconfig")))


def test_the_creator_s_token_is_an_administrator_s(world: World) -> None:
    answer = ask(world, world.token(CLUSTER), "/api/v1/namespaces/kube-system/secrets")
    assert answer.status_code == 200


def test_a_role_gets_the_rights_of_its_access_entry_and_no_others(world: World) -> None:
    keys = session_of(world, "matchmaker")
    assert ask(world, world.token(CLUSTER, **keys), "/api/v1/namespaces").status_code == 401
    world.eks.create_access_entry(clusterName=CLUSTER, principalArn=ROLE.format("matchmaker"))
    fresh = session_of(world, "matchmaker")
    answer = ask(world, world.token(CLUSTER, **fresh), "/api/v1/namespaces")
    assert answer.status_code == 403
    assert "assumed-role/arena-matchmaker/ci" in answer.json()["message"]
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    world.eks.associate_access_policy(
        clusterName=CLUSTER,
        principalArn=ROLE.format("matchmaker"),
        policyArn=view,
        accessScope={"type": "cluster"},
    )
    seen = session_of(world, "matchmaker")
    # The API server learns of role bindings through a watch.
    wait_until(lambda: ask(world, world.token(CLUSTER, **seen), "/api/v1/namespaces").status_code, 200)
    assert ask(world, world.token(CLUSTER, **seen), "/api/v1/secrets").status_code == 403


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("for another cluster", "for a cluster other than"),
        ("expired", "expired"),
        ("unknown key", "no one has the access key"),
        ("wrong secret", "secret key is wrong"),
        ("without access entry", "has no access entry"),
    ],
)
def test_a_bad_token_is_refused_and_the_log_says_why(world: World, why: str, words: str) -> None:
    tokens = {
        "for another cluster": lambda: world.token("arena-other"),
        "expired": lambda: expired(world),
        "unknown key": lambda: world.token(CLUSTER, "AKIASTRANGER00000000"),
        "wrong secret": lambda: world.token(CLUSTER, seed.ACCESS_KEY, "wrong"),
        "without access entry": lambda: world.token(CLUSTER, **session_of(world, "fargate")),
    }
    assert ask(world, tokens[why](), "/api").status_code == 401
    assert words in world.config.log("aws").read_text()


def expired(world: World) -> str:
    """A token whose date was moved back by an hour; only its signature betrays that, and the date comes first."""
    token = world.token(CLUSTER)
    encoded = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    date = url.partition("X-Amz-Date=")[2].partition("&")[0]
    earlier = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 3600))
    moved = url.replace(f"X-Amz-Date={date}", f"X-Amz-Date={earlier}")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(moved.encode()).decode().rstrip("=")


def test_nodes_are_ready_take_pods_and_go_with_them(world: World) -> None:
    world.create_nodegroup(CLUSTER, scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 1})
    wait_until(lambda: world.nodegroup(CLUSTER)["status"], "ACTIVE", timeout=150)
    api = admin(world)
    node = api.call("GET", "/api/v1/nodes").json()["items"][0]
    addresses = {address["type"]: address["address"] for address in node["status"]["addresses"]}
    assert addresses["ExternalIP"] == world.config.node_address(world.facts(CLUSTER)["index"], 1)
    assert addresses["InternalIP"].startswith("10.40.")
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.34.")
    api.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    api.create("/api/v1/namespaces/default/pods", POD)
    wait_until(lambda: pod_phase(api), "Running", timeout=150)
    world.eks.update_nodegroup_config(
        clusterName=CLUSTER, nodegroupName="game", labels={"addOrUpdateLabels": {"tier": "gold"}}
    )
    wait_until(lambda: world.nodegroup(CLUSTER)["status"], "ACTIVE", timeout=150)
    labels = api.call("GET", f"/api/v1/nodes/{node['metadata']['name']}").json()["metadata"]["labels"]
    assert labels["tier"] == "gold"
    world.eks.delete_nodegroup(clusterName=CLUSTER, nodegroupName="game")
    wait_gone(lambda: world.nodegroup(CLUSTER), timeout=150)
    assert api.call("GET", "/api/v1/nodes").json()["items"] == []
    assert pod_phase(api) == ""


def pod_phase(api: ApiServer) -> str:
    answer = api.call("GET", "/api/v1/namespaces/default/pods/game", accept=(404,))
    return str(answer.json()["status"]["phase"]) if answer.ok else ""


def test_a_service_account_becomes_an_iam_role(world: World) -> None:
    issuer = world.cluster(CLUSTER)["identity"]["oidc"]["issuer"]
    world.client("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    path = "/api/v1/namespaces/kube-system/serviceaccounts/irsa"
    admin(world).create(path.rpartition("/")[0], {"metadata": {"name": "irsa"}})
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 86400},
    }
    token = admin(world).call("POST", f"{path}/token", json=body).json()["status"]["token"]
    answer = assume(world, token)
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:kube-system:irsa"
    keys = answer["Credentials"]
    sts = world.client_with("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert sts.get_caller_identity()["Arn"].endswith("assumed-role/arena-load-balancer-controller/pod")


def assume(world: World, token: str) -> Any:
    sts = boto3.client(
        "sts",
        region_name=world.config.region,
        endpoint_url=world.config.aws_endpoint,
        config=Config(signature_version=UNSIGNED),
    )
    role = ROLE.format("load-balancer-controller")
    return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="pod", WebIdentityToken=token)


def test_ports_in_use_fail_the_cluster_and_are_named(world: World) -> None:
    address = world.config.control_address(2)
    with socket.socket() as taken:
        taken.bind((address, 6443))
        taken.listen()
        world.eks.create_cluster(**world.cluster_request("arena-blocked"))
        wait_until(lambda: world.cluster("arena-blocked")["status"], "FAILED", timeout=150)
    message = world.cluster("arena-blocked")["health"]["issues"][0]["message"]
    assert f"{address}:6443 is in use" in message
    world.eks.delete_cluster(name="arena-blocked")
    wait_gone(lambda: world.cluster("arena-blocked"))


def test_an_endpoint_after_a_crash_removes_what_it_does_not_know(tmp_path: Path) -> None:
    config = free_config(tmp_path, first=80)
    with running(config, "lab.aws") as world:
        world.eks.create_cluster(**world.cluster_request("arena-lost"))
        wait_until(lambda: world.cluster("arena-lost")["status"], "ACTIVE", timeout=150)
        record = processes.read_record(config, "aws")
        assert record
        psutil.Process(record.pid).kill()
        psutil.Process(record.pid).wait(5)
    assert (config.state / "kwok/clusters/arena-lost").exists()
    with running(config, "lab.aws") as world:
        assert world.eks.list_clusters()["clusters"] == []
    assert list(config.state.glob("kwok/clusters/*")) == []
    assert list(config.state.glob("clusters/*")) == []
    left = [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(f"{tmp_path}/" in part for part in one.info["cmdline"] or [])
    ]
    assert left == []


def test_a_second_endpoint_of_the_same_lab_is_refused(world: World) -> None:
    record = processes.start(world.config, "aws-second", ["python", "-m", "lab.aws"])
    try:
        with pytest.raises(LabError, match="is in use"):
            processes.wait_until_listening(record, "127.0.0.1", 1)
    finally:
        processes.stop(world.config, "aws-second")
    assert json.loads((world.config.cluster_dir(CLUSTER) / "cluster.json").read_text())["status"] == "ACTIVE"
