"""What a Fleet makes of its template, and a set of its."""

from __future__ import annotations

from lab.agones import fleets, gameserversets
from lab.agones.model import Obj

TEMPLATE: Obj = {
    "metadata": {"labels": {"app": "arena"}, "annotations": {"a": "1"}},
    "spec": {"template": {"spec": {"containers": [{"name": "game"}]}}},
}


def fleet() -> Obj:
    spec = {
        "replicas": 9,
        "scheduling": "Distributed",
        "template": TEMPLATE,
        "allocationOverflow": {"labels": {"o": "1"}},
    }
    return {"metadata": {"name": "arena", "namespace": "ns", "uid": "f1"}, "spec": spec}


def test_a_set_of_a_fleet() -> None:
    made = fleets.set_for(fleet(), 5)
    assert made["metadata"]["generateName"] == "arena-"
    assert made["metadata"]["labels"] == {"app": "arena", "agones.dev/fleet": "arena"}
    assert made["metadata"]["annotations"] == {"a": "1"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == "f1"
    assert made["spec"] == {
        "replicas": 5,
        "scheduling": "Distributed",
        "template": TEMPLATE,
        "allocationOverflow": {"labels": {"o": "1"}},
    }


def test_a_server_of_a_set() -> None:
    made = fleets.set_for(fleet(), 5)
    made["metadata"] |= {"name": "arena-abcde", "uid": "s1"}
    server = gameserversets.server_for(made)
    assert server["metadata"]["generateName"] == "arena-abcde-"
    labels = {"app": "arena", "agones.dev/fleet": "arena", "agones.dev/gameserverset": "arena-abcde"}
    assert server["metadata"]["labels"] == labels
    assert server["metadata"]["ownerReferences"][0]["kind"] == "GameServerSet"
    assert server["spec"] == {"scheduling": "Distributed", "template": TEMPLATE["spec"]["template"]}
