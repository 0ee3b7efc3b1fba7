"""A release's file as a variable. What is a template there is tested with the roles that fill it in."""

from __future__ import annotations

from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.filter.release import release

AGONES = {"name": "agones", "namespace": "agones-system", "chart": "agones.tgz", "version": "1.60.0"}
SOUND: dict[str, Any] = {
    "name": "2026-11",
    "kubernetes_version": "1.36",
    "agones_version": "1.60.0",
    "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"},
    "addons": [{"name": "vpc-cni", "version": "v1"}],
    "charts": [AGONES],
}


class NotYet(dict[str, Any]):
    """A chart whose values are a template that cannot be filled in yet."""

    def __getitem__(self, key: str) -> Any:
        assert key != "values"
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        assert key != "values"
        return super().get(key, default)


def test_a_sound_release_is_its_fields() -> None:
    assert release(SOUND) == {"release": SOUND, "problems": []}


def test_the_values_of_charts_are_left_alone() -> None:
    charts = [NotYet({**AGONES, "values": "{{ not_yet }}"})]
    assert release({**SOUND, "charts": charts}) == {"release": SOUND, "problems": []}


def test_what_is_wrong_is_told_with_where_and_what_to_do() -> None:
    (problem,) = release({**SOUND, "kubernetes_version": None})["problems"]
    assert problem == {
        "where": "kubernetes_version",
        "finding": "its kubernetes_version is missing",
        "remedy": 'Write it in quotes, as kubernetes_version: "..."',
    }
