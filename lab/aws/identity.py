"""Who is behind an access key: users and assumed roles, as moto's IAM and STS keep them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from lab.aws.principal import Principal
from lab.world.config import ACCOUNT_ID
from lab.world.users import ADMINISTRATOR, OPERATOR, User

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def iam() -> Any:
    return iam_backends[ACCOUNT_ID]["aws"]


def sts() -> Any:
    return sts_backends[ACCOUNT_ID]["aws"]


def find_principal(access_key_id: str) -> Principal | None:
    """The owner of a key that IAM or STS gave out; expired sessions included."""
    return _find_session(access_key_id) or _find_user(access_key_id)


def _find_session(access_key_id: str) -> Principal | None:
    role = sts().get_assumed_role_from_access_key(access_key_id)
    if role is None:
        return None
    return Principal(
        arn=role.arn,
        canonical_arn=role.role_arn,
        user_id=role.user_id,
        session_name=role.session_name,
        access_key_id=access_key_id,
        secret_key=role.secret_access_key,
        session_token=role.session_token,
        expires=role.expiration.astimezone(UTC) if role.expiration.tzinfo else role.expiration.replace(tzinfo=UTC),
    )


def _find_user(access_key_id: str) -> Principal | None:
    user = iam().get_user_from_access_key_id(access_key_id)
    if user is None:
        return None
    key = next(key for key in user.access_keys if key.access_key_id == access_key_id)
    return Principal(
        arn=user.arn,
        canonical_arn=user.arn,
        user_id=user.id,
        session_name="",
        access_key_id=access_key_id,
        secret_key=key.secret_access_key,
    )


def policies_of(principal: Principal) -> Iterator[str]:
    """The documents of the identity policies of a user or an assumed role."""
    path = principal.canonical_arn.rpartition(":")[2].split("/")
    owner = iam().get_user(path[-1]) if path[0] == "user" else iam().get_role(path[-1])
    yield from owner.policies.values()
    for policy in owner.managed_policies.values():
        yield next(version.document for version in policy.versions if version.is_default)


def create_users(operator_policies: Mapping[str, str] | None) -> None:
    """What the account has from the start: its two users, with keys that never change.

    `operator_policies`: documents by name, of what the operator may do; None for everything.
    """
    for user in (OPERATOR, ADMINISTRATOR):
        _create_user(user)
    may_do_all = [ADMINISTRATOR] if operator_policies is not None else [ADMINISTRATOR, OPERATOR]
    for user in may_do_all:
        iam().put_user_policy(user.name, "everything", EVERYTHING)
    for name, document in (operator_policies or {}).items():
        policy = iam().create_policy("", "/", document, name, {})
        iam().attach_user_policy(policy.arn, OPERATOR.name)


def _create_user(user: User) -> None:
    backend = iam()
    backend.create_user("us-east-1", user.name)
    key = backend.create_access_key(user.name)
    del backend.access_keys[key.physical_resource_id]
    key.access_key_id, key.secret_access_key = user.access_key, user.secret_key
    backend.access_keys[user.access_key] = key
