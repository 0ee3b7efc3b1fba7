"""Starts and ends what stands for two clusters: an etcd, a real API server per slot with Agones' kinds, and moto.

No controller runs, so a GameServer is what the scenario writes; `game.py` plays the servers' part.
Usage: clusters.py up | play | down FOLDER
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.world.config import REPOSITORY, LabConfig

SLOTS = {"blue": "127.95.46.2", "green": "127.95.46.3"}
ETCD = "127.95.46.1"
MOTO = "127.95.46.1"
API_PORT, ETCD_PORT, MOTO_PORT = 6443, 2379, 4566
TOKEN = "token-of-the-scenario"
GRACE_SECONDS = 3.0
CRDS = ("gameservers", "fleets", "fleetautoscalers")


def up(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = LabConfig.from_environment()
    url = f"http://{ETCD}:{ETCD_PORT}"
    peer = f"http://{ETCD}:{ETCD_PORT + 1}"
    start(
        folder,
        "etcd",
        str(config.binary("etcd")),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    )
    start(folder, "moto", sys.executable, "-m", "moto.server", "-H", MOTO, "-p", str(MOTO_PORT))
    wait_for_port(ETCD, ETCD_PORT)
    write_keys(folder)
    for slot, address in SLOTS.items():
        start_api_server(folder, config, slot, address, url)
        (folder / f"{slot}.kubeconfig").write_text(yaml.safe_dump(kubeconfig(address)))
    kinds = definitions(config)
    for address in SLOTS.values():
        wait_for_api(address)
        call(address, "POST", "/api/v1/namespaces", {"metadata": {"name": "arena"}})
        for kind in kinds:
            call(address, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kind)
    wait_for_port(MOTO, MOTO_PORT)


def start_api_server(folder: Path, config: LabConfig, slot: str, address: str, etcd: str) -> None:
    start(
        folder,
        f"api-{slot}",
        str(config.binary("kube-apiserver")),
        f"--etcd-servers={etcd}",
        f"--etcd-prefix=/{slot}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={API_PORT}",
        f"--cert-dir={folder / slot}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={folder / 'key.pem'}",
        f"--service-account-signing-key-file={folder / 'key.pem'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=AlwaysAllow",
        # Pods of the scenario need no accounts.
        "--disable-admission-plugins=ServiceAccount",
    )


def play(folder: Path) -> None:
    start(folder, "game", sys.executable, str(Path(__file__).with_name("game.py")), "play")


def down(folder: Path) -> None:
    """End what was started. API servers wait for their etcd when they are asked, so they are not asked for long."""
    pids = {int(record.read_text()) for record in folder.glob("*.pid")}
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_SECONDS
        for pid in [pid for pid in pids if is_ours(pid, folder)]:
            os.kill(pid, number)
        while any(is_ours(pid, folder) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.1)
    for record in folder.glob("*.pid"):
        record.unlink()


def is_ours(pid: int, folder: Path) -> bool:
    """A process id may belong to another program by now; ours were started in the folder."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
    except OSError:
        return False


def start(folder: Path, name: str, *command: str) -> None:
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (folder / f"{name}.pid").write_text(str(child.pid))


def write_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encryption = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, encryption)
    (folder / "key.pem").write_bytes(pem)
    (folder / "tokens.csv").write_text(f"{TOKEN},scenario,scenario\n")


def kubeconfig(address: str) -> dict[str, Any]:
    cluster = {"server": f"https://{address}:{API_PORT}", "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def definitions(config: LabConfig) -> list[dict[str, Any]]:
    """The CRDs of the lab's chart of Agones."""
    chart = REPOSITORY / "lab" / "charts" / "agones"
    text = subprocess.check_output([str(config.binary("helm")), "template", "agones", str(chart)], text=True)
    documents = [document for document in yaml.safe_load_all(text) if document]
    return [
        document
        for document in documents
        if document["kind"] == "CustomResourceDefinition" and document["spec"]["names"]["plural"] in CRDS
    ]


def call(address: str, method: str, path: str, body: dict[str, Any] | None = None, kind: str = "json") -> Any:
    """One request to a slot's API server; raises urllib.error.HTTPError."""
    request = urllib.request.Request(
        f"https://{address}:{API_PORT}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": f"application/{kind}"},
    )
    with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=10) as answer:
        return json.load(answer)


def wait_for_port(address: str, port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def wait_for_api(address: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            call(address, "GET", "/api/v1/namespaces/default")
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    {"up": up, "play": play, "down": down}[sys.argv[1]](Path(sys.argv[2]))
