"""Fleets, their GameServerSets, game servers and Pods: what becomes of a Fleet that is created."""

from __future__ import annotations

import pytest

from tests.contract.agones.cluster import Namespace, fleet, fleet_autoscaler, game_server_spec, pod_template, wait_for

CREATED = ["PortAllocation", "Creating", "Starting", "Scheduled", "RequestReady", "Ready"]


def test_every_server_goes_through_the_states_in_order(ns: Namespace, name: str) -> None:
    servers = ns.ready_fleet(name, 3)
    assert len(servers) == 3
    for server in servers:
        assert ns.await_steps(server["metadata"]["name"], "Ready") == CREATED


def test_fleet_gets_defaults_and_version(ns: Namespace, name: str) -> None:
    created = ns.fleet(name, 0)
    assert "agones.dev/sdk-version" in created["metadata"]["annotations"]
    assert "finalizers" not in created["metadata"]
    spec = created["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert spec["scheduling"] == "Packed"
    template = spec["template"]["spec"]
    assert (template["health"], template["sdkServer"], template["immutableReplicas"]) == ({}, {}, 1)


def test_names_labels_and_owners(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]
    (game_server_set,) = ns.find("gameserversets", labelSelector=f"agones.dev/fleet={name}")
    set_name, server_name = game_server_set["metadata"]["name"], server["metadata"]["name"]
    assert set_name.startswith(f"{name}-")
    assert game_server_set["metadata"]["generateName"] == f"{name}-"
    assert game_server_set["metadata"]["labels"] == {"agones.dev/fleet": name, "app": name}
    assert game_server_set["metadata"]["annotations"] == {"example.com/tpl": "1"}
    assert "finalizers" not in game_server_set["metadata"]
    owner = game_server_set["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Fleet", name, True)

    assert server_name.startswith(f"{set_name}-")
    labels = {"agones.dev/fleet": name, "agones.dev/gameserverset": set_name, "app": name}
    assert server["metadata"]["labels"] == labels
    assert server["metadata"]["annotations"]["example.com/tpl"] == "1"
    assert "agones.dev/sdk-version" in server["metadata"]["annotations"]
    assert server["metadata"]["finalizers"] == ["agones.dev/controller"]
    owner = server["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("GameServerSet", set_name, True)


def test_a_ready_server_has_spec_defaults_address_and_ports(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]
    spec, status = server["spec"], server["status"]
    assert spec["container"] == "game"
    assert spec["eviction"] == {"safe": "Never"}
    assert spec["health"] == {"failureThreshold": 3, "initialDelaySeconds": 5, "periodSeconds": 5}
    assert spec["sdkServer"] == {"grpcPort": 9357, "httpPort": 9358, "logLevel": "Info"}
    assert spec["scheduling"] == "Packed"
    port = spec["ports"][0]
    assert (port["container"], port["range"], port["portPolicy"]) == ("game", "default", "Dynamic")
    assert status["ports"] == [{"name": "game", "port": port["hostPort"]}]
    assert status["address"]
    assert status["nodeName"]
    assert status["addresses"][-1]["type"] == "PodIP"
    assert status["eviction"] == {"safe": "Never"}
    assert status["immutableReplicas"] == 1
    assert (status["players"], status["reservedUntil"]) == (None, None)
    assert "counters" not in status
    # No status subresource: every change of state is a new generation.
    assert server["metadata"]["generation"] >= len(CREATED)


def test_the_address_is_the_first_of_external_dns_external_ip_internal_dns_internal_ip(
    ns: Namespace, name: str
) -> None:
    status = ns.ready_fleet(name, 1)[0]["status"]
    node = ns.cluster.call("GET", f"/api/v1/nodes/{status['nodeName']}").body
    known = {address["type"]: address["address"] for address in reversed(node["status"]["addresses"])}
    order = ("ExternalDNS", "ExternalIP", "InternalDNS", "InternalIP")
    assert status["address"] == next(known[kind] for kind in order if kind in known)
    assert status["addresses"][:-1] == node["status"]["addresses"]


def test_the_pod(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]
    server_name = server["metadata"]["name"]
    pod = ns.get("pods", server_name).body
    metadata, spec = pod["metadata"], pod["spec"]
    # Kubernetes 1.35 copies the zone and the region of the node into its pods' labels.
    labels = {key: value for key, value in metadata["labels"].items() if not key.startswith("topology.kubernetes.io/")}
    assert labels == {
        "agones.dev/gameserver": server_name,
        "agones.dev/role": "gameserver",
        "agones.dev/safe-to-evict": "false",
    }
    assert metadata["annotations"]["agones.dev/container"] == "game"
    assert metadata["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert metadata["ownerReferences"][0]["uid"] == server["metadata"]["uid"]
    assert "finalizers" not in metadata
    assert spec["restartPolicy"] == "Never"
    assert spec["serviceAccountName"] == "agones-sdk"
    assert spec["hostname"] == server_name
    sidecar = spec["initContainers"][0]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("agones-gameserver-sidecar", "Always")
    port = spec["containers"][0]["ports"][0]
    assert (port["hostPort"], port["containerPort"]) == (server["status"]["ports"][0]["port"], 7777)
    assert {entry["name"] for entry in spec["containers"][0]["env"]} == {"AGONES_SDK_GRPC_PORT", "AGONES_SDK_HTTP_PORT"}
    term = spec["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
    assert term["topologyKey"] == "kubernetes.io/hostname"


@pytest.mark.parametrize(("safe", "autoscaler", "label"), [("Always", "true", "true"), ("OnUpgrade", "false", "true")])
def test_eviction_marks_the_pod(ns: Namespace, name: str, safe: str, autoscaler: str, label: str) -> None:
    server = ns.ready_fleet(name, 1, template=game_server_spec(eviction={"safe": safe}))[0]
    metadata = ns.get("pods", server["metadata"]["name"]).body["metadata"]
    assert metadata["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == autoscaler
    assert metadata["labels"]["agones.dev/safe-to-evict"] == label


def test_one_port_is_never_twice_on_a_node(ns: Namespace, name: str) -> None:
    servers = ns.ready_fleet(name, 12)
    places = [(server["status"]["nodeName"], server["status"]["ports"][0]["port"]) for server in servers]
    assert len(set(places)) == 12


def test_statuses_of_fleet_and_set(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    ns.allocate_many(name, 1)
    status = ns.await_fleet(name, allocatedReplicas=1, readyReplicas=1)["status"]
    assert status == {
        "replicas": 2,
        "readyReplicas": 1,
        "reservedReplicas": 0,
        "allocatedReplicas": 1,
        "allocations": status["allocations"],
    }
    (game_server_set,) = ns.find("gameserversets", labelSelector=f"agones.dev/fleet={name}")
    assert game_server_set["status"] == {
        "replicas": 2,
        "readyReplicas": 1,
        "reservedReplicas": 0,
        "allocatedReplicas": 1,
        "shutdownReplicas": 0,
    }


def test_allocations_of_a_fleet_never_fall(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    first, second = ns.allocate_many(name, 2)
    ns.await_fleet(name, allocatedReplicas=2, allocations=2)
    ns.set_state(first, "Shutdown")
    ns.set_state(second, "Shutdown")
    ns.await_gone([first, second])
    ns.await_fleet(name, allocatedReplicas=0, readyReplicas=2, allocations=2)


def test_a_server_that_cannot_be_scheduled_stays_starting(ns: Namespace, name: str) -> None:
    ns.fleet(name, 1, template=game_server_spec(template=pod_template(nodeSelector={"example.com/no": "node"})))
    ns.await_fleet(name, replicas=1, readyReplicas=0)
    server = wait_for(lambda: ns.servers(name, "Starting"), "a server in Starting")[0]
    status = server["status"]
    assert (status["address"], status["ports"], status["nodeName"]) == ("", None, "")


def test_without_the_sdk_service_account_a_server_is_in_error(bare_ns: Namespace) -> None:
    bare_ns.fleet("f", 1)
    server = wait_for(lambda: bare_ns.servers("f", "Error"), "a server in Error")[0]
    assert "agones.dev/errored-at" in server["metadata"]["annotations"]

    def told() -> bool:
        events = bare_ns.find("events")
        return any(event["reason"] == "Error" and "service account" in event["message"] for event in events)

    wait_for(told, "an event that names the service account")


def test_ready_may_be_set_without_request_ready(ns: Namespace, name: str) -> None:
    ns.silent.add(name)
    ns.fleet(name, 1)
    server = wait_for(lambda: ns.servers(name, "Scheduled"), "a server in Scheduled")[0]
    assert ns.set_state(server["metadata"]["name"], "Ready").code == 200
    ns.await_fleet(name, readyReplicas=1)
    assert ns.allocate(name).body["status"]["gameServerName"] == server["metadata"]["name"]


def test_a_game_server_of_its_own(ns: Namespace) -> None:
    server = {"metadata": {"name": "alone", "labels": {"app": "alone"}}, "spec": game_server_spec()}
    created = ns.create("gameservers", {"apiVersion": "agones.dev/v1", "kind": "GameServer", **server})
    assert created.code == 201
    assert created.body["status"]["state"] == "PortAllocation"
    ns.await_state("alone", "Ready")
    ns.set_state("alone", "Shutdown")
    ns.await_gone(["alone"])


def test_counters_and_lists_are_summed(ns: Namespace, name: str) -> None:
    template = game_server_spec(
        counters={"rooms": {"count": 1, "capacity": 4}}, lists={"players": {"capacity": 3, "values": ["a"]}}
    )
    servers = ns.ready_fleet(name, 2, template=template)
    assert servers[0]["status"]["counters"] == {"rooms": {"count": 1, "capacity": 4}}
    assert servers[0]["status"]["lists"] == {"players": {"capacity": 3, "values": ["a"]}}
    ns.allocate_many(name, 1)
    status = ns.await_fleet(name, allocatedReplicas=1)["status"]
    assert status["counters"] == {"rooms": {"allocatedCount": 1, "allocatedCapacity": 4, "count": 2, "capacity": 8}}
    assert status["lists"] == {"players": {"allocatedCount": 1, "allocatedCapacity": 3, "count": 2, "capacity": 6}}


def test_scale_answers_with_a_scale(ns: Namespace, name: str) -> None:
    ns.fleet(name, 1)
    answer = ns.scale(name, 0)
    assert (answer.code, answer.body["kind"], answer.body["spec"]) == (200, "Scale", {})


def test_duplicate_name(ns: Namespace, name: str) -> None:
    ns.fleet(name, 0)
    answer = ns.create("fleets", fleet(name, 0))
    assert (answer.code, answer.body["reason"]) == (409, "AlreadyExists")


def test_autoscaler_is_known_to_the_schema(ns: Namespace, name: str) -> None:
    created = ns.create("fleetautoscalers", fleet_autoscaler(name, name, {"bufferSize": 2, "maxReplicas": 4}))
    assert created.code == 201
    assert created.body["spec"]["sync"] == {"type": "FixedInterval", "fixedInterval": {"seconds": 30}}
    assert "finalizers" not in created.body["metadata"]
    assert ns.delete("fleetautoscalers", name).code == 200
