"""What the EKS operations act through: clusters, time, the rest of the account. Tests put their own in."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from lab.aws.eks.nodes import Subnet
from lab.aws.eks.state import BootedCluster, Cluster, Json
from lab.world.config import LabError

LOG = logging.getLogger(__name__)
# Least seconds from a request to its last status, by kind of thing; real work may take longer.
DEFAULT_SECONDS = {
    "cluster": 0.0,
    "nodegroup": 1.0,
    "fargate_profile": 1.0,
    "addon": 1.0,
    "update": 1.0,
    "delete": 0.5,
}


class Fault(LabError):
    """Why work failed, by the code that EKS has for it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ClusterPlan:
    """What a launcher needs to boot a cluster; `issuer` is the URL in its service-account tokens."""

    name: str
    index: int
    version: str
    issuer: str


class ClusterLauncher(Protocol):
    """Runs clusters. Every call blocks until it is done and raises LabError if that is impossible."""

    def boot(self, plan: ClusterPlan) -> BootedCluster: ...

    def start_programs(self, plan: ClusterPlan) -> None:
        """Start what accompanies a cluster and reads its cluster.json."""

    def admit_profile(self, name: str, profile: str) -> None:
        """Wait until the cluster's admission knows a Fargate profile: pods made earlier would miss it for good."""

    def delete(self, name: str) -> None:
        """End a cluster and its programs, and remove what they left; also one that never came up."""

    def add_nodes(self, name: str, nodes: Sequence[Json]) -> None:
        """Create Node objects and wait until they are Ready."""

    def update_node(self, name: str, node: str, labels: Mapping[str, str | None], taints: Sequence[Json]) -> None:
        """Set labels (None removes one) and replace the taints."""

    def remove_nodes(self, name: str, nodes: Sequence[str]) -> None:
        """End the pods of these nodes, then the nodes, as a node group does without regard for what runs there."""

    def forget_all(self) -> list[str]:
        """Remove what an earlier endpoint left behind; returns the names of the clusters."""


class Account(Protocol):
    """What EKS asks of the account's other services."""

    def subnets(self, ids: Sequence[str]) -> dict[str, Subnet]:
        """The subnets that exist among these, by id."""

    def role_exists(self, arn: str) -> bool: ...

    def launch_template(self, wanted: Json) -> Json | None:
        """Id, name and version of a launch template, of which a request names one of the first two."""

    def create_security_group(self, cluster: str, vpc_id: str) -> str: ...

    def delete_security_group(self, group_id: str) -> None: ...


class Lifecycle:
    """Runs long work in threads and lets no status change sooner than its kind's seconds allow."""

    def __init__(self, seconds: Mapping[str, float], *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._seconds = seconds
        self._sleep = sleep

    def start(self, kind: str, what: str, work: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        """Call `work`, then after the rest of the kind's seconds `done` with the error that work raised, if any."""

        def run() -> None:
            started = time.monotonic()
            error: Exception | None = None
            try:
                work()
            except Exception as caught:  # whatever it is, the resource must reach a failed status
                LOG.exception("%s failed", what)
                error = caught
            self._sleep(max(0.0, self._seconds[kind] - (time.monotonic() - started)))
            done(error)
            LOG.info("%s: %s in %.1f s", what, "failed" if error else "done", time.monotonic() - started)

        threading.Thread(target=run, name=what, daemon=True).start()


def read_seconds(text: str) -> dict[str, float]:
    """LAB_EKS_SECONDS, a JSON object of kind to seconds, over the defaults."""
    try:
        given = json.loads(text or "{}")
        seconds = {**DEFAULT_SECONDS, **{kind: float(value) for kind, value in given.items()}}
    except (ValueError, TypeError, AttributeError):
        raise LabError(
            f"LAB_EKS_SECONDS is {text!r}; it must be a JSON object like {json.dumps({'cluster': 20})}"
        ) from None
    unknown = sorted(set(seconds) - set(DEFAULT_SECONDS))
    if unknown:
        raise LabError(f"LAB_EKS_SECONDS names {', '.join(unknown)}; known are {', '.join(sorted(DEFAULT_SECONDS))}")
    return seconds


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Runtime:
    launcher: ClusterLauncher
    account: Account
    lifecycle: Lifecycle
    publish: Callable[[Cluster], None]
    now: Callable[[], datetime] = field(default=utc_now)
    new_id: Callable[[], str] = field(default=new_id)


@dataclass(frozen=True)
class Call:
    """One request: its parameters by the API's names, and who sent it (a user's or a role's ARN)."""

    params: dict[str, Any]
    caller_arn: str

    def get(self, name: str, default: Any = None) -> Any:
        value = self.params.get(name)
        return default if value is None else value
