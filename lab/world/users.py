"""The users of the lab's AWS account, whose keys never change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class User:
    name: str
    access_key: str
    secret_key: str


# The user that the collection runs as: may do what docs/iam grants.
OPERATOR = User("operator", "AKIAARENAOPERATOR000", "arena-operator-of-the-lab")
# The user that the lab itself acts as, to create what is there before anyone upgrades: may do everything.
ADMINISTRATOR = User("administrator", "AKIAARENAADMIN000000", "arena-administrator-of-the-lab")
