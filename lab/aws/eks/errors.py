"""EKS's own errors, by the names that its API model gives them; moto turns them into responses."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class EksError(ServiceException):  # type: ignore[misc]
    """An error of the EKS API. The class's `code` decides the HTTP status."""


class InvalidParameterError(EksError):
    code = "InvalidParameterException"


class InvalidRequestError(EksError):
    code = "InvalidRequestException"


class ResourceInUseError(EksError):
    code = "ResourceInUseException"


class ResourceNotFoundError(EksError):
    code = "ResourceNotFoundException"
