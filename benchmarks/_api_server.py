"""A real API server with its etcd and Agones' GameServers, and nothing that acts on them."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.aws.eks.api_server import ApiServer
from lab.world import processes
from lab.world.config import REPOSITORY, LabConfig, LabError

Json = dict[str, Any]

ETCD_PORT, ETCD_PEER_PORT, API_PORT = 2379, 2380, 6443
READY_SECONDS = 60.0
CONNECTIONS = 64
KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CRD_TEMPLATE = "templates/crds/gameserver.yaml"
REQUESTS = re.compile(r"^apiserver_request_total\{([^}]*)\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cluster:
    """The running API server."""

    config: LabConfig
    kubeconfig: Path
    url: str
    tls: ssl.SSLContext

    def session(self, connections: int = CONNECTIONS) -> aiohttp.ClientSession:
        """A client with the administrator's certificate and at most this many connections, which it keeps open."""
        return aiohttp.ClientSession(
            self.url, connector=aiohttp.TCPConnector(limit=connections, ssl=self.tls), raise_for_status=True
        )

    def game_server_requests(self) -> Counter[str]:
        """How many requests for game servers have been answered so far, by verb; a watch counts when it ends."""
        text = ApiServer(self.kubeconfig).call("GET", "/metrics").text
        return count_requests(text, "gameservers")


def count_requests(metrics: str, resource: str) -> Counter[str]:
    """Requests for a resource by verb, in the API server's metrics."""
    found: Counter[str] = Counter()
    for labels, value in REQUESTS.findall(metrics):
        if f'resource="{resource}"' in labels:
            found[re.findall(r'verb="(\w+)"', labels)[0]] += int(float(value))
    return found


@contextmanager
def running_cluster(number: int, folder: Path) -> Iterator[Cluster]:
    """Boots an API server on 127.<number>.1.1, with what it needs; all of it ends with the body."""
    config = LabConfig.from_environment({**os.environ, "LAB_NUMBER": str(number), "LAB_STATE": str(folder)})
    _check_binaries(config)
    address = config.control_address(1)
    cluster = _write_access(config, folder, address)
    try:
        etcd = processes.start(config, "etcd", _etcd_command(config, folder, address))
        processes.wait_until_listening(etcd, address, ETCD_PORT)
        server = processes.start(config, "kube-apiserver", _server_command(config, folder, address))
        processes.wait_until_listening(server, address, API_PORT)
        _install(cluster)
        yield cluster
    finally:
        processes.stop(config, "kube-apiserver")
        processes.stop(config, "etcd")


def _check_binaries(config: LabConfig) -> None:
    for name in ("etcd", "kube-apiserver", "kubectl", "helm"):
        if not config.binary(name).exists():
            raise LabError(f"{config.binary(name)} is missing; run: python -m lab binaries")


def _etcd_command(config: LabConfig, folder: Path, address: str) -> list[str]:
    client, peer = f"http://{address}:{ETCD_PORT}", f"http://{address}:{ETCD_PEER_PORT}"
    options = {
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        # As in the lab's clusters. The history of many passes over 10,000 objects needs more than the default of 2 GiB.
        "unsafe-no-fsync": "true",
        "quota-backend-bytes": str(8 * 1024**3),
    }
    return [str(config.binary("etcd")), *_flags(options)]


def _server_command(config: LabConfig, folder: Path, address: str) -> list[str]:
    pki = folder / "pki"
    options = {
        "etcd-servers": f"http://{address}:{ETCD_PORT}",
        "bind-address": address,
        "advertise-address": address,
        "secure-port": str(API_PORT),
        "client-ca-file": str(pki / "ca.crt"),
        "tls-cert-file": str(pki / "server.crt"),
        "tls-private-key-file": str(pki / "server.key"),
        "service-account-issuer": "https://benchmark.invalid",
        "service-account-key-file": str(pki / "server.crt"),
        "service-account-signing-key-file": str(pki / "server.key"),
        "service-cluster-ip-range": "172.20.0.0/16",
        "authorization-mode": "RBAC",
        "endpoint-reconciler-type": "none",
        # As in the lab's clusters: nothing slows down a single client.
        "enable-priority-and-fairness": "false",
        "max-requests-inflight": "0",
        "max-mutating-requests-inflight": "0",
        "emulated-version": "1.35",
    }
    return [str(config.binary("kube-apiserver")), *_flags(options)]


def _flags(options: dict[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items()]


def _install(cluster: Cluster) -> None:
    """Wait for the API server, and teach it what a GameServer is."""
    api = ApiServer(cluster.kubeconfig)
    api.wait_ready(timeout=READY_SECONDS)
    helm = str(cluster.config.binary("helm"))
    chart = str(REPOSITORY / "lab" / "charts" / "agones")
    command = [helm, "template", "agones", chart, "--show-only", CRD_TEMPLATE]
    crd = yaml.safe_load(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    api.create(KINDS, crd)
    deadline = time.monotonic() + READY_SECONDS
    while not api.call("GET", "/apis/agones.dev/v1/namespaces/default/gameservers", accept=(404, 429, 503)).ok:
        if time.monotonic() > deadline:
            raise LabError(f"the API server {cluster.url} serves no GameServers after {READY_SECONDS:.0f} s")
        time.sleep(0.1)


def create_game_servers(cluster: Cluster, namespace: str, states: dict[str, str]) -> None:
    """Game servers in a new namespace, by name and state."""
    ApiServer(cluster.kubeconfig).create("/api/v1/namespaces", {"metadata": {"name": namespace}})

    async def create_all() -> None:
        async with cluster.session() as session:
            path = path_of(namespace)
            await in_turns(states.items(), lambda one: session.post(path, json=game_server(*one)))

    asyncio.run(create_all())


async def in_turns(work: Any, request: Any, connections: int = CONNECTIONS) -> None:
    """Send a request for each piece of work, `connections` at a time, and read every answer to its end."""
    todo = iter(work)

    async def worker() -> None:
        for one in todo:
            async with request(one) as answer:
                await answer.read()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(worker())


def path_of(namespace: str, name: str = "") -> str:
    """Where game servers are."""
    path = f"/apis/agones.dev/v1/namespaces/{namespace}/gameservers"
    return f"{path}/{name}" if name else path


GAME_SERVER = """
apiVersion: agones.dev/v1
kind: GameServer
metadata:
  labels: {agones.dev/fleet: arena, agones.dev/gameserverset: arena-2vhzr, app: arena}
  annotations: {agones.dev/sdk-version: 1.60.0}
  finalizers: [agones.dev/controller]
  ownerReferences:
    - apiVersion: agones.dev/v1
      kind: GameServerSet
      name: arena-2vhzr
      uid: c01b679d-ffa8-44bd-a451-08d840cc860c
      controller: true
      blockOwnerDeletion: true
spec:
  container: game
  eviction: {safe: Never}
  health: {failureThreshold: 3, initialDelaySeconds: 5, periodSeconds: 5}
  ports:
    - name: game
      container: game
      containerPort: 7777
      hostPort: 7078
      portPolicy: Dynamic
      protocol: UDP
      range: default
  scheduling: Packed
  sdkServer: {grpcPort: 9357, httpPort: 9358, logLevel: Info}
  template:
    spec:
      containers:
        - {name: game, image: "example.com/game:1", resources: {requests: {cpu: 100m, memory: 64Mi}}}
status:
  address: 127.1.0.40
  addresses:
    - {type: InternalIP, address: 10.1.0.40}
    - {type: ExternalIP, address: 127.1.0.40}
    - {type: Hostname, address: game-40}
    - {type: PodIP, address: 10.0.0.25}
  eviction: {safe: Never}
  nodeName: game-40
  ports: [{name: game, port: 7078}]
"""


def game_server(name: str, state: str) -> Json:
    """A game server as Agones 1.60 makes it, with a session if its state is Allocated."""
    template = _template()
    allocated = {"agones.dev/last-allocated": "2026-11-23T12:00:00.123456789Z"} if state == "Allocated" else {}
    metadata = template["metadata"]
    return {
        **template,
        "metadata": {**metadata, "name": name, "annotations": {**metadata["annotations"], **allocated}},
        "status": {**template["status"], "state": state},
    }


@cache
def _template() -> Json:
    parsed: Json = yaml.safe_load(GAME_SERVER)
    return parsed


def _write_access(config: LabConfig, folder: Path, address: str) -> Cluster:
    """Certificates of the server and of an administrator, and the latter's kubeconfig."""
    pki = folder / "pki"
    pki.mkdir(parents=True)
    authority = _Authority()
    files = {"ca.crt": authority.pem, **authority.issue("server", address), **authority.issue("admin", None)}
    for name, content in files.items():
        path = pki / name
        path.touch(mode=0o600)
        path.write_bytes(content)
    url = f"https://{address}:{API_PORT}"
    kubeconfig = folder / "kubeconfig"
    user = {"client-certificate": str(pki / "admin.crt"), "client-key": str(pki / "admin.key")}
    access = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "benchmark",
        "clusters": [{"name": "benchmark", "cluster": {"server": url, "certificate-authority": str(pki / "ca.crt")}}],
        "users": [{"name": "benchmark", "user": user}],
        "contexts": [{"name": "benchmark", "context": {"cluster": "benchmark", "user": "benchmark"}}],
    }
    kubeconfig.write_text(yaml.safe_dump(access))
    tls = ssl.create_default_context(cafile=pki / "ca.crt")
    tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return Cluster(config, kubeconfig, url, tls)


class _Authority:
    """A certificate authority with all the extensions that Python's strict verification asks for."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("benchmark-ca")
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True
            )
            .sign(self._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, address: str | None) -> dict[str, bytes]:
        """The files of a server at an address, or of an administrator."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name) if address else _name(name, "system:masters")
        builder = _builder(subject, self._name, key).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {f"{name}.crt": certificate.public_bytes(serialization.Encoding.PEM), f"{name}.key": private}


def _name(common: str, organization: str = "") -> x509.Name:
    parts: Sequence[tuple[x509.ObjectIdentifier, str]] = (
        (NameOID.COMMON_NAME, common),
        (NameOID.ORGANIZATION_NAME, organization),
    )
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts if value])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
