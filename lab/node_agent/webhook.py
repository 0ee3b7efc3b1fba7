"""The admission webhook that hands new pods to Fargate: its certificate, its server, its registration."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import logging
import ssl
from pathlib import Path
from typing import Any

import httpx2
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lightkube import ApiError, AsyncClient
from lightkube.resources.admissionregistration_v1 import MutatingWebhookConfiguration
from lightkube.types import PatchType

from lab.node_agent.cluster import ClusterFile, Profile
from lab.node_agent.profiles import WEBHOOK_CONFIGURATION, review, webhook_configuration
from lab.world.config import write_json
from lab.world.kube import build

LOG = logging.getLogger(__name__)
PORT = 9443
LOOK_SECONDS = 0.3


def write_certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """Make a self-signed certificate for an address; returns the files of the certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab-fargate")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "webhook.crt", folder / "webhook.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].touch(mode=0o600)
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


class Webhook:
    """Serves the webhook on the cluster's control address and keeps its registration in step with the profiles."""

    def __init__(self, client: AsyncClient, cluster: ClusterFile, folder: Path, address: str) -> None:
        self._client = client
        self._cluster = cluster
        self._folder = folder
        self._address = address
        certificate, key = write_certificate(folder, address)
        self._ca = base64.b64encode(certificate.read_bytes()).decode()
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/mutate", self._mutate)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._address, PORT, ssl_context=self._tls).start()

    async def stop(self) -> None:
        """End the server. The registration stays: without an agent, no pod may start where kwok would play it."""
        if self._runner:
            await self._runner.cleanup()

    async def keep(self) -> None:
        """Register, and again whenever the profiles change, until cancelled."""
        registered: list[Profile] | None = None
        while True:
            profiles = self._cluster.read().profiles
            if profiles != registered:
                try:
                    await self._register(profiles)
                    registered = profiles
                except httpx2.HTTPError as error:
                    LOG.warning("webhook registration: %s; trying again", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _mutate(self, request: web.Request) -> web.Response:
        return web.json_response(review(await request.json(), self._cluster.read().profiles))

    async def _register(self, profiles: list[Profile]) -> None:
        """Register; then name the profiles in a file, for those who wait for that before they create pods."""
        wanted = webhook_configuration(profiles, f"https://{self._address}:{PORT}/mutate", self._ca)
        if wanted is None:
            await self._remove()
        else:
            await self._write(wanted)
        write_json(self._folder / "registered.json", sorted(profile.name for profile in profiles))
        LOG.info("webhook registered for %s", ", ".join(profile.name for profile in profiles) or "no profile")

    async def _write(self, wanted: dict[str, Any]) -> None:
        try:
            await self._client.create(build(MutatingWebhookConfiguration, wanted))
        except ApiError as error:
            if error.status.code != 409:
                raise
            await self._client.patch(
                MutatingWebhookConfiguration,
                WEBHOOK_CONFIGURATION,
                {"webhooks": wanted["webhooks"]},
                patch_type=PatchType.MERGE,
            )

    async def _remove(self) -> None:
        try:
            await self._client.delete(MutatingWebhookConfiguration, WEBHOOK_CONFIGURATION)
        except ApiError as error:
            if error.status.code != 404:
                raise
