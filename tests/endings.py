"""Finds the writes that can end a session, by what they send, and holds each against what protects sessions.

A write is known by its method, path and body, no matter who sends it: a game server that is taken out of use, anything
deleted or evicted in which one lives, or a Fleet that gets smaller. Right before it, its own thread must have asked
may_end about that very object, in the version that the write names, and must have got no reason against it.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import may_end
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import merged

Json = dict[str, Any]
# The object at a path, as it is before the write; None where there is none.
Read = Callable[[str], Json | None]

# Protects every session from some acts; returns what is asked.
Protect = Callable[..., list[may_end.Case]]

# Agones leaves a game server in these states alone, also when its Fleet gets smaller.
KEPT = ("Allocated", "Reserved")
# What game servers live in, and go with.
HOMES = ("pods", "gameservers", "gameserversets", "fleets", "namespaces", "nodes")
OBJECT = re.compile(
    r"/apis?/(?:(?P<group>[a-z.]+)/)?v\w+(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[a-z]+))?)?"
)
DELETED, EVICTED, UNUSED, SMALLER = "deleted", "evicted", "taken out of use", "made smaller"
LIMITS = ("minReplicas", "maxReplicas", "minCapacity", "maxCapacity")


@dataclass(frozen=True)
class Ending:
    """What a write does that can end a session, and to what. `version` is the only one that it may be written to."""

    what: str
    plural: str
    namespace: str
    name: str
    version: str = ""
    limit: str = ""
    gets: int = 0

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.plural} {where} {self.what}"


def endings_of(method: str, path: str, body: Any, read: Read) -> list[Ending]:
    """How a request can end a session; empty for one that cannot."""
    found = OBJECT.fullmatch(path.partition("?")[0])
    if method in ("GET", "HEAD") or found is None:
        return []
    plural, which = found["plural"], (found["plural"], found["namespace"] or "", found["name"] or "")
    if method == "DELETE":
        return [Ending(DELETED, *which)] if plural in HOMES else []
    if found["sub"] == "eviction":
        return [Ending(EVICTED, *which)]
    if plural == "gameservers" and found["name"]:
        return _unused(which, _after(body, {}))
    if plural in ("fleets", "gameserversets", "fleetautoscalers") and found["name"]:
        before = read(path.removesuffix("/scale")) or {}
        return list(_smaller(which, before, _after(body, before)))
    return []


def _unused(which: tuple[str, str, str], after: Mapping[str, Any]) -> list[Ending]:
    state = (after.get("status") or {}).get("state")
    version = str((after.get("metadata") or {}).get("resourceVersion") or "")
    return [Ending(UNUSED, *which, version)] if state and state not in KEPT else []


def _smaller(which: tuple[str, str, str], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Ending]:
    sizes, wanted = dict(_sizes(before.get("spec") or {})), dict(_sizes(after.get("spec") or {}))
    for limit, size in sizes.items():
        gets = wanted.get(limit) or 0
        if gets < (size or 0):
            yield Ending(SMALLER, *which, limit=limit, gets=gets)


def _sizes(spec: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The sizes of a Fleet, or the limits of its autoscaler."""
    if "replicas" in spec:
        yield "the size", spec["replicas"]
    for section in (spec.get("policy") or {}).values():
        yield from ((name, section[name]) for name in LIMITS if isinstance(section, dict) and name in section)


def _after(body: Any, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object as a merge patch, a JSON patch or an update leaves it, as far as it matters here."""
    if not isinstance(body, list):
        return merged(before, body or {})
    after: Json = merged(before, {})
    for step in body:
        *parents, last = step["path"].strip("/").split("/")
        patch: Json = {last: None if step["op"] == "remove" else step.get("value")}
        for parent in reversed(parents):
            patch = {parent: patch}
        after = merged(after, patch)
    return after


@dataclass(frozen=True)
class Asked:
    """One question to may_end, and the reason that it gave."""

    case: may_end.Case | may_end.Resize
    reason: str | None

    def allows(self, ending: Ending) -> bool:
        case = self.case
        if self.reason or (case.namespace, case.name) != (ending.namespace, ending.name):
            return False
        if isinstance(case, may_end.Resize):
            # It was asked whether it may get smaller, and not larger.
            is_about = (case.what, case.gets or 0) == (ending.limit, ending.gets) and ending.gets < (case.has or 0)
            return ending.what == SMALLER and is_about
        if ending.what == UNUSED:
            return case.act == may_end.SHUT_DOWN and case.server is not None and case.server.version == ending.version
        return case.act == may_end.DELETE_POD and (ending.what, ending.plural) == (DELETED, "pods")


class NotAsked(AssertionError):
    """A write that can end a session was about to be sent, and what protects sessions had not allowed it."""


@dataclass
class Guard:
    """`sent` are the endings that were allowed; `broken` says what was not."""

    sent: list[Ending] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _own: threading.local = field(default_factory=threading.local)

    def note(self, case: may_end.Case | may_end.Resize, reason: str | None) -> None:
        """Something was asked by this thread."""
        self._questions.append(Asked(case, reason))

    def write(self, method: str, path: str, body: Any, read: Read) -> None:
        """A request is about to be sent by this thread. Raises NotAsked."""
        if method in ("GET", "HEAD"):
            return
        asked, self._own.asked = self._questions, []
        for ending in endings_of(method, path, body, read):
            if not any(one.allows(ending) for one in asked):
                told = "; ".join(one.reason or f"{one.case.namespace}/{one.case.name} was free" for one in asked)
                self.broken.append(f"{method} {path}: {ending}, but may_end was asked: {told or 'nothing'}")
                raise NotAsked(self.broken[-1])
            self.sent.append(ending)

    @property
    def ended(self) -> list[tuple[str, str]]:
        """The names of what was sent, and what that does."""
        return [(one.name, one.what) for one in self.sent]

    @property
    def _questions(self) -> list[Asked]:
        found: list[Asked] = self._own.__dict__.setdefault("asked", [])
        return found


_guards: list[Guard] = []


def write(method: str, path: str, body: Any = None, read: Read = lambda _path: None) -> None:
    """What a stand-in for an API server calls before it takes a write."""
    for guard in _guards:
        guard.write(method, path, body, read)


@contextmanager
def guarded() -> Iterator[Guard]:
    """Hold every write against what was asked; one that was not allowed fails at the end too, if it was swallowed."""
    guard = Guard()
    _guards.append(guard)
    try:
        with _spied(guard, "protects"), _spied(guard, "protects_size"):
            yield guard
    finally:
        _guards.remove(guard)
    assert not guard.broken, "\n".join(guard.broken)


@contextmanager
def unguarded() -> Iterator[None]:
    """For a test of what only carries writes: it sends its own."""
    with mock.patch.object(sys.modules[__name__], "_guards", []):
        yield


def _spied(guard: Guard, name: str) -> AbstractContextManager[Any]:
    real = getattr(may_end, name)

    def spy(case: Any, *more: Any) -> str | None:
        reason: str | None = real(case, *more)
        guard.note(case, reason)
        return reason

    return mock.patch.object(may_end, name, spy)


class GuardedApi(KubeApi):
    """A real API server, as the code under test gets it: each request is looked at before it is sent."""

    def _send(self, method: str, path: str, *more: Any, body: Mapping[str, Any] | None = None, **options: Any) -> Any:
        write(method, path, body, self.find)
        return super()._send(method, path, *more, body=body, **options)


def guarded_api(api: KubeApi) -> GuardedApi:
    """The same API server, guarded."""
    return GuardedApi(api._client, api._clock)
