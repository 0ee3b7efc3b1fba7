"""What becomes of sessions: scaling down, overflow, patches, deletions, rolling updates."""

from __future__ import annotations

import pytest

from tests.contract.agones.cluster import JSON_PATCH, Namespace, Obj, holds, wait_for


def reserve(ns: Namespace, name: str) -> str:
    server = ns.servers(name, "Ready")[0]["metadata"]["name"]
    assert ns.set_state(server, "Reserved").code == 200
    return str(server)


def the_set(ns: Namespace, name: str) -> Obj:
    (one,) = ns.find("gameserversets", labelSelector=f"agones.dev/fleet={name}")
    return one


def names(servers: list[Obj]) -> set[str]:
    return {server["metadata"]["name"] for server in servers}


def test_scale_to_zero_keeps_sessions(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 6)
    kept = {*ns.allocate_many(name, 2), reserve(ns, name)}
    ns.await_fleet(name, allocatedReplicas=2, reservedReplicas=1, readyReplicas=3)
    ready = names(ns.servers(name, "Ready"))
    ns.scale(name, 0)
    ns.await_fleet(name, replicas=3, readyReplicas=0, allocatedReplicas=2, reservedReplicas=1)
    ns.await_gone(sorted(ready))
    assert names(ns.servers(name)) == kept
    for server in ready:
        assert ns.await_steps(server, "DELETED")[-3:] == ["Shutdown", "Shutdown+", "DELETED"]
    assert ns.allocate(name).body["status"]["state"] == "UnAllocated"


def test_at_zero_a_session_that_ends_is_not_replaced(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    first, second = ns.allocate_many(name, 2)
    ns.scale(name, 0)
    ns.await_fleet(name, replicas=2, allocatedReplicas=2)
    ns.set_state(first, "Shutdown")
    ns.await_gone([first])
    assert holds(lambda: names(ns.servers(name)) == {second}, 1)


@pytest.mark.parametrize("state", ["Allocated", "Reserved"])
def test_at_zero_a_session_that_turns_ready_is_deleted(ns: Namespace, name: str, state: str) -> None:
    server = ns.ready_fleet(name, 1)[0]["metadata"]["name"]
    ns.set_state(server, state)
    ns.await_fleet(name, readyReplicas=0)
    ns.scale(name, 0)
    wait_for(lambda: the_set(ns, name)["spec"].get("replicas", 0) == 0, "the set to be scaled to 0")
    assert ns.get("gameservers", server).code == 200
    ns.set_state(server, "Ready")
    ns.await_gone([server])


def marked(ns: Namespace, name: str) -> int:
    return len(ns.find("gameservers", labelSelector=f"app={name},overflow=yes"))


OVERFLOW = {"labels": {"overflow": "yes"}, "annotations": {"example.com/overflow": "yes"}}


def test_overflow_set_at_creation_marks_what_is_above_replicas(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 4, allocationOverflow=OVERFLOW)
    assert the_set(ns, name)["spec"]["allocationOverflow"] == OVERFLOW
    ns.allocate_many(name, 3)
    ns.await_fleet(name, allocatedReplicas=3)
    ns.scale(name, 1)
    wait_for(lambda: marked(ns, name) == 2, "2 marked servers")
    assert holds(lambda: marked(ns, name) == 2, 1)
    ns.scale(name, 0)
    wait_for(lambda: marked(ns, name) == 3, "3 marked servers")
    ns.scale(name, 4)
    ns.await_fleet(name, replicas=4, readyReplicas=1)
    assert marked(ns, name) == 3


def test_overflow_set_on_a_live_fleet_does_nothing_until_the_set_has_it(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    ns.allocate_many(name, 2)
    ns.await_fleet(name, allocatedReplicas=2)
    assert ns.patch("fleets", name, {"spec": {"allocationOverflow": OVERFLOW}}).code == 200
    ns.scale(name, 0)
    wait_for(lambda: the_set(ns, name)["spec"].get("replicas", 0) == 0, "the set to be scaled to 0")
    assert holds(lambda: marked(ns, name) == 0, 1)
    game_server_set = the_set(ns, name)
    assert "allocationOverflow" not in game_server_set["spec"]
    change = {"spec": {"allocationOverflow": OVERFLOW}}
    assert ns.patch("gameserversets", game_server_set["metadata"]["name"], change).code == 200
    wait_for(lambda: marked(ns, name) == 2, "2 marked servers")


def test_no_status_subresource_but_a_scale(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]["metadata"]["name"]
    assert ns.patch("gameservers", server, {"status": {"state": "Ready"}}, sub="status").code == 404
    assert ns.get("gameservers", server, "status").code == 404
    scale = ns.get("gameservers", server, "scale")
    assert (scale.code, scale.body["spec"]["replicas"]) == (200, 1)


def test_lost_races(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]
    server_name, version = server["metadata"]["name"], server["metadata"]["resourceVersion"]
    merge = {"metadata": {"resourceVersion": version, "labels": {"x": "1"}}}
    assert ns.patch("gameservers", server_name, merge).code == 200
    lost = ns.patch("gameservers", server_name, merge)
    assert (lost.code, lost.body["reason"]) == (409, "Conflict")
    assert ns.cluster.call("PUT", ns.path("gameservers", server_name), server).code == 409
    tested = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/metadata/labels/x", "value": "2"},
    ]
    lost = ns.patch("gameservers", server_name, tested, JSON_PATCH)
    assert (lost.code, lost.body["reason"]) == (422, "Invalid")
    assert lost.message == "the server rejected our request due to an error in our request"


def test_kinds_of_patch(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]["metadata"]["name"]
    ns.patch("gameservers", server, {"metadata": {"labels": {"x": "1"}}})
    removed = ns.patch("gameservers", server, {"metadata": {"labels": {"x": None}}})
    assert "x" not in removed.body["metadata"]["labels"]
    assert ns.patch("gameservers", server, {}, "application/strategic-merge-patch+json").code == 415


def test_an_unknown_state_is_refused(ns: Namespace, name: str) -> None:
    server = ns.ready_fleet(name, 1)[0]["metadata"]["name"]
    refused = ns.set_state(server, "Bogus")
    states = [
        "PortAllocation",
        "Creating",
        "Starting",
        "Scheduled",
        "RequestReady",
        "Ready",
        "Shutdown",
        "Error",
        "Unhealthy",
        "Reserved",
        "Allocated",
    ]
    choices = ", ".join(f'"{state}"' for state in states)
    assert refused.code == 422
    assert f'status.state: Unsupported value: "Bogus": supported values: {choices}' in refused.message


def test_an_allocated_server_set_ready_can_be_allocated_again(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    ns.set_state(server, "Ready")
    ns.await_fleet(name, readyReplicas=1)
    assert "agones.dev/last-allocated" in ns.get("gameservers", server).body["metadata"]["annotations"]
    assert ns.allocate_many(name, 1) == [server]


def test_shutdown_of_a_session_and_its_replacement(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    ns.set_state(server, "Shutdown")
    assert ns.await_steps(server, "DELETED")[-4:] == ["Allocated", "Shutdown", "Shutdown+", "DELETED"]
    assert ns.get("pods", server).code == 404
    ns.await_fleet(name, replicas=1, readyReplicas=1)


def test_deleting_a_session_is_not_refused(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    answer = ns.delete("gameservers", server)
    assert (answer.code, "deletionTimestamp" in answer.body["metadata"]) == (200, True)
    assert ns.await_steps(server, "DELETED")[-2:] == ["Allocated+", "DELETED"]


def test_a_server_whose_pod_is_gone_is_unhealthy_and_replaced(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    ns.delete("pods", server)
    steps = ns.await_steps(server, "DELETED")
    assert steps[-5:] == ["Allocated", "Unhealthy", "Shutdown", "Shutdown+", "DELETED"]
    ns.await_fleet(name, replicas=1, readyReplicas=1)


@pytest.mark.parametrize(("phase", "steps"), [("Failed", ["Unhealthy", "Shutdown"]), ("Succeeded", ["Shutdown"])])
def test_a_server_ends_with_its_pod(ns: Namespace, name: str, phase: str, steps: list[str]) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    assert ns.patch("pods", server, {"status": {"phase": phase}}, sub="status").code == 200
    expected = ["Allocated", *steps, "Shutdown+", "DELETED"]
    assert ns.await_steps(server, "DELETED")[-len(expected) :] == expected


def test_unhealthy_sessions_are_replaced(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    (server,) = ns.allocate_many(name, 1)
    ns.set_state(server, "Unhealthy")
    assert ns.await_steps(server, "DELETED")[-4:] == ["Unhealthy", "Shutdown", "Shutdown+", "DELETED"]


def test_a_pod_may_not_be_evicted(ns: Namespace, name: str) -> None:
    """With the budget that the chart makes in its namespaces: it works because a server has a scale of 1."""
    selector = {"matchLabels": {"agones.dev/safe-to-evict": "false"}}
    budget = {"metadata": {"name": name}, "spec": {"maxUnavailable": "0%", "selector": selector}}
    assert ns.create("poddisruptionbudgets", budget).code == 201
    server = ns.ready_fleet(name, 1)[0]["metadata"]["name"]

    def counted() -> bool:
        status = ns.get("poddisruptionbudgets", name).body.get("status") or {}
        return bool(status.get("expectedPods"))

    wait_for(counted, "the budget to count the pod")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": server}}
    refused = ns.cluster.call("POST", ns.path("pods", server, "eviction"), eviction)
    ns.delete("poddisruptionbudgets", name)
    assert refused.code == 429
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused.message


def test_without_its_label_a_server_is_detached(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    (server,) = ns.allocate_many(name, 1)
    key = "agones.dev/gameserverset"
    owner = ns.get("gameservers", server).body["metadata"]["labels"][key]
    ns.patch("gameservers", server, {"metadata": {"labels": {key: None}}})
    ns.await_fleet(name, replicas=2, readyReplicas=2, allocatedReplicas=0)
    assert ns.get("gameservers", server).body["status"]["state"] == "Allocated"
    ns.patch("gameservers", server, {"metadata": {"labels": {key: owner}}})
    ns.await_fleet(name, replicas=2, readyReplicas=1, allocatedReplicas=1)


def test_rolling_update_leaves_sessions_alone(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 8)
    old = the_set(ns, name)["metadata"]["name"]
    sessions = set(ns.allocate_many(name, 2))
    ns.await_fleet(name, allocatedReplicas=2, readyReplicas=6)
    change = {"spec": {"template": {"metadata": {"annotations": {"example.com/tpl": "2"}}}}}
    assert ns.patch("fleets", name, change).code == 200

    def moved() -> bool:
        fresh = ns.find("gameservers", labelSelector=f"app={name},agones.dev/gameserverset!={old}")
        return [server["status"]["state"] for server in fresh] == ["Ready"] * 6

    wait_for(moved, "6 Ready servers of the new template")
    ns.await_fleet(name, replicas=8, readyReplicas=6, allocatedReplicas=2)

    def only_sessions() -> bool:
        left = ns.find("gameservers", labelSelector=f"app={name},agones.dev/gameserverset={old}")
        return names(left) == sessions

    wait_for(only_sessions, "the old set to have its sessions and nothing else")
    for session in sessions:
        ns.set_state(session, "Shutdown")
    wait_for(lambda: ns.get("gameserversets", old).code == 404, "the old set to be removed")
    ns.await_fleet(name, replicas=8, readyReplicas=8, allocatedReplicas=0)


def test_a_new_template_of_a_recreated_fleet(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 3, strategy={"type": "Recreate"})
    (session,) = ns.allocate_many(name, 1)
    ns.await_fleet(name, allocatedReplicas=1)
    old = the_set(ns, name)["metadata"]["name"]
    ns.patch("fleets", name, {"spec": {"template": {"metadata": {"annotations": {"example.com/tpl": "2"}}}}})

    def moved() -> bool:
        fresh = ns.find("gameservers", labelSelector=f"app={name},agones.dev/gameserverset!={old}")
        return [server["status"]["state"] for server in fresh] == ["Ready"] * 2

    wait_for(moved, "2 Ready servers of the new template")
    assert ns.get("gameservers", session).body["status"]["state"] == "Allocated"


def test_deleting_a_fleet_deletes_its_sessions_as_they_are(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    sessions = ns.allocate_many(name, 2)
    assert ns.delete("fleets", name).code == 200
    for session in sessions:
        assert ns.await_steps(session, "DELETED")[-3:] == ["Allocated", "Allocated+", "DELETED"]


def test_orphaned_sets_go_on_and_are_not_adopted(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    (session,) = ns.allocate_many(name, 1)
    ns.await_fleet(name, allocatedReplicas=1)
    orphan = the_set(ns, name)["metadata"]["name"]
    assert ns.delete("fleets", name, propagationPolicy="Orphan").code == 200
    wait_for(lambda: ns.get("fleets", name).code == 404, "the Fleet to be gone")
    assert "ownerReferences" not in ns.get("gameserversets", orphan).body["metadata"]
    ready = names(ns.servers(name, "Ready"))
    ns.set_state(sorted(ready)[0], "Shutdown")
    wait_for(lambda: names(ns.servers(name, "Ready")) - ready, "a replacement")
    ns.fleet(name, 1)
    ns.await_fleet(name, replicas=1, readyReplicas=1, allocatedReplicas=0)
    assert ns.get("gameservers", session).body["status"]["state"] == "Allocated"
    assert ns.delete("gameserversets", orphan).code == 200
    ns.await_gone([session])


def test_deleting_a_set_deletes_sessions_and_the_fleet_makes_another(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    (session,) = ns.allocate_many(name, 1)
    old = the_set(ns, name)["metadata"]["name"]
    ns.delete("gameserversets", old)
    ns.await_gone([session])
    ns.await_fleet(name, replicas=2, readyReplicas=2, allocatedReplicas=0)
    assert the_set(ns, name)["metadata"]["name"] != old
