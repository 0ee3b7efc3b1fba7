"""The longest chain of AWS's times that provisioning cannot beat, and what is measured besides it."""

from __future__ import annotations

import pytest
import yaml

from benchmarks.provision import AWS_SECONDS, PLAYBOOK, longest_chain, scaled
from lab.world.config import REPOSITORY


@pytest.mark.parametrize(
    ("seconds", "chain"),
    [
        (AWS_SECONDS, 540.0 + 180.0 + 60.0),
        ({**AWS_SECONDS, "fargate_profile": 200.0}, 540.0 + 400.0 + 60.0),
        (scaled(60), 9.0 + 3.0 + 1.0),
    ],
)
def test_the_longest_chain(seconds: dict[str, float], chain: float) -> None:
    assert longest_chain(seconds) == pytest.approx(chain)


def test_what_is_measured_is_the_playbook_s_own_task_file() -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text())
    (task,) = play["tasks"]
    included = (PLAYBOOK.parent / task["ansible.builtin.include_tasks"]).resolve()
    assert included == REPOSITORY / "playbooks" / "phases" / "native.yml"
