"""A second look at one slot's cluster: the target's has to be there, the source's need not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbooks.stage import FAILS, SLOTS, Played, play, role

ENVIRONMENT = {
    "eks_bluegreen_region": "eu-west-1",
    "eks_bluegreen_slots": {},
    "eks_bluegreen_services": [],
    "eks_bluegreen_load_balancers": [],
    "eks_bluegreen_state_bucket": "bucket",
    "eks_bluegreen_releases_dir": "releases",
}
READ = {
    "slot_info": {"slots": {slot: {"slot": slot, "status": "ACTIVE"} for slot in ("blue", "green")}},
    "slot_kubeconfig": {"paths": {"blue": "blue again", "green": "green again"}},
}
UNREAD = {"answers": {"slot_info": FAILS}}
SOURCE = {"slots_kubeconfig_of": "source"}
LOST = {**SOURCE, "eks_bluegreen_source": {**SLOTS["eks_bluegreen_source"], "readable": False, "kubeconfig": ""}}
HOSTS: dict[str, dict[str, Any]] = {
    "target": {"answers": READ},
    "target_unread": UNREAD,
    "source": {**SOURCE, "answers": READ},
    "source_read_again": {**LOST, "answers": READ},
    "source_unread": {**LOST, **UNREAD},
}
LOOKED = ["slot_info", "slot_kubeconfig"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    both = "{{ eks_bluegreen_source.kubeconfig }}, {{ eks_bluegreen_target.kubeconfig }}"
    tasks = [*role("slots", "kubeconfig"), {"name": "Show them", "ansible.builtin.debug": {"msg": both}}]
    hosts = {name: {**ENVIRONMENT, **variables} for name, variables in HOSTS.items()}
    return play(tmp_path_factory.mktemp("stage"), tasks, hosts, real_roles=["slots"])


@pytest.mark.parametrize(
    ("name", "steps", "kubeconfigs"),
    [
        ("target", LOOKED, "blue.kubeconfig, green again"),
        ("source", [], "blue.kubeconfig, green.kubeconfig"),
        ("source_read_again", LOOKED, "blue again, green.kubeconfig"),
        ("source_unread", ["slot_info"], ", green.kubeconfig"),
    ],
)
def test_the_slot_that_was_looked_at_has_its_kubeconfig(
    name: str, steps: list[str], kubeconfigs: str, played: dict[str, Played]
) -> None:
    assert played[name].steps == steps
    assert f'"msg": "{kubeconfigs}"' in played[name].said(name)
    assert not played[name].failed


def test_a_target_that_cannot_be_read_ends_it_with_the_reason(played: dict[str, Played]) -> None:
    host = played["target_unread"]
    assert host.failed
    assert "AccessDenied" in host.said("target_unread")
    assert "WARNING" not in host.said("target_unread")


def test_a_source_that_cannot_be_read_is_a_warning(played: dict[str, Played]) -> None:
    warning = "WARNING: the cluster arena-blue of blue still cannot be read: AccessDenied"
    assert warning in played["source_unread"].said("source_unread")
