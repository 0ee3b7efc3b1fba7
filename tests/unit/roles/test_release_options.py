"""What the roles hand on of a release: each the fields that it needs, and templates only once they can be filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.playbooks.stage import SLOTS, Played, play, role

IMAGE = {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"}
CNI = {"name": "vpc-cni", "version": "v1", "before_nodes": True}
DNS = {"name": "coredns", "version": "v2", "configuration_values": {"computeType": "{{ compute }}"}}
AGONES = {"name": "agones", "namespace": "agones-system", "chart": "{{ charts }}/agones.tgz", "version": "1.60.0"}
ARENA = {"name": "arena", "namespace": "arena", "chart": "oci://charts/arena", "version": "1.11.0"}
# Empty before the run has made it.
VALUES = {"targetGroupArn": "{{ eks_bluegreen_target.target_group_arns.matchmaker }}"}
DOCUMENT: dict[str, Any] = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": IMAGE,
    "addons": [CNI, DNS],
    "charts": [AGONES, {**ARENA, "values": VALUES}],
}
TOLD_DNS = {**DNS, "configuration_values": {"computeType": "Fargate"}}
TOLD_CHARTS = [{**AGONES, "chart": "/srv/agones.tgz"}, ARENA]
GROUP = {"name": "game", "min_size": 1, "max_size": 2, "desired_size": 1}
ENVIRONMENT: dict[str, Any] = {
    "compute": "Fargate",
    "charts": "/srv",
    "eks_bluegreen_release_document": DOCUMENT,
    "eks_bluegreen_region": "eu-west-1",
    "eks_bluegreen_state_bucket": "bucket",
    "eks_bluegreen_releases_dir": "releases",
    "eks_bluegreen_cluster_role_arn": "arn:cluster",
    "eks_bluegreen_node_role_arn": "arn:node",
    "eks_bluegreen_nodegroups": [GROUP],
    "eks_bluegreen_network": {"public_subnet_ids": ["a"], "private_subnet_ids": ["b"]},
    "eks_bluegreen_observed": {"problems": []},
    "eks_bluegreen_source": {**SLOTS["eks_bluegreen_source"], "release": ""},
    "answers": {
        "upgrade_preflight": {"findings": []},
        "helm_release_plan": {"deploy": []},
        "run_report": {"summary": ""},
    },
}
THERE = {**SLOTS["eks_bluegreen_target"], "target_group_arns": {"matchmaker": "arn:mm"}}
TO_COME = {**THERE, "kubeconfig": "", "target_group_arns": {"matchmaker": ""}}
HOSTS: dict[str, dict[str, Any]] = {
    "to_come": {**ENVIRONMENT, "eks_bluegreen_target": TO_COME},
    "there": {**ENVIRONMENT, "eks_bluegreen_target": THERE},
    "own_charts": {
        **ENVIRONMENT,
        "eks_bluegreen_target": TO_COME,
        "platform_charts_charts": [{**ARENA, "values": VALUES}],
    },
    "wrong": {
        **ENVIRONMENT,
        "eks_bluegreen_target": TO_COME,
        "eks_bluegreen_release_document": {
            **DOCUMENT,
            "name": 2026.1,
            "charts": [*DOCUMENT["charts"], {"name": "late"}],
        },
    },
}


SET_BY_SLOTS = ("eks_bluegreen_release_document", "eks_bluegreen_source", "eks_bluegreen_network")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    entries = (
        *(("preflight", "main"), ("eks_cluster", "create"), ("eks_nodegroups", "start"), ("platform_charts", "main")),
        ("upgrade_report", "main"),
    )
    tasks = [task for name, entry in entries for task in role(name, entry)]
    return play(tmp_path_factory.mktemp("stage"), tasks, HOSTS, real_roles=sorted({name for name, _ in entries}))


def args_of(played: Played, module: str) -> list[dict[str, Any]]:
    return [dict(args) for step, args in played.calls if step == module]


def test_the_roles_get_the_fields_of_the_release(played: dict[str, Played]) -> None:
    host = played["to_come"]
    assert not host.failed
    (cluster,) = args_of(host, "eks_cluster")
    assert (cluster["kubernetes_version"], cluster["tags"]["eks-bluegreen/release"]) == ("1.36", "2026-11")
    (group,) = args_of(host, "eks_nodegroup")
    assert {key: group[key] for key in IMAGE} == IMAGE
    (addon,) = args_of(host, "eks_addon")
    assert {key: addon[key] for key in ("name", "version")} == {"name": "vpc-cni", "version": "v1"}
    (report,) = args_of(host, "run_report")
    assert report["release"] == {"kubernetes_version": "1.36", "agones_version": "1.60.0"}


def test_preflight_gets_all_but_the_values(played: dict[str, Played]) -> None:
    (told,) = args_of(played["to_come"], "upgrade_preflight")
    assert told["release"] == {**DOCUMENT, "addons": [CNI, TOLD_DNS], "charts": TOLD_CHARTS}
    assert told["release_problems"] == []


def test_preflight_gets_what_is_wrong_with_the_file(played: dict[str, Played]) -> None:
    (told,) = args_of(played["wrong"], "upgrade_preflight")
    assert [(problem["where"], problem["finding"]) for problem in told["release_problems"]] == [
        ("name", "its name is 2026.1, not a text"),
        ("charts[2]", "its chart late has no namespace and no chart and no version"),
    ]


@pytest.mark.parametrize(
    ("host", "charts"),
    [
        ("to_come", TOLD_CHARTS),
        ("there", [TOLD_CHARTS[0], {**ARENA, "values": {"targetGroupArn": "arn:mm"}}]),
        ("own_charts", [ARENA]),
    ],
)
def test_charts_have_values_once_the_cluster_is_there(
    host: str, charts: list[dict[str, Any]], played: dict[str, Played]
) -> None:
    (told,) = args_of(played[host], "helm_release_plan")
    assert told["charts"] == charts


def test_the_file_that_was_found_is_read_and_its_values_wait(tmp_path: Path) -> None:
    file = tmp_path / "2026-11.yml"
    file.write_text(yaml.safe_dump(DOCUMENT))
    slots = {slot: {"slot": slot, "cluster_name": f"arena-{slot}", "release": ""} for slot in ("blue", "green")}
    direction = {"source": "blue", "target": "green", "nothing_to_do": False, "resume": False}
    seen = {"slots": slots, "direction": direction, "release_file": str(file), "network": {}, "summary": []}
    kubeconfigs = {"paths": dict.fromkeys(slots, "")}
    host = {
        **{key: value for key, value in ENVIRONMENT.items() if key not in SET_BY_SLOTS},
        "eks_bluegreen_slots": slots,
        "eks_bluegreen_observed": {},
        "answers": {"slot_info": seen, "slot_kubeconfig": kubeconfigs, "upgrade_preflight": {"findings": []}},
    }
    tasks = [*role("slots", "main"), *role("preflight", "main")]
    played = play(tmp_path, tasks, {"host": host}, real_roles=["slots", "preflight"])["host"]
    (told,) = args_of(played, "upgrade_preflight")
    assert told["release"] == {**DOCUMENT, "addons": [CNI, TOLD_DNS], "charts": TOLD_CHARTS}
    assert not played.failed


def test_a_report_does_without_a_release(tmp_path: Path) -> None:
    """A rollback reads none; a variable that its templates need may be missing by then."""
    without = {key: value for key, value in ENVIRONMENT.items() if key != "eks_bluegreen_release_document"}
    hosts = {"rollback": without, "gap": {key: value for key, value in ENVIRONMENT.items() if key != "charts"}}
    played = play(tmp_path, role("upgrade_report", "main"), hosts, real_roles=["upgrade_report"])
    for host in played.values():
        (told,) = args_of(host, "run_report")
        assert told["release"] == {"kubernetes_version": "", "agones_version": ""}
