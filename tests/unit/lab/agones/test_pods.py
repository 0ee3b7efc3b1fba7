from __future__ import annotations

from typing import Any

import pytest

from lab.agones import defaults, pods
from lab.agones.model import Obj

SETTINGS = pods.PodSettings(version="1.60.0", sidecar_image="gameops-lab/agones-sdk:1.60.0")


def game_server(**spec: Any) -> Obj:
    template = {"spec": {"containers": [{"name": "game", "image": "arena:1"}]}}
    obj = {"metadata": {"name": "lobby-1", "namespace": "arena", "uid": "u1"}, "spec": {"template": template, **spec}}
    return defaults.game_server(obj, "1.60.0")


def port(**fields: Any) -> Obj:
    return {"name": "game", "containerPort": 7777, "hostPort": 7078, "portPolicy": "Dynamic", **fields}


def test_the_pod_of_a_game_server() -> None:
    pod = pods.pod_for(game_server(ports=[port()]), SETTINGS)
    assert pod["metadata"] == {
        "name": "lobby-1",
        "namespace": "arena",
        "labels": {
            "agones.dev/gameserver": "lobby-1",
            "agones.dev/role": "gameserver",
            "agones.dev/safe-to-evict": "false",
        },
        "annotations": {
            "agones.dev/container": "game",
            "agones.dev/sdk-version": "1.60.0",
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        },
        "ownerReferences": [
            {
                "apiVersion": "agones.dev/v1",
                "kind": "GameServer",
                "name": "lobby-1",
                "uid": "u1",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    spec = pod["spec"]
    assert (spec["restartPolicy"], spec["serviceAccountName"], spec["hostname"]) == ("Never", "agones-sdk", "lobby-1")
    sidecar, game = spec["initContainers"][0], spec["containers"][0]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("agones-gameserver-sidecar", "Always")
    assert sidecar["args"] == ["--grpc-port=9357", "--http-port=9358"]
    assert game["ports"] == [{"containerPort": 7777, "protocol": "UDP", "hostPort": 7078}]
    assert game["env"] == [
        {"name": "AGONES_SDK_GRPC_PORT", "value": "9357"},
        {"name": "AGONES_SDK_HTTP_PORT", "value": "9358"},
    ]
    assert game["livenessProbe"]["httpGet"]["path"] == "/gshealthz"
    assert game["volumeMounts"][0]["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert "podAffinity" in spec["affinity"]


def test_the_game_server_is_not_changed() -> None:
    server = game_server(ports=[port()])
    pods.pod_for(server, SETTINGS)
    assert server["spec"]["template"]["spec"]["containers"] == [{"name": "game", "image": "arena:1"}]


@pytest.mark.parametrize(
    ("safe", "annotation", "label"),
    [("Always", "true", "true"), ("OnUpgrade", "false", "true"), ("Never",) + ("false",) * 2],
)
def test_eviction(safe: str, annotation: str, label: str) -> None:
    metadata = pods.pod_for(game_server(eviction={"safe": safe}), SETTINGS)["metadata"]
    assert metadata["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == annotation
    assert metadata["labels"]["agones.dev/safe-to-evict"] == label


def test_distributed_pods_have_no_affinity() -> None:
    assert "affinity" not in pods.pod_for(game_server(scheduling="Distributed"), SETTINGS)["spec"]


def test_a_disabled_health_check_has_no_probe() -> None:
    pod = pods.pod_for(game_server(health={"disabled": True}), SETTINGS)
    assert "livenessProbe" not in pod["spec"]["containers"][0]


def test_passthrough_is_written_down_and_none_opens_no_host_port() -> None:
    ports = [port(portPolicy="None"), port(portPolicy="Passthrough", containerPort=7078)]
    pod = pods.pod_for(game_server(ports=ports), SETTINGS)
    assert "hostPort" not in pod["spec"]["containers"][0]["ports"][0]
    key = "agones.dev/container-passthrough-port-assignment"
    assert pod["metadata"]["annotations"][key] == '{"game": [1]}'


def test_what_the_template_says_of_its_own_stays() -> None:
    server = game_server()
    template = server["spec"]["template"]
    template["metadata"] = {"labels": {"mine": "1"}, "annotations": {"mine": "2"}, "generateName": "x-"}
    template["spec"] |= {"serviceAccountName": "mine", "restartPolicy": "Always", "hostname": "mine"}
    pod = pods.pod_for(server, SETTINGS)
    assert pod["metadata"]["labels"]["mine"] == "1"
    assert pod["metadata"]["annotations"]["mine"] == "2"
    assert "generateName" not in pod["metadata"]
    assert (pod["spec"]["serviceAccountName"], pod["spec"]["restartPolicy"]) == ("mine", "Always")


def test_an_unknown_container() -> None:
    with pytest.raises(ValueError, match="failed to find container named other in pod spec"):
        pods.pod_for(game_server(ports=[port(container="other")]), SETTINGS)


@pytest.mark.parametrize(
    ("known", "address"),
    [
        ([("InternalIP", "10.0.0.1"), ("ExternalIP", "127.1.0.1"), ("ExternalDNS", "a.example")], "a.example"),
        ([("InternalIP", "10.0.0.1"), ("ExternalIP", "127.1.0.1"), ("InternalDNS", "b")], "127.1.0.1"),
        ([("InternalIP", "10.0.0.1"), ("InternalDNS", "b.internal")], "b.internal"),
        ([("InternalIP", "10.0.0.1"), ("ExternalIP", "nonsense")], "10.0.0.1"),
        ([("Hostname", "n1")], ""),
    ],
)
def test_address(known: list[tuple[str, str]], address: str) -> None:
    assert pods.address_of(known) == address


def test_addresses() -> None:
    assert pods.addresses([("ExternalIP", "127.1.0.1")], ["10.0.0.9"]) == [
        {"type": "ExternalIP", "address": "127.1.0.1"},
        {"type": "PodIP", "address": "10.0.0.9"},
    ]
