"""STS put right: unknown keys and roles are refused, web identities are checked.

The trust policies of roles are not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.sts import urls as moto_urls
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from lab.aws.identity import find_principal, iam
from lab.aws.web_identity import WebIdentity, WebIdentityRefused, verify

KeyOfIssuer = Callable[[str], str | None]


class SimSTS(STSBackend):  # type: ignore[misc]
    """`install` says whose key signs for an issuer, before moto makes the first backend."""

    key_of_issuer: KeyOfIssuer

    @classmethod
    def install(cls, key_of_issuer: KeyOfIssuer) -> None:
        cls.key_of_issuer = staticmethod(key_of_issuer)
        sts_backends.backend = cls

    @property
    def _url_module(self) -> Any:
        paths = dict.fromkeys(moto_urls.url_paths, StsResponse.dispatch)
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=paths)

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:  # noqa: ARG002 (moto's)
        principal = find_principal(access_key_id)
        if principal is None:
            raise STSClientError("InvalidClientTokenId", "The security token included in the request is invalid.")
        if principal.expires and datetime.now(UTC) > principal.expires:
            raise STSClientError("ExpiredToken", "The security token included in the request is expired")
        return principal.user_id, principal.arn, self.account_id

    def assume_role(self, **kwargs: Any) -> Any:
        self.check_role(kwargs["role_arn"], "sts:AssumeRole")
        return super().assume_role(**kwargs)

    def check_role(self, arn: str, action: str) -> None:
        """A role that does not exist and one that may not be assumed look the same, as on AWS."""
        if not any(role.arn == arn for role in iam().roles.values()):
            raise STSClientError("AccessDenied", f"Not authorized to perform {action} on resource: {arn}")


class StsResponse(TokenResponse):  # type: ignore[misc]
    def assume_role_with_web_identity(self) -> ActionResult:
        try:
            identity = verify(
                self._get_param("WebIdentityToken", ""),
                client_ids=_client_ids,
                public_key=SimSTS.key_of_issuer,
                now=datetime.now(UTC),
            )
        except WebIdentityRefused as refused:
            raise STSClientError(refused.code, str(refused)) from refused
        self.backend.check_role(self._get_param("RoleArn"), "sts:AssumeRoleWithWebIdentity")
        return ActionResult(_web_identity_result(self._assume(), identity))

    def _assume(self) -> Any:
        return self.backend.assume_role(
            region_name=self.region,
            role_session_name=self._get_param("RoleSessionName"),
            role_arn=self._get_param("RoleArn"),
            policy=self._get_param("Policy"),
            duration=self._get_int_param("DurationSeconds", 3600),
            external_id=None,
        )


def _client_ids(issuer: str) -> Sequence[str] | None:
    host = issuer.removeprefix("https://")
    for provider in iam().open_id_providers.values():
        if provider.url == host:
            return list(provider.client_id_list)
    return None


def _web_identity_result(role: Any, identity: WebIdentity) -> dict[str, Any]:
    return {
        "Credentials": role,
        "AssumedRoleUser": {"AssumedRoleId": role.user_id, "Arn": role.arn},
        "PackedPolicySize": 0,
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.issuer,
        "Audience": identity.audience,
    }
