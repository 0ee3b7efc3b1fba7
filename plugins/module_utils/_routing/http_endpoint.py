# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""The provider `http`: an endpoint of the game's matchmaker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Mapping, Protocol
from urllib.error import HTTPError
from urllib.parse import quote

from ansible.module_utils.urls import open_url
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing import wire
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    Capabilities,
    ClientMaker,
    Queue,
    Reading,
    moved,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._urls import public_part

READ_DELAYS = (0.2, 0.5, 1.0)
PRECONDITION_FAILED = 412
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """What an endpoint said; status 0 and a reason if it said nothing."""

    status: int
    text: str


class Send(Protocol):
    """One HTTP request. Never raises for what the network or the endpoint does."""

    def __call__(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True)
class UrlSender:
    """Requests by ansible.module_utils.urls, with the user's headers. A redirect is not followed: they are secret."""

    headers: Mapping[str, str]
    timeout_seconds: float
    ca_path: str | None = None

    def __call__(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        try:
            answer = open_url(
                url,
                method=method,
                data=body,
                headers={**self.headers, "Accept": "application/json", **headers},
                timeout=self.timeout_seconds,
                ca_path=self.ca_path,
                follow_redirects="none",
            )
            return Answer(int(answer.status), answer.read().decode(errors="replace"))
        except HTTPError as error:
            return Answer(int(error.code), error.read().decode(errors="replace"))
        except (OSError, ValueError) as error:  # URLError, timeouts and certificates are OSErrors
            return Answer(NO_ANSWER, str(error))


class HttpProvider:
    """Routing by an endpoint: GET and PUT of the destination, and of `/queues/<slot>` under it."""

    ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "type": "dict",
        "options": {
            "url": {"type": "str", "required": True},
            "headers": {"type": "dict", "default": {}, "no_log": True},
            "ca_path": {"type": "path"},
            "timeout_seconds": {"type": "float", "default": wire.DEFAULT_TIMEOUT_SECONDS},
        },
    }

    @classmethod
    def of(cls, given: Mapping[str, Any], clients: ClientMaker, clock: Clock) -> HttpProvider:
        del clients
        headers = {str(key): str(value) for key, value in given["headers"].items()}
        return cls(given["url"], UrlSender(headers, given["timeout_seconds"], given["ca_path"]), clock)

    def __init__(self, url: str, send: Send, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._send = send
        self._clock = clock
        self.where = public_part(self._url)

    def capabilities(self) -> Capabilities:
        return wire.capabilities_of(self.where, self._get(self._url))

    def read(self) -> Reading:
        return wire.reading_of(self.where, self._get(self._url))

    def set(self, weights: Mapping[str, int], if_revision: str | None, token: str) -> str:
        body = json.dumps({"weights": dict(weights), "token": token})
        headers = {} if if_revision is None else {"If-Match": f'"{if_revision}"'}
        answer = self._put(self._url, body, headers)
        if answer.status == PRECONDITION_FAILED and if_revision is not None:
            return self._after_refusal(weights, if_revision, token)
        if answer.status == NO_ANSWER:
            return self._after_silence(weights, token, answer)
        return wire.revision_of(self.where, wire.decode(f"PUT {self.where}", self._accepted("PUT", self._url, answer)))

    def queue(self, slot: str) -> Queue:
        url = self._queue_url(slot)
        return wire.read_queue(public_part(url), self._get(url))

    def open(self, slot: str) -> None:
        self._switch(slot, is_open=True)

    def close(self, slot: str) -> None:
        self._switch(slot, is_open=False)

    def _switch(self, slot: str, *, is_open: bool) -> None:
        url = self._queue_url(slot)
        self._accepted("PUT", url, self._put(url, json.dumps({"open": is_open}), {}))

    def _queue_url(self, slot: str) -> str:
        return f"{self._url}/queues/{quote(slot, safe='')}"

    def _after_refusal(self, weights: Mapping[str, int], if_revision: str, token: str) -> str:
        """Refused as stale: by our own write, whose answer was lost and which a proxy repeated, or by another's."""
        current = self.read()
        if _is_ours(current, weights, token):
            return current.revision
        raise moved(self.where, current, if_revision)

    def _after_silence(self, weights: Mapping[str, int], token: str, answer: Answer) -> str:
        current = self.read()
        if _is_ours(current, weights, token):
            return current.revision
        raise self._failure("PUT", self._url, answer)

    def _get(self, url: str) -> dict[str, Any]:
        answer = self._send("GET", url, None, {})
        for delay in READ_DELAYS:
            if answer.status not in (NO_ANSWER, 429) and answer.status < 500:
                break
            self._clock.sleep(delay)
            answer = self._send("GET", url, None, {})
        return wire.decode(f"GET {public_part(url)}", self._accepted("GET", url, answer))

    def _put(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        return self._send("PUT", url, body, {"Content-Type": "application/json", **headers})

    def _accepted(self, method: str, url: str, answer: Answer) -> str:
        if not 200 <= answer.status < 300:
            raise self._failure(method, url, answer)
        return answer.text

    def _failure(self, method: str, url: str, answer: Answer) -> BlueGreenError:
        status = f"HTTP {answer.status}" if answer.status else "no answer"
        hint = {
            401: "check headers in eks_bluegreen_routing_http",
            403: "check headers in eks_bluegreen_routing_http",
            404: "check url in eks_bluegreen_routing_http",
            NO_ANSWER: "check url in eks_bluegreen_routing_http, and that it can be reached from here",
        }.get(answer.status, "look at the endpoint's own log")
        return BlueGreenError(f"{method} {public_part(url)}: {status}: {answer.text[: wire.SHOWN_CHARACTERS]}; {hint}")


def _is_ours(current: Reading, weights: Mapping[str, int], token: str) -> bool:
    return bool(token) and current.token == token and dict(current.weights) == dict(weights)
