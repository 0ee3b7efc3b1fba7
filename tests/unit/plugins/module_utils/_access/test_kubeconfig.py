"""Kubeconfigs without a secret in them."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._access.kubeconfig import (
    ClusterAccess,
    kubeconfig,
    token_command,
)


def test_a_kubeconfig_names_a_program_and_holds_no_secret() -> None:
    command = token_command("/usr/bin/python3", "/token.py", "arena-blue", "eu-west-1", "", "")
    made = kubeconfig(ClusterAccess("arena-blue", "https://blue", "Q0E=", command))
    assert made["clusters"][0]["cluster"] == {"server": "https://blue", "certificate-authority-data": "Q0E="}
    (user,) = made["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "/usr/bin/python3"
    assert user["user"]["exec"]["args"] == ["-P", "/token.py", "--cluster", "arena-blue", "--region", "eu-west-1"]


def test_a_profile_and_a_role_are_passed_on() -> None:
    command = token_command("python", "token.py", "c", "r", "ops", "arn:role")
    assert command[-4:] == ["--profile", "ops", "--role-arn", "arn:role"]


@pytest.mark.parametrize(
    ("profile", "role_arn", "more"),
    [
        ("", "", []),
        ("ops", "", ["--profile", "ops"]),
        ("", "arn:role", ["--role-arn", "arn:role"]),
    ],
)
def test_only_what_is_given_is_passed_on(profile: str, role_arn: str, more: list[str]) -> None:
    command = token_command("python", "token.py", "c", "r", profile, role_arn)
    assert command == ["python", "-P", "token.py", "--cluster", "c", "--region", "r", *more]


def test_the_one_context_is_in_use_and_no_program_asks_people() -> None:
    made = kubeconfig(ClusterAccess("arena-blue", "https://blue", "Q0E=", ["token"]))
    (context,) = made["contexts"]
    assert made["current-context"] == context["name"] == "arena-blue"
    assert context["context"] == {"cluster": made["clusters"][0]["name"], "user": made["users"][0]["name"]}
    program = made["users"][0]["user"]["exec"]
    assert (program["args"], program["interactiveMode"]) == ([], "Never")
