"""The HTTP server: moto's dispatcher for AWS, and the lab's own paths under /lab."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

# The account of every request, whatever its key; read by moto at each request.
os.environ.setdefault("MOTO_ACCOUNT_ID", "123456789012")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from lab.aws.account import MotoAccount
from lab.aws.calls import checks_of
from lab.aws.eks.access import kubernetes_groups
from lab.aws.eks.models import SimEKS
from lab.aws.eks.publish import Publisher
from lab.aws.eks.runtime import ClusterLauncher, Lifecycle, Runtime, utc_now
from lab.aws.eks.state import State
from lab.aws.elbv2 import HealthReport, SimELBv2
from lab.aws.gate import Refusal, check_key, deny, signed_by
from lab.aws.iam import SimIAM
from lab.aws.identity import create_users, find_principal, policies_of
from lab.aws.ledger import Ledger
from lab.aws.permissions import is_allowed
from lab.aws.quotas import SimServiceQuotas
from lab.aws.sts import SimSTS
from lab.aws.token_review import Verifier, review
from lab.world.config import ACCOUNT_ID, AWS_PORT, LabConfig, LabError

LOG = logging.getLogger(__name__)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class LabEndpoint:
    """One AWS account in memory. moto's state belongs to the process, so a process has one of these.

    `operator_policies`: what the user `operator` may do, as policy documents by name; without any, everything.
    """

    def __init__(
        self,
        config: LabConfig,
        launcher: ClusterLauncher,
        lifecycle: Lifecycle,
        operator_policies: Mapping[str, str] | None = None,
    ) -> None:
        self._config = config
        self._ledger = Ledger()
        self._lock = threading.RLock()
        self._health = HealthReport()

        def runtime_of(state: State) -> Runtime:
            return Runtime(launcher, MotoAccount(state.region), lifecycle, Publisher(config, state.region))

        SimEKS.install(runtime_of, config.node_address, self._lock)
        SimELBv2.install(self._health)
        SimServiceQuotas.install()
        SimIAM.install()
        SimSTS.install(self._key_of_issuer)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._verifier = Verifier(_sts_hosts(config), find_principal, utc_now)
        create_users(operator_policies)

    @property
    def _eks(self) -> State:
        from moto.eks.models import eks_backends

        state: State = eks_backends[ACCOUNT_ID][self._config.region].state
        return state

    def _key_of_issuer(self, issuer: str) -> str | None:
        with self._lock:
            cluster = self._eks.find_issuer(issuer)
            return cluster.booted.service_account_key if cluster and cluster.booted else None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/lab/"):
            return self._aws(environ, start_response)
        status, answer = self._own(environ["REQUEST_METHOD"], path, _read_body(environ))
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _aws(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """One request at a time: moto's backends have no locks, and S3's conditional writes need one."""
        with self._lock:
            refusal = self._refusal(environ)
            if refusal:
                start_response(refusal.status, refusal.headers)
                return [refusal.body]
            return self._moto(environ, start_response)  # type: ignore[no-any-return]

    def _refusal(self, environ: dict[str, Any]) -> Refusal | None:
        """Why a request may not pass: its key has no owner, or its owner lacks a permission."""
        signed = signed_by(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None:
            return None
        principal = check_key(signed, find_principal, utc_now())
        if isinstance(principal, Refusal):
            return principal
        documents = list(policies_of(principal))
        for check in checks_of(environ, signed.service, signed.region):
            allowed = is_allowed(documents, check)
            self._ledger.add(principal.canonical_arn, check, allowed)
            if not allowed:
                LOG.warning("denied %s %s on %s", principal.arn, check.action, check.resource)
                return deny(signed, principal, check)
        return None

    def _own(self, method: str, path: str, body: bytes) -> tuple[HTTPStatus, Any]:
        """The lab's own paths."""
        match method, path.removeprefix("/lab/").split("/"):
            case "GET", ["health"]:
                return HTTPStatus.OK, {"status": "ok", "lab": self._config.number}
            case "GET", ["calls"]:
                return HTTPStatus.OK, self._ledger.table()
            case "GET", ["target-health"]:
                return HTTPStatus.OK, self._health.table()
            case "PUT", ["target-health"]:
                return self._put_target_health(body)
            case "POST", ["token-review", cluster]:
                return self._review(cluster, body)
        return HTTPStatus.NOT_FOUND, {"error": f"the lab has no {method} {path}"}

    def _put_target_health(self, body: bytes) -> tuple[HTTPStatus, Any]:
        try:
            self._health.replace(json.loads(body))
        except ValueError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        return HTTPStatus.OK, {}

    def _review(self, cluster: str, body: bytes) -> tuple[HTTPStatus, Any]:
        try:
            token = json.loads(body)["spec"]["token"]
        except (ValueError, KeyError, TypeError):
            return HTTPStatus.BAD_REQUEST, {"error": "the body is not a TokenReview"}

        def groups_of(principal_arn: str) -> tuple[str, list[str]] | None:
            found = self._eks.clusters.get(cluster)
            return kubernetes_groups(found, principal_arn) if found else None

        with self._lock:
            status = review(token, cluster, self._verifier, groups_of)
        if not status["authenticated"]:
            LOG.info("token for cluster %s refused: %s", cluster, status["error"])
        return HTTPStatus.OK, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


def _sts_hosts(config: LabConfig) -> frozenset[tuple[str, str]]:
    """AWS's own STS names, and this endpoint, to which AWS_ENDPOINT_URL turns the signers of tokens."""
    return frozenset(
        {
            ("https", "sts.amazonaws.com"),
            ("https", f"sts.{config.region}.amazonaws.com"),
            ("http", f"{config.aws_address}:{AWS_PORT}"),
        }
    )


def _read_body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def bind(config: LabConfig, endpoint: LabEndpoint) -> BaseWSGIServer:
    """A server that listens from now on; `serve_forever` makes it answer."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.aws_address, AWS_PORT))
    except OSError as error:
        raise LabError(
            f"{config.aws_address}:{AWS_PORT} is in use ({error.strerror}): another endpoint of lab {config.number}"
            " runs; end it (python -m lab down), or set LAB_NUMBER to another number"
        ) from None
    listener.listen(128)
    return make_server(
        config.aws_address, AWS_PORT, endpoint, threaded=True, request_handler=_Handler, fd=listener.detach()
    )


class _Handler(MotoRequestHandler):  # type: ignore[misc]
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Only what failed: the data plane alone asks several times a second."""
        if str(code)[:1] == "5":
            super().log_request(code, size)


def serve_in_thread(server: BaseWSGIServer) -> threading.Thread:
    thread = threading.Thread(target=server.serve_forever, name="aws", daemon=True)
    thread.start()
    return thread
