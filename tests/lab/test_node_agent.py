"""Fargate pods and registered targets, on a cluster that the lab's EKS made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from lab.world import processes, seed
from lab.world.config import AWS_PORT, REPOSITORY, LabConfig

NUMBER = "43"
CLUSTER = "arena-blue"
AGENT = f"node-agent-{CLUSTER}"
PROFILES = {
    "system": [{"namespace": "kube-system"}],
    "arena": [{"namespace": "arena", "labels": {"compute": "fargate"}}],
}
ECHO = """
apiVersion: v1
kind: Namespace
metadata: {name: arena}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: echo
  namespace: arena
  annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/arena-matchmaker"}
---
apiVersion: v1
kind: Secret
metadata: {name: words, namespace: arena}
stringData: {word: hello}
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: arena}
spec:
  type: ExternalName
  externalName: not-ready.invalid
  selector: {app: echo}
  ports: [{port: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo, namespace: arena}
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo, compute: fargate}}
    spec:
      serviceAccountName: echo
      terminationGracePeriodSeconds: 5
      containers:
        - name: echo
          image: test/echo:1.0
          args: [--slot, blue]
          env: [{name: SLOT, value: blue}]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
          volumeMounts: [{name: words, mountPath: /words}]
      volumes: [{name: words, secret: {secretName: words}}]
---
apiVersion: v1
kind: Pod
metadata: {name: unmarked, namespace: arena}
spec: {containers: [{name: main, image: test/echo:1.0}]}
"""
BINDING = """
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {name: echo, namespace: arena}
spec: {targetGroupARN: "%s", serviceRef: {name: echo, port: 8080}}
"""


class Lab:
    def __init__(self, config: LabConfig) -> None:
        self.config = config
        self.account = seed.Account(config)
        self.target_group = ""

    @property
    def kubeconfig(self) -> str:
        found = json.loads((self.config.cluster_dir(CLUSTER) / "cluster.json").read_text())
        return str(found["kubeconfig"])

    def kubectl(self, *arguments: str, kubeconfig: str = "", text: str = "") -> str:
        command = [str(self.config.binary("kubectl")), "--kubeconfig", kubeconfig or self.kubeconfig, *arguments]
        result = subprocess.run(command, input=text or None, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def pods(self) -> list[Any]:
        items: list[Any] = self.get("pods", "-n", "arena", "-l", "app=echo")["items"]
        return items

    def ready_pods(self) -> list[Any]:
        return [pod for pod in self.pods() if is_ready(pod)]

    def pod_processes(self) -> list[psutil.Process]:
        records = [one for one in processes.list_records(self.config) if one.name.startswith("pod-")]
        return [found for found in map(processes.find_process, records) if found]

    def start_agent(self) -> None:
        processes.start(self.config, AGENT, ["python", "-m", "lab.node_agent", "--cluster", CLUSTER])


def is_ready(pod: Any) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def ask(pod: Any, path: str = "/") -> Any:
    return json.load(urllib.request.urlopen(f"http://{pod['status']['podIP']}:8080{path}", timeout=3))


def wait_for[T](what: Callable[[], T], seconds: float = 30.0) -> T:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("lab")
    images = yaml.safe_load((REPOSITORY / "lab" / "world" / "images.yml").read_text())
    images["test/echo"] = ["python", str(REPOSITORY / "tests" / "lab" / "programs" / "echo.py")]
    (folder / "images.yml").write_text(yaml.safe_dump(images))
    config = LabConfig.from_environment(
        {"LAB_NUMBER": NUMBER, "LAB_STATE": str(folder / "state"), "LAB_IMAGES": str(folder / "images.yml")}
    )
    aws = processes.start(config, "aws", ["python", "-m", "lab.aws"])
    lab = Lab(config)
    try:
        processes.wait_until_listening(aws, config.aws_address, AWS_PORT)
        make_cluster(lab)
        yield lab
    finally:
        delete_cluster(lab)
        for record in processes.list_records(config):
            processes.stop(config, record.name)


def make_cluster(lab: Lab) -> None:
    subnets = seed.seed_network(lab.account.client("ec2"))
    seed.seed_roles(lab.account.client("iam"))
    lab.target_group = seed.seed_target_groups(lab.account.client("elbv2"), subnets["vpc"][0])
    eks = lab.account.client("eks")
    role = "arn:aws:iam::123456789012:role/arena-cluster"
    eks.create_cluster(
        name=CLUSTER,
        version="1.35",
        roleArn=role,
        resourcesVpcConfig={"subnetIds": subnets["public"] + subnets["private"]},
        accessConfig={"authenticationMode": "API"},
    )
    seed.wait_for("cluster", lambda: eks.describe_cluster(name=CLUSTER), "cluster")
    issuer = eks.describe_cluster(name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
    lab.account.client("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    for name, selectors in PROFILES.items():
        eks.create_fargate_profile(
            clusterName=CLUSTER,
            fargateProfileName=name,
            podExecutionRoleArn="arn:aws:iam::123456789012:role/arena-fargate",
            subnets=subnets["private"],
            selectors=selectors,
        )
        described = partial(eks.describe_fargate_profile, clusterName=CLUSTER, fargateProfileName=name)
        seed.wait_for(name, described, "fargateProfile")
    registered = lab.config.cluster_dir(CLUSTER) / "node-agent" / "registered.json"
    wait_for(lambda: registered.exists() and json.loads(registered.read_text()) == sorted(PROFILES))


def delete_cluster(lab: Lab) -> None:
    for record in processes.list_records(lab.config):
        if record.name.startswith("node-agent"):
            processes.stop(lab.config, record.name)
    subprocess.run(
        [str(lab.config.binary("kwokctl")), "delete", "cluster", "--name", CLUSTER],
        env={**os.environ, "KWOK_WORKDIR": str(lab.config.state / "kwok"), "HOME": str(lab.config.state)},
        capture_output=True,
    )


@pytest.fixture(scope="module")
def echo(lab: Lab) -> Lab:
    """Two pods of a Deployment, Ready."""
    lab.kubectl("apply", "-f", "-", text=ECHO)
    wait_for(lambda: len(lab.ready_pods()) == 2)
    return lab


def test_pods_of_a_profile_run_as_programs_on_nodes_of_their_own(echo: Lab) -> None:
    pods = echo.pods()
    addresses = {pod["status"]["podIP"] for pod in pods}
    assert addresses == {echo.config.pod_address(1, 1), echo.config.pod_address(1, 2)}
    assert {pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] for pod in pods} == {"arena"}
    assert all(pod["status"]["phase"] == "Running" for pod in pods)
    nodes = echo.get("nodes", "-l", "eks.amazonaws.com/compute-type=fargate")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} == {node["metadata"]["name"] for node in nodes}
    answer = ask(pods[0])
    assert answer["argv"] == ["--slot", "blue"]
    assert (answer["env"]["SLOT"], answer["env"]["POD_IP"]) == ("blue", pods[0]["status"]["podIP"])
    assert (Path(answer["env"]["POD_VOLUMES"]) / "words" / "word").read_text() == "hello"
    assert "AWS_ACCESS_KEY_ID" not in answer["env"]


def test_a_pod_that_no_profile_takes_is_left_to_the_scheduler(echo: Lab) -> None:
    pod = echo.get("pod", "unmarked", "-n", "arena")
    assert pod["spec"]["schedulerName"] == "default-scheduler"
    assert "nodeName" not in pod["spec"]


def test_a_program_is_its_service_account_and_its_role(echo: Lab) -> None:
    env = ask(echo.pods()[0])["env"]
    name = echo.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", kubeconfig=env["KUBECONFIG"])
    assert name == "system:serviceaccount:arena:echo"
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    result = subprocess.run(
        [str(REPOSITORY / ".venv/bin/python"), "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("arn:aws:sts::123456789012:assumed-role/arena-matchmaker/")


def test_an_external_name_follows_a_ready_pod(echo: Lab) -> None:
    def name() -> str:
        return str(echo.get("service", "echo", "-n", "arena")["spec"]["externalName"])

    wait_for(lambda: name() in {pod["status"]["podIP"] for pod in echo.ready_pods()})


def test_a_program_that_dies_is_started_again(echo: Lab) -> None:
    pod = echo.pods()[0]
    with pytest.raises(OSError, match=r".*"):
        ask(pod, "/die")
    wait_for(lambda: len(echo.ready_pods()) < 2)
    wait_for(lambda: len(echo.ready_pods()) == 2)
    status = echo.get("pod", pod["metadata"]["name"], "-n", "arena")["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 3


def test_a_new_agent_adopts_the_programs_of_one_that_crashed(echo: Lab) -> None:
    before = {pod["metadata"]["name"]: ask(pod)["pid"] for pod in echo.pods()}
    record = processes.read_record(echo.config, AGENT)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    wait_for(lambda: processes.find_process(record) is None)
    gone = echo.pods()[0]["metadata"]["name"]
    echo.kubectl("delete", "pod", gone, "-n", "arena", "--wait=false")
    echo.start_agent()
    wait_for(lambda: gone not in {pod["metadata"]["name"] for pod in echo.pods()})
    wait_for(lambda: len(echo.ready_pods()) == 2)
    (kept,) = [pod for pod in echo.pods() if pod["metadata"]["name"] in before]
    assert ask(kept)["pid"] == before[kept["metadata"]["name"]]
    assert not psutil.pid_exists(before[gone]) or psutil.Process(before[gone]).status() == psutil.STATUS_ZOMBIE


def test_an_image_without_a_program_is_told(echo: Lab) -> None:
    echo.kubectl("run", "unknown", "-n", "arena", "--image=test/unknown:1", "--labels=compute=fargate")

    def waiting() -> Any:
        statuses = echo.get("pod", "unknown", "-n", "arena")["status"].get("containerStatuses")
        return statuses and statuses[0]["state"]["waiting"]

    found = wait_for(waiting)
    assert found["reason"] == "ErrImagePull"
    assert f"test/unknown; add it to {echo.config.images}" in found["message"]
    echo.kubectl("delete", "pod", "unknown", "-n", "arena")


def test_targets_follow_the_pods(echo: Lab) -> None:
    values = f"clusterName={CLUSTER},region=eu-west-1"
    role = "serviceAccount.roleArn=arn:aws:iam::123456789012:role/arena-load-balancer-controller"
    chart = str(REPOSITORY / "lab/charts/aws-load-balancer-controller")
    seed.helm(
        echo.config, "install", "lbc", chart, "-n", "kube-system", "--set", f"{values},{role}",
        "--kubeconfig", echo.kubeconfig, "--wait", "--timeout=30s",
    )  # fmt: skip
    elbv2 = echo.account.client("elbv2")

    def targets() -> set[tuple[str, int]]:
        found = elbv2.describe_target_health(TargetGroupArn=echo.target_group)["TargetHealthDescriptions"]
        return {(one["Target"]["Id"], one["Target"]["Port"]) for one in found}

    def wanted() -> set[tuple[str, int]]:
        return {(pod["status"]["podIP"], 8080) for pod in echo.ready_pods()}

    elbv2.register_targets(TargetGroupArn=echo.target_group, Targets=[{"Id": "127.0.0.99", "Port": 8080}])
    echo.kubectl("apply", "-f", "-", text=BINDING % echo.target_group)
    wait_for(lambda: len(targets()) == 2 and targets() == wanted())
    binding = echo.get("targetgroupbinding", "echo", "-n", "arena")
    assert binding["metadata"]["finalizers"] == ["elbv2.k8s.aws/resources"]
    wait_for(lambda: echo.get("targetgroupbinding", "echo", "-n", "arena").get("status") == {"observedGeneration": 1})
    echo.kubectl("scale", "deployment", "echo", "-n", "arena", "--replicas=1")
    wait_for(lambda: len(targets()) == 1 and targets() == wanted())
    echo.kubectl("delete", "targetgroupbinding", "echo", "-n", "arena", "--timeout=10s")
    assert targets() == set()


def test_a_deleted_deployment_leaves_nothing(echo: Lab) -> None:
    echo.kubectl("delete", "deployment", "echo", "-n", "arena")
    wait_for(lambda: not echo.pods())
    wait_for(lambda: all("arena-echo" not in one.name for one in processes.list_records(echo.config)))
    used = {pod["spec"]["nodeName"] for pod in echo.get("pods", "-n", "kube-system")["items"]}
    wait_for(lambda: {node["metadata"]["name"] for node in echo.get("nodes")["items"]} == used)


def test_the_agents_end_is_the_end_of_its_programs(echo: Lab) -> None:
    assert echo.pod_processes()
    began = time.monotonic()
    assert processes.stop(echo.config, AGENT)
    assert time.monotonic() - began < 5
    assert echo.pod_processes() == []
    assert [one.name for one in processes.list_records(echo.config) if one.name.startswith("pod-")] == []
