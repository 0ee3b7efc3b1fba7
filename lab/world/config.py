"""Where a lab lives: its folder, its addresses, its caches. Everything else asks here."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT_ID = "123456789012"
AWS_PORT = 4566
QUEUES = ("none", "per_slot", "shared")
# Which cached component, by name and version, holds a program.
PROGRAMS = {
    "kube-apiserver": "kubernetes-1.36.3",
    "kube-controller-manager": "kubernetes-1.36.3",
    "kube-scheduler": "kubernetes-1.36.3",
    "kwok": "kwok-0.8.0",
    "kwokctl": "kwok-0.8.0",
    "etcd": "etcd-3.6.16",
    "kubectl": "kubectl-1.36.3",
    "helm": "helm-4.2.3",
}


class LabError(Exception):
    """What is wrong with the lab, where, and what to do; shown to the user without a traceback."""


@dataclass(frozen=True)
class LabConfig:
    """One lab. Two labs with different numbers and folders run side by side."""

    number: int
    state: Path
    cache: Path
    images: Path
    region: str = "eu-west-1"
    # Of the matchmakers: none, per_slot or shared.
    queue: str = "none"

    @classmethod
    def from_environment(cls, environ: dict[str, str] | None = None) -> LabConfig:
        """Read LAB_NUMBER (1 to 99), LAB_STATE, LAB_CACHE, LAB_IMAGES (image name to program) and LAB_QUEUE."""
        env = dict(os.environ if environ is None else environ)
        text = env.get("LAB_NUMBER", "40")
        if not text.isdigit() or not 1 <= int(text) <= 99:
            raise LabError(f"LAB_NUMBER is {text!r}; set it to a whole number from 1 to 99")
        number = int(text)
        queue = env.get("LAB_QUEUE") or "none"
        if queue not in QUEUES:
            raise LabError(f"LAB_QUEUE is {queue!r}; set it to one of {', '.join(QUEUES)}")
        default_state = REPOSITORY / (".lab" if number == 40 else f".lab-{number}")
        cache_home = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            number=number,
            state=Path(env.get("LAB_STATE") or default_state).absolute(),
            cache=Path(env.get("LAB_CACHE") or cache_home / "gameops-eks-bluegreen").absolute(),
            images=Path(env.get("LAB_IMAGES") or REPOSITORY / "lab" / "world" / "images.yml").absolute(),
            queue=queue,
        )

    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds the same lab."""
        return {
            "LAB_NUMBER": str(self.number),
            "LAB_STATE": str(self.state),
            "LAB_CACHE": str(self.cache),
            "LAB_IMAGES": str(self.images),
            "LAB_QUEUE": self.queue,
        }

    # Addresses: the lab owns 127.<number>.0.0/16, so that its ports are free whatever else runs.
    def address(self, third: int, fourth: int) -> str:
        return f"127.{self.number}.{third}.{fourth}"

    @property
    def aws_address(self) -> str:
        return self.address(0, 1)

    @property
    def aws_endpoint(self) -> str:
        return f"http://{self.aws_address}:{AWS_PORT}"

    @property
    def players_address(self) -> str:
        return self.address(0, 3)

    def load_balancer_address(self, index: int) -> str:
        """Address of the index-th load balancer, counted from 1."""
        return self.address(2, index)

    def control_address(self, cluster_index: int) -> str:
        """Address of a cluster's own helpers (admission webhook of Fargate, ...)."""
        return self.address(1, cluster_index)

    def node_address(self, cluster_index: int, node: int) -> str:
        """Public address of a node: 127.<number>.<100 + cluster>.<node>."""
        return self.address(100 + cluster_index, node)

    def pod_address(self, cluster_index: int, pod: int) -> str:
        """Address of a Fargate pod: 127.<number>.<150 + cluster>.<pod>."""
        return self.address(150 + cluster_index, pod)

    # Files
    def cluster_dir(self, name: str) -> Path:
        return self.state / "clusters" / name

    def stop_sign(self, cluster: str, program: str) -> Path:
        """While this file is there, the node agent of a cluster starts no pod's program of this name."""
        return self.cluster_dir(cluster) / "stopped" / program

    def log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def binary(self, name: str) -> Path:
        """A program of the tool cache, by name; `lab.binaries` puts it there."""
        return self.cache / PROGRAMS[name] / name


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    part.replace(path)
