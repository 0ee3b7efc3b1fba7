"""The parameter store, as the game's programs use it."""

from __future__ import annotations

from typing import Protocol

import boto3

from lab.game.allocation import AWS_CONFIG


class Parameters(Protocol):
    """The parameter store; the calls block. They raise what boto3 raises."""

    def read(self, name: str) -> str: ...

    def write(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None: ...


class SsmParameters:
    """Parameters of SSM."""

    def __init__(self, region: str) -> None:
        self._ssm = boto3.client("ssm", region_name=region, config=AWS_CONFIG)

    def read(self, name: str) -> str:
        return str(self._ssm.get_parameter(Name=name)["Parameter"]["Value"])

    def write(self, name: str, value: str) -> None:
        self._ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def delete(self, name: str) -> None:
        self._ssm.delete_parameter(Name=name)
