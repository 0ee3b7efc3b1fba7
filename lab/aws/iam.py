"""What moto's IAM lacks: the client ids of an OIDC provider, one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam import urls as moto_urls
from moto.iam.models import IAMBackend, iam_backends
from moto.iam.responses import IamResponse


class SimIAM(IAMBackend):  # type: ignore[misc]
    """`install` puts it in the place of moto's, before the first backend is made."""

    @classmethod
    def install(cls) -> None:
        iam_backends.backend = cls

    @property
    def _url_module(self) -> Any:
        paths = dict.fromkeys(moto_urls.url_paths, SimIamResponse.dispatch)
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=paths)


class SimIamResponse(IamResponse):  # type: ignore[misc]
    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        """Adds nothing where the id is there already, as AWS does."""
        client_ids = self._client_ids()
        if self._get_param("ClientID") not in client_ids:
            client_ids.append(self._get_param("ClientID"))
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        client_ids = self._client_ids()
        if self._get_param("ClientID") in client_ids:
            client_ids.remove(self._get_param("ClientID"))
        return EmptyResult()

    def _client_ids(self) -> list[str]:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        found: list[str] = provider.client_id_list
        return found
