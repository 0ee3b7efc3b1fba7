"""From HTTP to an EKS operation and back; botocore's model of the API reads and writes the shapes."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

from lab.aws.eks.errors import ResourceNotFoundError
from lab.aws.eks.runtime import Call
from lab.aws.identity import find_principal


class EksResponse(BaseResponse):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        try:
            result: Any = self._perform()
        except ServiceException as error:
            result = error
        return self.serialized(ActionResult(result))

    def _perform(self) -> Any:
        from moto.eks.models import eks_backends

        action = self._get_action()
        if not action:
            raise ResourceNotFoundError(f"No operation of EKS has the method {self.method} and path {self.path}")
        backend = eks_backends[self.current_account][self.region]
        caller = find_principal(self.access_key)
        call = Call(dict(self.params), caller.canonical_arn if caller else "")
        return backend.perform(camelcase_to_underscores(action), call)
