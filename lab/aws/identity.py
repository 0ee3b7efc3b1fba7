"""Who stands behind an access key: users and assumed roles, as moto's IAM and STS keep them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from lab.aws.principal import Principal
from lab.config import ACCOUNT_ID

OPERATOR = "operator"
OPERATOR_KEY = "AKIAARENAOPERATOR000"
OPERATOR_SECRET = "arena-operator-of-the-lab"


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


def create_operator() -> None:
    """The one thing that the account has from the start: its user `operator`, with a key that never changes."""
    backend = iam()
    backend.create_user("us-east-1", OPERATOR)
    key = backend.create_access_key(OPERATOR)
    del backend.access_keys[key.physical_resource_id]
    key.access_key_id, key.secret_access_key = OPERATOR_KEY, OPERATOR_SECRET
    backend.access_keys[OPERATOR_KEY] = key
