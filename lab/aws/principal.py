"""The owner of an access key, as everything here that asks for one sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Principal:
    """The owner of an access key.

    `arn` is what GetCallerIdentity answers; `canonical_arn` that of the user or role itself, which access entries name.
    """

    arn: str
    canonical_arn: str
    user_id: str
    session_name: str
    access_key_id: str
    secret_key: str
    session_token: str | None = None
    expires: datetime | None = None
