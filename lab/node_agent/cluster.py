"""What the agent knows about its cluster: the file that the lab's EKS keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.world.config import LabConfig, LabError


@dataclass(frozen=True)
class Selector:
    """Which pods a Fargate profile takes; both parts may hold the wildcards `*` and `?`."""

    namespace: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Profile:
    name: str
    selectors: list[Selector]
    status: str


@dataclass(frozen=True)
class Cluster:
    name: str
    index: int
    region: str
    version: str
    kubeconfig: Path
    profiles: list[Profile]


def parse_cluster(data: dict[str, Any]) -> Cluster:
    return Cluster(
        name=data["name"],
        index=data["index"],
        region=data["region"],
        version=data["version"],
        kubeconfig=Path(data["kubeconfig"]),
        profiles=[
            Profile(
                one["name"],
                [Selector(entry["namespace"], dict(entry.get("labels") or {})) for entry in one["selectors"]],
                one["status"],
            )
            for one in data.get("fargate_profiles", [])
        ],
    )


class ClusterFile:
    """`cluster.json`, read again whenever it has changed."""

    def __init__(self, config: LabConfig, name: str) -> None:
        self._path = config.cluster_dir(name) / "cluster.json"
        self._stamp: tuple[int, int] | None = None
        self._cluster: Cluster | None = None

    def read(self) -> Cluster:
        """The cluster as it is now; raises LabError when there is none."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if self._cluster is None or stamp != self._stamp:
                self._cluster = parse_cluster(json.loads(self._path.read_text()))
                self._stamp = stamp
        except FileNotFoundError:
            raise LabError(f"{self._path} does not exist; create the cluster through the lab's EKS first") from None
        except (KeyError, ValueError) as error:
            raise LabError(f"{self._path} is not a cluster's file: {error!r}; delete the cluster") from error
        return self._cluster
