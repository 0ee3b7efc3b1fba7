"""Whatever fails on the way back, the rest is taken back all the same, and the play fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbooks.stage import FAILS, SLOTS, WAY_BACK, Played, play, task_file

DIRECTOR = {"kind": "Deployment", "namespace": "arena", "name": "director"}
ENVIRONMENT = {
    "eks_bluegreen_region": "eu-west-1",
    "eks_bluegreen_slots": {},
    "eks_bluegreen_services": [],
    "eks_bluegreen_load_balancers": [],
    "eks_bluegreen_state_bucket": "bucket",
    "eks_bluegreen_releases_dir": "releases",
    "eks_bluegreen_singletons": [DIRECTOR],
    "eks_bluegreen_fence_method": "rbac",
}
READ = {
    "slot_info": {"slots": {"blue": SLOTS["eks_bluegreen_source"]}},
    "slot_kubeconfig": {"paths": {"blue": "again"}},
}
UNREAD_SOURCE = {"eks_bluegreen_source": {**SLOTS["eks_bluegreen_source"], "readable": False, "kubeconfig": ""}}
GREEN_OFF, BLUE_ON = "slot_singletons off", "slot_singletons on"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    hosts = {step.replace("/", "_"): {"answers": {step: FAILS}} for step in WAY_BACK}
    return play(tmp_path_factory.mktemp("stage"), task_file("phases/move_back.yml"), {"sound": {}, **hosts})


def test_a_way_back_without_a_fault(played: dict[str, Played]) -> None:
    assert (played["sound"].steps, played["sound"].failed) == (WAY_BACK, False)


@pytest.mark.parametrize("broken", WAY_BACK)
def test_a_step_that_fails_keeps_back_nothing_but_what_needs_it(broken: str, played: dict[str, Played]) -> None:
    host = played[broken.replace("/", "_")]
    needs_it = {"slot_activation/unfence"} if broken == "slots/kubeconfig" else set()
    assert host.steps == [step for step in WAY_BACK if step not in needs_it]
    assert host.failed


@pytest.fixture(scope="module")
def activated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """With the real tasks of slots and slot_activation."""
    hosts: dict[str, dict[str, Any]] = {
        "dead": {"answers": {GREEN_OFF: FAILS}},
        "not_back": {"answers": {"traffic_shift/restore": FAILS}},
        "not_back_and_dead": {"answers": {"session_routing/restore": FAILS, GREEN_OFF: FAILS}},
        "fenced_and_dead": {"answers": {"agones_slot_fence open": FAILS, GREEN_OFF: FAILS}},
        "read_again": {**UNREAD_SOURCE, "answers": READ},
        "unread": {**UNREAD_SOURCE, "answers": {"slot_info": FAILS}},
    }
    known = {name: {**ENVIRONMENT, **variables} for name, variables in hosts.items()}
    folder = tmp_path_factory.mktemp("stage")
    return play(folder, task_file("phases/move_back.yml"), known, real_roles=["slots", "slot_activation"])


@pytest.mark.parametrize(
    ("name", "singletons", "failed"),
    [
        ("dead", [GREEN_OFF, BLUE_ON], False),
        ("not_back", [GREEN_OFF, BLUE_ON], True),
        ("not_back_and_dead", [GREEN_OFF], True),
        ("fenced_and_dead", [GREEN_OFF, BLUE_ON], True),
        ("read_again", [GREEN_OFF, BLUE_ON], False),
        ("unread", [], True),
    ],
)
def test_two_sets_of_singletons_never_serve_players_side_by_side(
    name: str, singletons: list[str], failed: bool, activated: dict[str, Played]
) -> None:
    host = activated[name]
    assert [step for step in host.steps if step in (GREEN_OFF, BLUE_ON)] == singletons
    assert host.failed is failed


def test_a_source_that_can_be_read_by_now_is_opened(activated: dict[str, Played]) -> None:
    opened = dict(activated["read_again"].calls)["agones_slot_fence open"]
    assert opened["kubeconfig"] == "again"


def test_a_source_that_cannot_be_read_gets_its_players_and_a_word_that_it_is_fenced(
    activated: dict[str, Played],
) -> None:
    moved = ["slot_info", "session_routing/restore", "traffic_shift/restore", "session_drain/cancel"]
    assert activated["unread"].steps == moved
    said = activated["unread"].said("unread")
    assert "WARNING: the cluster arena-blue of blue still cannot be read: AccessDenied" in said
    assert "the fence of blue could not be opened" in said
