"""What the roles hand on of the chosen routing provider: its name and its own options, without a list of providers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbooks.stage import Played, play, role

MAP = {"kubeconfig": "home.kubeconfig", "namespace": "arena", "name": "destination"}
PAIR = {"blue": "mm-blue", "green": "mm-green"}
CLUSTERS = {"blue": "arena-blue", "green": "arena-green"}
ENVIRONMENT: dict[str, Any] = {
    "eks_bluegreen_region": "eu-west-1",
    "eks_bluegreen_slots": {slot: {"cluster_name": name} for slot, name in CLUSTERS.items()},
    "eks_bluegreen_services": [{"name": "mm", "target_groups": PAIR}],
    "eks_bluegreen_load_balancers": ["arena"],
    "eks_bluegreen_state_bucket": "bucket",
    "eks_bluegreen_releases_dir": "releases",
    "slots_direction": "status",
    "answers": {
        "slot_info": {
            "slots": {slot: {"slot": slot} for slot in CLUSTERS},
            "direction": {"source": "blue", "target": "green", "nothing_to_do": False, "resume": False},
            "network": {},
            "summary": [],
        },
        "slot_kubeconfig": {"paths": dict.fromkeys(CLUSTERS, "")},
    },
}


def chosen(provider: str, **options: Any) -> dict[str, Any]:
    named = {f"eks_bluegreen_routing_{name}": value for name, value in options.items()}
    return {**ENVIRONMENT, "eks_bluegreen_routing_provider": provider, **named}


PER_SLOT = {"eks_bluegreen_matchmaking_queue": "per_slot"}
HOSTS = {
    "parameter": chosen("document", document_parameter="/arena/destination"),
    "config_map": chosen("document", document_config_map=MAP, document_parameter="/arena/other"),
    "unnamed": chosen("document"),
    "traffic": chosen("follows_traffic"),
    "policy": chosen("agones_policy", agones_policy={"namespace": "arena"}, http={"url": "https://other"}),
    "endpoint": chosen("http", http={"url": "https://mm"}),
    # One that the roles have never heard of.
    "sixth": chosen("file", file={"path": "/srv/destination"}),
    "unknown": chosen("drawer"),
    "per_slot": {**chosen("follows_traffic"), **PER_SLOT},
}
OWN: dict[str, Any] = {"clusters": CLUSTERS, "reader_ttl_seconds": 15, "queue": "none", "endpoint_ttl_seconds": 0}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    tasks = [*role("slots", "main"), *role("session_routing", "prepare"), *role("session_routing", "main")]
    return play(tmp_path_factory.mktemp("stage"), tasks, HOSTS, real_roles=["slots", "session_routing"])


def told(played: Played, module: str) -> dict[str, Any]:
    """What a module was last told of the provider."""
    args = [args for step, args in played.calls if step == module][-1]
    return {name: value for name, value in args.items() if name in {"provider", args["provider"]}}


@pytest.mark.parametrize(
    ("host", "routing"),
    [
        ("parameter", {"provider": "document", "document": {**OWN, "parameter": "/arena/destination"}}),
        ("config_map", {"provider": "document", "document": {**OWN, "config_map": MAP}}),
        ("traffic", {"provider": "follows_traffic", "follows_traffic": {"load_balancers": ["arena"], "pairs": [PAIR]}}),
        (
            "policy",
            {"provider": "agones_policy", "agones_policy": {"namespace": "arena", "endpoint_ttl_seconds": 0}},
        ),
        ("endpoint", {"provider": "http", "http": {"url": "https://mm"}}),
        ("sixth", {"provider": "file", "file": {"path": "/srv/destination"}}),
        ("unknown", {"provider": "drawer"}),
    ],
)
def test_the_destination_is_set_with_the_options_of_the_provider(
    host: str, routing: dict[str, Any], played: dict[str, Played]
) -> None:
    assert told(played[host], "session_destination") == routing
    assert not played[host].failed


@pytest.mark.parametrize(
    ("host", "routing"),
    [
        ("parameter", {"provider": "document", "document": {"parameter": "/arena/destination"}}),
        ("config_map", {"provider": "document", "document": {"config_map": MAP}}),
        ("unnamed", {"provider": "follows_traffic"}),
        ("traffic", {"provider": "follows_traffic"}),
        ("policy", {"provider": "agones_policy", "agones_policy": {"namespace": "arena"}}),
        ("endpoint", {"provider": "http", "http": {"url": "https://mm"}}),
        ("sixth", {"provider": "file", "file": {"path": "/srv/destination"}}),
        ("unknown", {"provider": "drawer"}),
    ],
)
def test_both_slots_are_observed_with_the_options_of_the_provider(
    host: str, routing: dict[str, Any], played: dict[str, Played]
) -> None:
    assert told(played[host], "slot_info") == routing


def test_no_option_of_another_provider_is_handed_on(played: dict[str, Played]) -> None:
    providers = {"document", "follows_traffic", "agones_policy", "http", "command", "file"}
    for step in ("slot_info", "session_destination"):
        for name, host in played.items():
            for args in [args for called, args in host.calls if called == step]:
                assert set(args) & providers <= {args["provider"]}, name


def test_queues_of_the_slots_go_with_the_sessions_whatever_the_provider(played: dict[str, Played]) -> None:
    calls = [args for step, args in played["per_slot"].calls if step == "session_destination"]
    assert [(args["queues"], args["ignore_missing_queues"]) for args in calls] == [
        ({"green": "open"}, True),
        ({"green": "open", "blue": "closed"}, True),
    ]
    (without,) = [args for step, args in played["traffic"].calls if step == "session_destination"]
    assert without["queues"] == {}
