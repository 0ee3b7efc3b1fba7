"""Lists and watches of game servers."""

from __future__ import annotations

import json

from tests.contract.agones.cluster import Namespace


def test_field_selectors(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 3)
    (allocated,) = ns.allocate_many(name, 1)

    def found(selector: str) -> list[str]:
        servers = ns.find("gameservers", fieldSelector=selector, labelSelector=f"app={name}")
        return [server["metadata"]["name"] for server in servers]

    node = ns.get("gameservers", allocated).body["status"]["nodeName"]
    assert found("status.state=Allocated") == [allocated]
    assert len(found("status.state!=Allocated")) == 2
    assert found(f"status.state=Allocated,status.nodeName={node}") == [allocated]
    assert found(f"metadata.name={allocated}") == [allocated]
    refused = ns.cluster.call("GET", ns.path("gameservers", fieldSelector="status.address=127.0.0.1"))
    assert refused.code == 400
    assert "field label not supported: status.address" in refused.message


def test_fleets_have_no_selectable_status(ns: Namespace) -> None:
    assert ns.cluster.call("GET", ns.path("fleets", fieldSelector="status.replicas=1")).code == 400


def test_a_watch_by_state_says_deleted_when_a_server_leaves_the_state(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 1)
    query = {"fieldSelector": "status.state=Ready", "labelSelector": f"app={name}"}
    start = ns.cluster.call("GET", ns.path("gameservers", **query)).body["metadata"]["resourceVersion"]
    (server,) = ns.allocate_many(name, 1)
    ns.set_state(server, "Ready")
    path = ns.path("gameservers", watch="true", resourceVersion=start, timeoutSeconds=1, **query)
    events = [json.loads(line) for line in ns.cluster.open("GET", path).data.splitlines()]
    assert [event["type"] for event in events] == ["DELETED", "ADDED"]
    # What left is shown as it was.
    assert events[0]["object"]["status"]["state"] == "Ready"


def test_pages(ns: Namespace, name: str) -> None:
    ns.ready_fleet(name, 5)
    path = ns.path("gameservers", limit=2, labelSelector=f"app={name}")
    count, more = 0, ""
    while True:
        page = ns.cluster.call("GET", path + (f"&continue={more}" if more else ""))
        assert page.code == 200
        assert len(page.body["items"]) <= 2
        count += len(page.body["items"])
        more = page.body["metadata"].get("continue", "")
        if not more:
            break
    assert count == 5
    assert ns.cluster.call("GET", f"{path}&continue=bogus").code == 400


def test_columns(ns: Namespace) -> None:
    headers = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
    ns.cluster.authorize(headers)
    response = ns.cluster.pool.request("GET", ns.cluster.host + ns.path("gameservers"), headers=headers)
    columns = [column["name"] for column in json.loads(response.data)["columnDefinitions"]]
    assert columns == ["Name", "State", "Address", "Port", "Node", "Age"]
