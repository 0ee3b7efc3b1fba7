"""To which services a rollback gives the requests back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[3] / "roles" / "traffic_shift"
MATCHMAKER = {"blue": "mm-blue", "green": "mm-green"}
VOICE = {"blue": "voice-blue", "green": "voice-green"}
GREEN: dict[str, Any] = {"slot": "green", "target_group_arns": {"mm": "arn:mm-green"}}


def attached(target: dict[str, Any]) -> list[dict[str, str]]:
    loader = DataLoader()
    of_role = loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    services = [{"name": "mm", "target_groups": MATCHMAKER}, {"name": "voice", "target_groups": VOICE}]
    variables = {**of_role, "eks_bluegreen_services": services, "eks_bluegreen_target": target}
    found: list[dict[str, str]] = Templar(loader, variables=variables).template(of_role["__traffic_shift_attached"])
    return found


@pytest.mark.parametrize("arns", [{"mm": "arn:mm-green"}, {"mm": "arn:mm-green", "voice": ""}])
@pytest.mark.parametrize("unread", [{}, {"unread_target_groups": []}], ids=["not told", "all read"])
def test_a_target_group_that_does_not_exist_has_no_requests(arns: dict[str, str], unread: dict[str, Any]) -> None:
    assert attached({**GREEN, "target_group_arns": arns, **unread}) == [MATCHMAKER]


@pytest.mark.parametrize("target", [GREEN, {**GREEN, "target_group_arns": {"mm": "arn", "voice": ""}}])
def test_one_that_could_not_be_read_may_have_them(target: dict[str, Any]) -> None:
    assert attached({**target, "unread_target_groups": ["voice"]}) == [MATCHMAKER, VOICE]


def test_after_one_failed_read_nothing_is_given_up() -> None:
    unread = {"slot": "green", "target_group_arns": {}, "unread_target_groups": ["mm"]}
    assert attached(unread) == [MATCHMAKER]
