"""What the benchmarks share: an AWS endpoint behind a slow, counting proxy, and the shape of the results."""

from __future__ import annotations

import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
COLLECTIONS = REPOSITORY / "build" / "collections"
REGION = "eu-west-1"
HOST = "127.0.0.1"
START_SECONDS = 30.0
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# The collection is imported as Ansible and the tests do.
if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))


def machine() -> str:
    """The machine it was measured on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}"


@dataclass(frozen=True)
class Peer:
    """Another way to the same end; `more` is what else the result says about it."""

    command: str
    times: Sequence[float]
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Row:
    """One piece of work, done by us, by the floor and by peers; times in seconds."""

    work: str
    ours: Sequence[float]
    floor: Sequence[float]
    peers: Mapping[str, Peer] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The work as the result shows it: medians, and how often each side was run."""
        ours, floor = statistics.median(self.ours), statistics.median(self.floor)
        return {
            "work": self.work,
            "ours_seconds": round(ours, 3),
            "floor_seconds": round(floor, 3),
            "of_floor": round(ours / floor, 2),
            "runs": {"ours": len(self.ours), "floor": len(self.floor)},
            "peers": {
                name: {
                    "seconds": round(statistics.median(peer.times), 3),
                    "ratio": round(statistics.median(peer.times) / ours, 2),
                    "command": peer.command,
                    "runs": len(peer.times),
                    **peer.more,
                }
                for name, peer in self.peers.items()
            },
        }


@dataclass(frozen=True)
class Bar:
    """A figure that must be reached."""

    name: str
    value: float
    limit: float
    at_most: bool = True

    def document(self) -> dict[str, Any]:
        met = self.value <= self.limit if self.at_most else self.value >= self.limit
        limit = f"{'<=' if self.at_most else '>='} {self.limit}"
        return {"bar": self.name, "value": round(self.value, 2), "limit": limit, "met": met}


def report(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the result, for a program or for people."""
    if as_json:
        print(json.dumps(document, indent=2))
        return
    print(f"{document['benchmark']} on {document['machine']}")
    for row in document["rows"]:
        print(f"{row['work']:32} {row['ours_seconds']:8.3f} s = {row['of_floor']:.2f} x floor")
        for name, peer in row["peers"].items():
            computed = f", computed from {peer['measured_objects']} objects" if peer.get("extrapolated") else ""
            print(
                f"    {name:28} {peer['seconds']:8.3f} s = {peer['ratio']:.1f} x ours ({peer['runs']} runs{computed})"
            )
    for bar in document.get("bars", []):
        print(f"{'met   ' if bar['met'] else 'MISSED'} {bar['bar']}: {bar['value']} ({bar['limit']})")


def timed(work: Callable[[], object]) -> float:
    """The seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Proxy:
    """The running proxy: its address, and what has passed through it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, int]:
        """Requests by AWS action since the last reset."""
        found: dict[str, int] = _get(f"{self.url}/-/counts")
        return found

    def reset(self) -> None:
        """Start counting again from zero."""
        _get(f"{self.url}/-/reset")

    def environment(self) -> dict[str, str]:
        """The variables that make any AWS client use it."""
        return {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": self.url}


@contextmanager
def slow_aws(delay_seconds: float) -> Iterator[Proxy]:
    """A moto endpoint behind a proxy that delays each request and counts it; both are processes of their own."""
    moto, proxy = free_port(), free_port()
    with ExitStack() as stack:
        stack.enter_context(running(["-m", "moto.server", "-H", HOST, "-p", str(moto)]))
        wait_for(f"http://{HOST}:{moto}/moto-api/data.json")
        upstream = f"http://{HOST}:{moto}"
        arguments = ["--port", str(proxy), "--upstream", upstream, "--delay", str(delay_seconds)]
        stack.enter_context(running(["-m", "benchmarks._proxy", *arguments]))
        wait_for(f"http://{HOST}:{proxy}/-/counts")
        yield Proxy(f"http://{HOST}:{proxy}")


@contextmanager
def running(arguments: Sequence[str]) -> Iterator[None]:
    """A Python process that ends with the body."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **CREDENTIALS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    """A port that no one listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _get(url)
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} does not answer after {START_SECONDS:.0f} s") from None
            time.sleep(0.05)


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)
