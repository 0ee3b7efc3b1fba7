"""A lab as a test sees it, and the playbooks that it runs against it. Shared by tests/e2e and tests/scenarios.

`Theatre.start` begins a playbook and gives a `Run` that can be watched, killed and finished; `Theatre.play` runs one
to its end and checks its calls to AWS against docs/iam.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.aws.operator_policies import policies_for
from lab.aws.permissions import Check, is_allowed
from lab.demo import demo
from lab.world import seed, world
from lab.world.config import REPOSITORY, LabConfig
from lab.world.users import OPERATOR


@dataclass(frozen=True)
class Played:
    """A finished ansible-playbook: exit code, output, seconds."""

    code: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        """The number behind changed= in the recap."""
        found = re.search(r"changed=(\d+)", self.output)
        return int(found[1]) if found else -1


class Run:
    """A running ansible-playbook, in a process group of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.started = time.monotonic()
        self._log = log
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def finish(self, timeout: float = 1500.0) -> Played:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"not finished after {timeout:.0f} s; the end of its output:\n{self.output[-3000:]}")
        return Played(code, self.output, time.monotonic() - self.started)

    def kill(self) -> None:
        """SIGKILL, to the workers and modules too, which have sessions of their own: nothing gets to say goodbye."""
        for one in freeze_family(psutil.Process(self._process.pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait()

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None


def freeze_family(root: psutil.Process) -> list[psutil.Process]:
    """Stop a process and all that descend from it; none of them has a child then that is not in the list."""
    found: dict[int, psutil.Process] = {}
    while new := [one for one in [root, *root.children(recursive=True)] if one.pid not in found]:
        for one in new:
            found[one.pid] = one
            with contextlib.suppress(psutil.NoSuchProcess):
                one.suspend()
    return list(found.values())


def is_all_on(slot: str, weights: Mapping[str, int]) -> bool:
    """A slot has weight, and no other has."""
    return weights.get(slot, 0) == sum(weights.values()) > 0


class Theatre:
    """The lab as the story sees it."""

    def __init__(self, config: LabConfig, reports: Path) -> None:
        self.config = config
        self.account = seed.Account(config)
        self.reports = reports
        self._runs = 0

    def start(self, playbook: str, *arguments: str, release: str = "2026-11") -> Run:
        self._runs += 1
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            f"playbooks/{playbook}.yml",
            "-e",
            json.dumps({"eks_bluegreen_release": release, "eks_bluegreen_reports_dir": str(self.reports)}),
            *arguments,
        ]
        environment = {**os.environ, **self.config.environment()}
        return Run(command, environment, self.config.log(f"{self._runs:02d}-{Path(playbook).name}"))

    def play(self, playbook: str, *arguments: str, release: str = "2026-11") -> Played:
        """Run a playbook; fails if it asks AWS for more than its own policy in docs/iam grants."""
        before = self.permissions()
        played = self.start(playbook, *arguments, release=release).finish()
        policies = policies_for(playbook, self.config).values()
        beyond = [check for check in self.permissions() - before if not is_allowed(policies, check)]
        assert beyond == [], f"docs/iam/{playbook}.json does not grant this"
        return played

    def permissions(self) -> Counter[Check]:
        """What the operator has asked IAM for until now."""
        found: Counter[Check] = Counter()
        for one in json.load(world.fetch(f"{self.config.aws_endpoint}/lab/calls")):
            if one["principal"].endswith(f":user/{OPERATOR.name}"):
                found[Check(one["action"], one["resource"], tuple(one["context"].items()))] += one["count"]
        return found

    def record(self) -> dict[str, Any]:
        """The run record; empty without one."""
        s3 = self.account.client("s3")
        try:
            answer = s3.get_object(Bucket=seed.BUCKET, Key="eks-bluegreen/arena/run.json")
        except s3.exceptions.NoSuchKey:
            return {}
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found

    def weights(self) -> list[dict[str, int]]:
        """The weight of each slot's target group in each listener default and rule."""
        elbv2 = self.account.client("elbv2")
        balancer = elbv2.describe_load_balancers(Names=[seed.GAME])["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
        return [
            {
                group["TargetGroupArn"].split("/")[1].rsplit("-", 1)[1]: group["Weight"]
                for group in rule["Actions"][-1]["ForwardConfig"]["TargetGroups"]
            }
            for rule in elbv2.describe_rules(ListenerArn=listener)["Rules"]
        ]

    def destination(self) -> dict[str, int]:
        parameter = self.account.client("ssm").get_parameter(Name=seed.DOCUMENT)["Parameter"]
        weights: dict[str, int] = json.loads(parameter["Value"])["weights"]
        return weights

    def serves(self, slot: str) -> bool:
        """All weight and the destination are on one slot."""
        weights = [*self.weights(), self.destination()]
        return all(is_all_on(slot, one) for one in weights)

    def clusters(self) -> list[str]:
        found: list[str] = self.account.client("eks").list_clusters()["clusters"]
        return sorted(found)

    def kubectl(self, cluster: str, *arguments: str) -> str:
        """The output of kubectl in the game's namespace of a cluster, as its administrator."""
        facts = world.cluster_facts(self.config, cluster)
        command = [str(self.config.binary("kubectl")), "--kubeconfig", facts["kubeconfig"], "-n", seed.GAME, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def draining(self, cluster: str) -> int:
        """GameServers of a cluster that carry a request to drain."""
        label = "eks-bluegreen.gameops/draining"
        return len(self.kubectl(cluster, "get", "gameservers", "-l", label, "-o", "name").split())

    def players(self) -> Any:
        return demo.players_status(self.config)

    def wait(self, what: str, holds: Callable[[], bool], run: Run | None = None, timeout: float = 400.0) -> None:
        """Look until something holds; fails if that takes too long, or if a run ends before."""
        deadline = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < deadline, f"{what}: not within {timeout:.0f} s"
            assert run is None or not run.is_over, f"{what}: the run ended before:\n{run.output[-3000:] if run else ''}"
            time.sleep(0.2)
