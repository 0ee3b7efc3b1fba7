"""The lab's AWS endpoint over clusters that do not exist: nothing boots, nodes are written to a file.

Run as a program, because moto's state belongs to its process. What the launcher was told is in <state>/fake/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.aws.eks.runtime import DEFAULT_SECONDS, ClusterPlan, Fault, Lifecycle
from lab.aws.eks.state import BootedCluster, Json
from lab.aws.quotas import QUOTAS
from lab.aws.server import LabEndpoint, bind
from lab.world.config import LabConfig, LabError, write_json

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nZmFrZQ==\n-----END CERTIFICATE-----\n"


class FakeLauncher:
    """Fails to boot a cluster whose name begins with `broken`, and refuses nodes on one that begins with `full`."""

    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._nodes: dict[str, dict[str, Json]] = {}

    def _save(self, name: str) -> None:
        write_json(self._config.state / "fake" / f"{name}.json", self._nodes.get(name))

    def boot(self, plan: ClusterPlan) -> BootedCluster:
        if plan.name.startswith("broken"):
            raise LabError("this cluster never boots")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._nodes[plan.name] = {}
        self._save(plan.name)
        (self._config.state / "fake" / f"{plan.name}.key").write_bytes(private)
        endpoint = f"https://{self._config.control_address(plan.index)}:6443"
        return BootedCluster(endpoint, "/nowhere", CERTIFICATE, public.decode())

    def start_programs(self, plan: ClusterPlan) -> None:
        assert (self._config.cluster_dir(plan.name) / "cluster.json").exists(), "it is read at the start"

    def admit_profile(self, name: str, profile: str) -> None:
        pass

    def delete(self, name: str) -> None:
        self._nodes.pop(name, None)
        self._save(name)

    def add_nodes(self, name: str, nodes: Sequence[Json]) -> None:
        if name.startswith("full"):
            raise LabError("no room for another node")
        self._nodes[name].update({node["metadata"]["name"]: node for node in nodes})
        self._save(name)

    def update_node(self, name: str, node: str, labels: Mapping[str, str | None], taints: Sequence[Json]) -> None:
        found = self._nodes[name][node]
        merged = {**found["metadata"]["labels"], **labels}
        found["metadata"]["labels"] = {key: value for key, value in merged.items() if value is not None}
        found["spec"]["taints"] = list(taints)
        self._save(name)

    def remove_nodes(self, name: str, nodes: Sequence[str]) -> None:
        for node in nodes:
            del self._nodes[name][node]
        self._save(name)

    def forget_all(self) -> list[str]:
        return []


class FaultyLifecycle(Lifecycle):
    """Lets work fail that <state>/fake/faults.json names: words of its description -> code and message."""

    def __init__(self, seconds: Mapping[str, float], config: LabConfig, *, sleep: Callable[[float], None]) -> None:
        super().__init__(seconds, sleep=sleep)
        self._faults = config.state / "fake" / "faults.json"

    def start(self, kind: str, what: str, work: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        faults = json.loads(self._faults.read_text()) if self._faults.exists() else {}
        found = [Fault(fault["message"], fault["code"]) for words, fault in faults.items() if words in what]

        def fail() -> None:
            raise found[0]

        super().start(kind, what, fail if found else work, done)


# All tests of a process leave their clusters in one account: more than AWS allows without a raised quota.
QUOTAS["eks", "L-1194D53C"] = ("Clusters", 1000.0)


def main() -> None:
    config = LabConfig.from_environment()
    hold = config.state / "fake" / "hold"

    def sleep(_seconds: float) -> None:
        """While the file `hold` exists, nothing reaches its last status."""
        while hold.exists():
            time.sleep(0.01)

    lifecycle = FaultyLifecycle(DEFAULT_SECONDS, config, sleep=sleep)
    bind(config, LabEndpoint(config, FakeLauncher(config), lifecycle)).serve_forever()


if __name__ == "__main__":
    main()
