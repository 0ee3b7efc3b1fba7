"""GameServerAllocation: what is given, what is answered, what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.agones.cluster import Cluster, Namespace, game_server_spec, gameserverallocation

API = "/apis/allocation.agones.dev/v1"


def test_discovery(cluster: Cluster) -> None:
    resources = cluster.call("GET", API).body["resources"]
    (resource,) = [one for one in resources if one["name"] == "gameserverallocations"]
    assert (resource["kind"], resource["namespaced"]) == ("GameServerAllocation", True)
    assert (resource["verbs"], resource["shortNames"]) == (["create"], ["gsa"])


def test_api_service_is_available(cluster: Cluster) -> None:
    service = cluster.call("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.allocation.agones.dev").body
    conditions = {condition["type"]: condition["status"] for condition in service["status"]["conditions"]}
    assert conditions["Available"] == "True"


def test_only_create(ns: Namespace) -> None:
    answer = ns.cluster.call("GET", ns.path("gameserverallocations"))
    assert answer.code == 405
    assert "Method not supported" in answer.message


def test_allocated(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 2)
    answer = ns.allocate(name)
    assert answer.code == 201
    status = answer.body["status"]
    server = ns.get("gameservers", status["gameServerName"]).body
    assert answer.body["metadata"]["name"] == server["metadata"]["name"]
    assert "creationTimestamp" in answer.body["metadata"]
    assert (status["state"], status["source"]) == ("Allocated", "local")
    for field in ("address", "addresses", "nodeName", "ports"):
        assert status[field] == server["status"][field]
    assert status["metadata"]["labels"] == server["metadata"]["labels"]
    assert server["status"]["state"] == "Allocated"
    assert "agones.dev/last-allocated" in server["metadata"]["annotations"]
    assert status["metadata"]["annotations"] == server["metadata"]["annotations"]


def test_unallocated(ns: Namespace) -> None:
    answer = ns.allocate("missing")
    assert answer.code == 201
    assert answer.body["status"] == {"state": "UnAllocated", "gameServerName": "", "source": ""}
    assert "name" not in answer.body["metadata"]


def test_the_spec_is_echoed_with_defaults(ns: Namespace) -> None:
    spec = ns.allocate("missing").body["spec"]
    assert spec["scheduling"] == "Packed"
    assert spec["selectors"] == [{"matchLabels": {"app": "missing"}, "gameServerState": "Ready"}]
    assert (spec["required"], spec["metadata"]) == ({}, {})
    assert spec["multiClusterSetting"] == {"policySelector": {}}


def test_an_empty_spec_takes_any_ready_server_of_the_namespace(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    given = ns.allocate().body["status"]
    assert given["state"] == "Allocated"
    assert given["gameServerName"] in [server["metadata"]["name"] for server in ns.find("gameservers")]


def test_a_namespace_that_does_not_exist(cluster: Cluster) -> None:
    path = f"{API}/namespaces/agones-contract-nowhere/gameserverallocations"
    answer = cluster.call("POST", path, gameserverallocation())
    assert (answer.code, answer.body["status"]["state"]) == (201, "UnAllocated")


def test_dry_run_really_allocates(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    spec = {"selectors": [{"matchLabels": {"app": name}}]}
    answer = ns.create("gameserverallocations", gameserverallocation(**spec), dryRun="All")
    assert answer.body["status"]["state"] == "Allocated"
    assert len(ns.servers(name, "Allocated")) == 1


def test_selectors_are_tried_in_order(ns: Namespace, name: str) -> None:
    servers = ns.ready_fleet(name, 2)
    wanted = servers[1]["metadata"]["name"]
    ns.patch("gameservers", wanted, {"metadata": {"labels": {"map": "desert"}}})
    selectors = [
        {"matchLabels": {"app": name, "map": "moon"}},
        {"matchLabels": {"app": name, "map": "desert"}},
        {"matchLabels": {"app": name}},
    ]
    assert ns.allocate(selectors=selectors).body["status"]["gameServerName"] == wanted
    assert ns.allocate(selectors=selectors).body["status"]["gameServerName"] == servers[0]["metadata"]["name"]


def test_match_expressions(ns: Namespace, name: str) -> None:
    servers = ns.ready_fleet(name, 2)
    draining, free = (server["metadata"]["name"] for server in servers)
    ns.patch("gameservers", draining, {"metadata": {"labels": {"draining": "yes"}}})
    expression = {"key": "draining", "operator": "DoesNotExist"}
    selectors = [{"matchLabels": {"app": name}, "matchExpressions": [expression]}]
    assert ns.allocate(selectors=selectors).body["status"]["gameServerName"] == free
    assert ns.allocate(selectors=selectors).body["status"]["state"] == "UnAllocated"


def test_preferred_then_required(ns: Namespace, name: str) -> None:
    servers = ns.ready_fleet(name, 2)
    liked = servers[1]["metadata"]["name"]
    ns.patch("gameservers", liked, {"metadata": {"labels": {"map": "desert"}}})
    spec: dict[str, Any] = {
        "preferred": [{"matchLabels": {"map": "desert"}}],
        "required": {"matchLabels": {"app": name}},
    }
    assert ns.allocate(**spec).body["status"]["gameServerName"] == liked
    assert ns.allocate(**spec).body["status"]["gameServerName"] == servers[0]["metadata"]["name"]


def test_metadata_is_written_with_the_allocation(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    metadata = {"labels": {"match": "m1"}, "annotations": {"example.com/party": "p1"}}
    given = ns.allocate(name, metadata=metadata).body["status"]["gameServerName"]
    server = ns.get("gameservers", given).body
    assert server["metadata"]["labels"]["match"] == "m1"
    assert server["metadata"]["labels"]["app"] == name
    assert server["metadata"]["annotations"]["example.com/party"] == "p1"


def test_an_allocated_server_can_be_allocated_again(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    first = ns.allocate(name).body["status"]
    selectors = [{"matchLabels": {"app": name}, "gameServerState": "Allocated"}]
    again = ns.allocate(selectors=selectors, metadata={"labels": {"seats": "2"}}).body["status"]
    assert again["gameServerName"] == first["gameServerName"]
    key = "agones.dev/last-allocated"
    assert again["metadata"]["annotations"][key] != first["metadata"]["annotations"][key]
    assert again["metadata"]["labels"]["seats"] == "2"


def with_capacity() -> dict[str, Any]:
    return game_server_spec(
        counters={"rooms": {"count": 1, "capacity": 4}}, lists={"players": {"capacity": 3, "values": ["a"]}}
    )


def test_selectors_by_counter_and_list(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1, template=with_capacity())

    def state(**limits: Any) -> str:
        selectors = [{"matchLabels": {"app": name}, "gameServerState": "Allocated", **limits}]
        return str(ns.allocate(selectors=selectors).body["status"]["state"])

    ns.allocate_many(name, 1)
    assert state(counters={"rooms": {"minAvailable": 3}}) == "Allocated"
    assert state(counters={"rooms": {"minAvailable": 4}}) == "UnAllocated"
    assert state(counters={"tables": {}}) == "UnAllocated"
    assert state(lists={"players": {"containsValue": "a"}}) == "Allocated"
    assert state(lists={"players": {"containsValue": "b"}}) == "UnAllocated"
    assert state(lists={"players": {"minAvailable": 2}}) == "Allocated"


def test_actions_on_counters_and_lists(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1, template=with_capacity())
    status = ns.allocate(
        name,
        counters={"rooms": {"action": "Increment", "amount": 2}, "tables": {"action": "Increment", "amount": 1}},
        lists={"players": {"addValues": ["a", "b", "c", "d", "e"], "capacity": 4}},
    ).body["status"]
    assert status["state"] == "Allocated"
    assert status["counters"] == {"rooms": {"count": 3, "capacity": 4}}
    assert status["lists"] == {"players": {"capacity": 4, "values": ["a", "b", "c", "d"]}}
    server = ns.get("gameservers", status["gameServerName"]).body
    assert server["status"]["counters"] == status["counters"]
    assert server["status"]["lists"] == status["lists"]


def test_an_unknown_action_is_ignored(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1, template=with_capacity())
    answer = ns.allocate(name, counters={"rooms": {"action": "Zap", "amount": 2}})
    assert answer.code == 201
    assert answer.body["status"]["counters"] == {"rooms": {"count": 1, "capacity": 4}}


REFUSED = [
    (
        {"selectors": [{"gameServerState": "Foo"}]},
        'spec.selectors[0].gameServerState: Invalid value: "Foo": GameServerState must be either Allocated or Ready',
    ),
    (
        {"scheduling": "Bogus"},
        'spec.scheduling: Unsupported value: "Bogus": supported values: "Packed", "Distributed"',
    ),
    ({"metadata": {"labels": {"match": "not a label!"}}}, 'spec.metadata.labels: Invalid value: "not a label!": '),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED)
def test_refused(ns: Namespace, spec: dict[str, Any], message: str) -> None:
    answer = ns.allocate(**spec)
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert answer.message.startswith(f'GameServerAllocation.allocation.agones.dev "" is invalid: {message}')
    details = answer.body["details"]
    assert (details["group"], details["kind"]) == ("allocation.agones.dev", "GameServerAllocation")
    assert details["causes"][0]["field"] == message.split(":")[0]


def test_no_server_is_given_twice(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 12)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ns.allocate(name).body["status"], range(20)))
    given = [status["gameServerName"] for status in answers if status["state"] == "Allocated"]
    assert len(given) == len(set(given)) == 12
    assert len(ns.servers(name, "Allocated")) == 12
