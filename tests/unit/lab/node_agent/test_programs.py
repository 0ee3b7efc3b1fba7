"""From a pod's specification to a program, its environment and its restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.node_agent.programs import (
    Places,
    Unrunnable,
    command,
    environment,
    image_name,
    kubeconfig,
    only_container,
    pre_stop_seconds,
    readiness_probe,
    restart_delay,
    should_restart,
)

PLACES = Places(
    address="127.43.151.1",
    node="fargate-127-43-151-1",
    region="eu-west-1",
    aws_endpoint="http://127.43.0.1:4566",
    kubeconfig=Path("/pod/kubeconfig"),
    volumes=Path("/pod/volumes"),
    aws_token=Path("/pod/aws-token"),
)


def pod(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "matchmaker-1", "namespace": "arena", "uid": "u1"},
        "spec": {"containers": [{"name": "main", "image": "repo/app:1.0", **container}]},
    }


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (100, 30)]
)
def test_the_back_off_doubles_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert restart_delay(failures) == seconds


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ],
)
def test_the_restart_policy_is_obeyed(policy: str, code: int, expected: bool) -> None:
    assert should_restart(policy, code) is expected


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("app", "app"),
        ("app:1.0", "app"),
        ("gameops-lab/app:1.0", "gameops-lab/app"),
        ("host:5000/app", "host:5000/app"),
        ("host:5000/app:1.0", "host:5000/app"),
        ("host/app@sha256:00ff", "host/app"),
        ("host/app:1.0@sha256:00ff", "host/app"),
    ],
)
def test_an_image_is_known_by_its_name(image: str, name: str) -> None:
    assert image_name(image) == name


def test_the_containers_arguments_follow_the_program() -> None:
    container = only_container(pod(args=["--port", "8080"]))
    assert command(container, {"repo/app": ["python", "-m", "app"]}, Path("images.yml")) == [
        "python",
        "-m",
        "app",
        "--port",
        "8080",
    ]


def test_an_unknown_image_names_the_file_to_mend() -> None:
    with pytest.raises(Unrunnable, match=r"repo/app; add it to images\.yml") as caught:
        command(only_container(pod()), {}, Path("images.yml"))
    assert caught.value.reason == "ErrImagePull"


def test_two_containers_are_refused() -> None:
    two = pod()
    two["spec"]["containers"].append({"name": "second", "image": "x"})
    with pytest.raises(Unrunnable, match="exactly one container"):
        only_container(two)


def test_every_program_learns_where_it_is() -> None:
    assert environment(pod(), PLACES, None) == {
        "KUBECONFIG": "/pod/kubeconfig",
        "POD_NAME": "matchmaker-1",
        "POD_NAMESPACE": "arena",
        "POD_IP": "127.43.151.1",
        "POD_VOLUMES": "/pod/volumes",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.43.0.1:4566",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def test_a_role_of_the_service_account_is_injected_as_irsa_does() -> None:
    found = environment(pod(), PLACES, "arn:aws:iam::1:role/r")
    assert found["AWS_ROLE_ARN"] == "arn:aws:iam::1:role/r"
    assert found["AWS_WEB_IDENTITY_TOKEN_FILE"] == "/pod/aws-token"


def test_the_containers_own_variables_are_added() -> None:
    env = [
        {"name": "SLOT", "value": "blue"},
        {"name": "EMPTY"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    found = environment(pod(env=env), PLACES, None)
    assert {name: found[name] for name in ("SLOT", "EMPTY", "NAME", "NODE", "IP")} == {
        "SLOT": "blue",
        "EMPTY": "",
        "NAME": "matchmaker-1",
        "NODE": "fargate-127-43-151-1",
        "IP": "127.43.151.1",
    }


def test_an_unknown_source_of_a_variable_is_refused() -> None:
    env = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    with pytest.raises(Unrunnable, match="env X"):
        environment(pod(env=env), PLACES, None)


def test_the_kubeconfig_has_the_clusters_endpoint_and_the_pods_token() -> None:
    cluster = {"server": "https://127.43.1.1:6443", "certificate-authority": "/ca.crt"}
    admin = {
        "clusters": [{"name": "x", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"client-key": "/secret"}}],
    }
    found = kubeconfig(admin, Path("/pod/token"), "arena")
    assert found["clusters"][0]["cluster"] == cluster
    assert found["users"] == [{"name": "pod", "user": {"tokenFile": "/pod/token"}}]
    assert found["contexts"][0]["context"]["namespace"] == "arena"


def test_a_probe_finds_its_port_by_name() -> None:
    probe = readiness_probe(
        pod(
            ports=[{"name": "http", "containerPort": 8080}],
            readinessProbe={"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 2},
        ),
        "127.43.151.1",
    )
    assert probe is not None
    assert probe.url == "http://127.43.151.1:8080/healthz"
    assert (probe.period, probe.timeout, probe.delay, probe.failures) == (2, 1, 0, 3)


def test_a_probe_by_tls_and_number() -> None:
    probe = readiness_probe(
        pod(readinessProbe={"httpGet": {"path": "ready", "port": 8081, "scheme": "HTTPS"}}), "127.0.0.9"
    )
    assert probe is not None
    assert probe.url == "https://127.0.0.9:8081/ready"


def test_without_a_probe_there_is_none() -> None:
    assert readiness_probe(pod(), "127.0.0.9") is None


@pytest.mark.parametrize(
    ("probe", "message"),
    [({"exec": {"command": ["true"]}}, "httpGet only"), ({"httpGet": {"port": "metrics"}}, "no port named 'metrics'")],
)
def test_a_probe_that_the_lab_cannot_make_is_refused(probe: dict[str, Any], message: str) -> None:
    with pytest.raises(Unrunnable, match=message):
        readiness_probe(pod(readinessProbe=probe), "127.0.0.9")


def test_a_pause_before_the_end() -> None:
    assert pre_stop_seconds(pod()) == 0
    assert pre_stop_seconds(pod(lifecycle={"preStop": {"sleep": {"seconds": 4}}})) == 4
