"""A pod's files: its kubeconfig, its tokens, its volumes, and a note from which a later agent knows its process."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from lightkube import ApiError, AsyncClient
from lightkube.resources.core_v1 import ConfigMap, Secret, ServiceAccount, ServiceAccountToken

from lab.node_agent.programs import Unrunnable, kubeconfig
from lab.world.config import write_json
from lab.world.kube import build

TOKEN_SECONDS = 24 * 3600
AWS_AUDIENCE = "sts.amazonaws.com"
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


@dataclass(frozen=True)
class Note:
    """Which process runs a pod: the name of its record, its id and its creation time."""

    process: str
    pid: int
    started: float


class Sandbox:
    """The folder of one pod."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.volumes = folder / "volumes"
        self.token = folder / "token"
        self.aws_token = folder / "aws-token"

    def read_note(self) -> Note | None:
        try:
            return Note(**json.loads((self._folder / "process.json").read_text()))
        except FileNotFoundError:
            return None

    def write_note(self, note: Note) -> None:
        write_json(self._folder / "process.json", asdict(note))

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    async def prepare(self, client: AsyncClient, pod: dict[str, Any], admin: Path) -> str | None:
        """Write everything the program needs; returns the IAM role of its service account, if any.

        Raises Unrunnable for a Secret, ConfigMap or service account that does not exist.
        """
        self.volumes.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes", []):
            await self._write_volume(client, namespace, volume)
        role_arn = await self.write_tokens(client, pod)
        config = kubeconfig(yaml.safe_load(admin.read_text()), self.token, namespace)
        self.kubeconfig.write_text(yaml.safe_dump(config))
        return role_arn

    async def write_tokens(self, client: AsyncClient, pod: dict[str, Any]) -> str | None:
        """Fetch the pod's tokens again: one for the cluster, one for AWS if its service account has a role."""
        metadata = pod["metadata"]
        name = pod["spec"].get("serviceAccountName", "default")
        account = await _read(client, ServiceAccount, name, metadata["namespace"])
        if account is None:
            raise Unrunnable("CreateContainerConfigError", f"service account {name} does not exist")
        self.token.write_text(await _request_token(client, pod, name, []))
        role_arn = ((account["metadata"].get("annotations")) or {}).get(ROLE_ANNOTATION)
        if role_arn:
            self.aws_token.write_text(await _request_token(client, pod, name, [AWS_AUDIENCE]))
        return role_arn

    async def _write_volume(self, client: AsyncClient, namespace: str, volume: dict[str, Any]) -> None:
        folder = self.volumes / volume["name"]
        if "emptyDir" in volume:
            folder.mkdir(exist_ok=True)
        elif "secret" in volume:
            source = volume["secret"]
            secret = await _read(client, Secret, source["secretName"], namespace)
            _write_files(folder, source, f"secret {source['secretName']}", secret, decode=True)
        elif "configMap" in volume:
            source = volume["configMap"]
            config_map = await _read(client, ConfigMap, source["name"], namespace)
            _write_files(folder, source, f"config map {source['name']}", config_map, decode=False)


def _write_files(
    folder: Path, source: dict[str, Any], what: str, found: dict[str, Any] | None, *, decode: bool
) -> None:
    folder.mkdir(exist_ok=True)
    if found is None:
        if source.get("optional"):
            return
        raise Unrunnable("ContainerCreating", f"{what} does not exist (yet)")
    data: dict[str, str] = found.get("data") or {}
    names = {item["key"]: item["path"] for item in source.get("items", [])} or {key: key for key in data}
    for key, name in names.items():
        if key not in data:
            raise Unrunnable("ContainerCreating", f"{what} has no key {key}")
        content = base64.b64decode(data[key]) if decode else data[key].encode()
        (folder / name).write_bytes(content)


async def _read(client: AsyncClient, resource: type[Any], name: str, namespace: str) -> dict[str, Any] | None:
    try:
        found = await client.get(resource, name, namespace=namespace)
    except ApiError as error:
        if error.status.code == 404:
            return None
        raise
    result: dict[str, Any] = found.to_dict()
    return result


async def _request_token(client: AsyncClient, pod: dict[str, Any], account: str, audiences: list[str]) -> str:
    metadata = pod["metadata"]
    request = {
        "metadata": {},
        "spec": {
            "audiences": audiences,
            "expirationSeconds": TOKEN_SECONDS,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]},
        },
    }
    answer: Any = await client.create(build(ServiceAccountToken, request), account, namespace=metadata["namespace"])
    return str(answer.status.token)
