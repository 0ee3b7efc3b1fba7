"""How long a swap of all listeners and rules takes: `python -m benchmarks.elbv2_swap --json`.

One load balancer with 1, 20 and 100 rules besides the default action, on one AWS endpoint (moto) behind a proxy that
adds 50 ms to each request. Ours as a whole ansible-playbook process and as module time alone (a warm client in this
process, like the floor's); the floor is boto3, warm, 10 threads, with no check or verification. Sides take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks._common import (
    CREDENTIALS,
    REGION,
    REPOSITORY,
    Bar,
    Peer,
    Proxy,
    Row,
    machine,
    report,
    slow_aws,
    timed,
)

DELAY_SECONDS = 0.05
RULES = (1, 20, 100)
RUNS = 5
THREADS = 10
PAGE_SIZE = 400
CLI_FOLDER = REPOSITORY / "build" / "awscli"
PLAYBOOKS = REPOSITORY / "benchmarks" / "playbooks"
LARGEST = f"{RULES[-1]} rules"

Weights = dict[str, int]
Swap = Callable[[Weights], None]


@dataclass(frozen=True)
class Scene:
    """A load balancer on which every action forwards to blue and green."""

    client: Any
    proxy: Proxy
    folder: Path
    name: str
    subnets: Sequence[str]
    security_group: str
    listener: str
    rules: Sequence[str]
    groups: Mapping[str, str]

    def action(self, weights: Weights) -> list[dict[str, Any]]:
        return forward(self.groups, weights)


def forward(groups: Mapping[str, str], weights: Weights) -> list[dict[str, Any]]:
    """A weighted forward action, in API terms."""
    tuples = [{"TargetGroupArn": groups[slot], "Weight": weights[slot]} for slot in groups]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}]


def build(proxy: Proxy, folder: Path, rules: int) -> Scene:
    """A load balancer with this many rules; all requests go to blue."""
    options = {"region_name": REGION, "endpoint_url": proxy.url}
    keys = {
        "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SWAP_CLIENT_CONFIG
    from botocore.config import Config

    client = boto3.client("elbv2", config=Config(**SWAP_CLIENT_CONFIG), **options, **keys)
    ec2 = boto3.client("ec2", **options, **keys)
    name = f"arena-{rules}"
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    security_group = str(ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"])
    groups = {slot: target_group(client, f"{name}-{slot}", vpc) for slot in ("blue", "green")}
    balancer = client.create_load_balancer(Name=name, Subnets=subnets, SecurityGroups=[security_group])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    all_to_blue = forward(groups, {"blue": 100, "green": 0})
    listener = client.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=all_to_blue)
    listener_arn = listener["Listeners"][0]["ListenerArn"]

    def rule(number: int) -> str:
        made = client.create_rule(
            ListenerArn=listener_arn, Priority=number, Conditions=condition(number), Actions=all_to_blue
        )
        return str(made["Rules"][0]["RuleArn"])

    with ThreadPoolExecutor(THREADS) as pool:
        rule_arns = list(pool.map(rule, range(1, rules + 1)))
    return Scene(client, proxy, folder, name, subnets, security_group, listener_arn, rule_arns, groups)


def target_group(client: Any, name: str, vpc: str) -> str:
    """A target group with a target, which moto calls healthy."""
    made = client.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    client.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.10", "Port": 8080}])
    return arn


def condition(number: int) -> list[dict[str, Any]]:
    """Rule `number` is for /<number>/*."""
    return [{"Field": "path-pattern", "Values": [f"/{number}/*"]}]


def floor(scene: Scene) -> Swap:
    """Read the listener and its rules, write them all with ten threads."""

    def swap(weights: Weights) -> None:
        actions = scene.action(weights)
        scene.client.describe_listeners(ListenerArns=[scene.listener])
        found = scene.client.describe_rules(ListenerArn=scene.listener, PageSize=PAGE_SIZE)["Rules"]
        arns = [rule["RuleArn"] for rule in found if not rule["IsDefault"]]
        with ThreadPoolExecutor(THREADS) as pool:
            default = pool.submit(scene.client.modify_listener, ListenerArn=scene.listener, DefaultActions=actions)
            list(pool.map(lambda arn: scene.client.modify_rule(RuleArn=arn, Actions=actions), arns))
        default.result()

    return swap


def module_time(scene: Scene) -> Swap:
    """The module's work, without its process."""
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2 import round as run
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2 import swap
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import SwapApi
    from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

    def work(weights: Weights) -> None:
        want = run.Swap(
            [scene.name],
            [(f"{scene.name}-blue", f"{scene.name}-green")],
            swap.Weights(weights["blue"], weights["green"]),
        )
        api = SwapApi(scene.client)
        result = run.swap_round(api, want, check_mode=False, clock=SystemClock(), keeper=NullKeeper())
        assert result["round"]["finished"], result["round"]["progress"]

    return work


def playbook(scene: Scene, name: str, variables: Callable[[Weights], Mapping[str, Any]]) -> tuple[Swap, str]:
    """An ansible-playbook process, and its command line."""
    file = scene.folder / f"{name}.json"
    path = PLAYBOOKS / f"{name}.yml"
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(path), "-e", f"@{file}"]
    environment = {**scene.proxy.environment(), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")}

    def swap(weights: Weights) -> None:
        interpreter = {"ansible_python_interpreter": sys.executable}
        file.write_text(json.dumps({"load_balancer": scene.name, **interpreter, **variables(weights)}))
        run_command(command, environment)

    return swap, f"ansible-playbook {path.relative_to(REPOSITORY)}"


def ours(scene: Scene) -> tuple[Swap, str]:
    """This collection's module in a playbook."""

    def variables(weights: Weights) -> Mapping[str, Any]:
        return {"blue": f"{scene.name}-blue", "green": f"{scene.name}-green", "weights": weights}

    return playbook(scene, "elbv2_swap", variables)


def elb_application_lb(scene: Scene) -> tuple[Swap, str]:
    """The module of amazon.aws, which is told the whole load balancer."""

    def variables(weights: Weights) -> Mapping[str, Any]:
        action = scene.action(weights)
        rules = [
            {"Conditions": condition(number), "Priority": str(number), "Actions": action}
            for number in range(1, len(scene.rules) + 1)
        ]
        listener = {"Protocol": "HTTP", "Port": 80, "DefaultActions": action, "Rules": rules}
        return {"subnets": scene.subnets, "security_groups": [scene.security_group], "listeners": [listener]}

    return playbook(scene, "elb_application_lb", variables)


def aws_cli(scene: Scene, program: str) -> tuple[Swap, str]:
    """A loop of the AWS CLI over the listener and the rules."""

    def swap(weights: Weights) -> None:
        actions = json.dumps(scene.action(weights))
        environment = scene.proxy.environment()
        default = ["modify-listener", "--listener-arn", scene.listener, "--default-actions", actions]
        run_command([program, "elbv2", *default], environment)
        for arn in scene.rules:
            run_command([program, "elbv2", "modify-rule", "--rule-arn", arn, "--actions", actions], environment)

    return swap, "aws elbv2 modify-listener; for each rule: aws elbv2 modify-rule"


def find_cli() -> str | None:
    """The AWS CLI in build/, installed there if needed, because it pins a botocore of its own; else one on the path."""
    program = CLI_FOLDER / "bin" / "aws"
    if not program.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(CLI_FOLDER)], check=True, capture_output=True)
            pip = [str(CLI_FOLDER / "bin" / "pip"), "install", "--quiet", "awscli"]
            subprocess.run(pip, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError):
            return shutil.which("aws")
    return str(program)


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end; if it failed, show its output."""
    done = subprocess.run(command, env=dict(environment), cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


class Direction:
    """Every run goes to the other slot, so that every run has everything to do."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._slot = "blue"

    def weights(self) -> Weights:
        return {"blue": 100, "green": 0} if self._slot == "blue" else {"blue": 0, "green": 100}

    def swap(self, swap: Swap) -> float:
        """Seconds of one swap to the other slot, which is checked afterwards."""
        self._slot = "green" if self._slot == "blue" else "blue"
        seconds = timed(lambda: swap(self.weights()))
        self.check()
        return seconds

    def check(self) -> None:
        wanted = {self._scene.groups[slot]: weight for slot, weight in self.weights().items()}
        rules = self._scene.client.describe_rules(ListenerArn=self._scene.listener, PageSize=PAGE_SIZE)["Rules"]
        assert len(rules) == len(self._scene.rules) + 1
        for rule in rules:
            groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
            assert {group["TargetGroupArn"]: group["Weight"] for group in groups} == wanted


def measure(scene: Scene, runs: int, cli: str | None, *, peers: bool) -> tuple[list[Row], dict[str, int]]:
    """Both rows of one number of rules, and what a second run with nothing to do has asked for."""
    direction, number = Direction(scene), len(scene.rules)
    process, _ = ours(scene)
    others: dict[str, tuple[Swap, str]] = {}
    if peers:
        others["amazon.aws.elb_application_lb"] = elb_application_lb(scene)
    if peers and cli:
        others["aws cli"] = aws_cli(scene, cli)
    sides: dict[str, Swap] = {"floor": floor(scene), "module": module_time(scene), "process": process}
    sides |= {name: swap for name, (swap, _command) in others.items()}
    for side in ("floor", "module", "process"):
        direction.swap(sides[side])
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _turn in range(runs):
        for side, swap in sides.items():
            times[side].append(direction.swap(swap))
    scene.proxy.reset()
    process(direction.weights())
    again = scene.proxy.counts()
    work = f"{number} rule{'s' if number > 1 else ''}"
    shown = {name: Peer(command, times[name]) for name, (_swap, command) in others.items()}
    return [
        Row(f"{work}, module alone", times["module"], times["floor"]),
        Row(f"{work}, whole process", times["process"], times["floor"], shown),
    ], again


def bars(rows: Sequence[Mapping[str, Any]], second_runs: Mapping[str, Mapping[str, int]]) -> list[Bar]:
    """The bars, at the largest number of rules."""
    by_work = {row["work"]: row for row in rows}
    found = [
        Bar(f"writes of a second run, {work}", sum(n for call, n in counts.items() if not is_read(call)), 0)
        for work, counts in second_runs.items()
    ]
    alone, process = by_work.get(f"{LARGEST}, module alone"), by_work.get(f"{LARGEST}, whole process")
    if alone and process:
        found.append(Bar(f"module time of floor, {LARGEST}", alone["of_floor"], 1.3))
        found.append(Bar(f"whole process in seconds, {LARGEST}", process["ours_seconds"], 3.0))
        for name, least in (("aws cli", 15.0), ("amazon.aws.elb_application_lb", 2.8)):
            if name in process["peers"]:
                found.append(Bar(f"times faster than {name}, {LARGEST}", process["peers"][name]["ratio"], least, False))
    return found


def is_read(call: str) -> bool:
    return call.startswith("Describe")


def benchmark(rules: Sequence[int], runs: int, *, peers: bool) -> dict[str, Any]:
    """The whole result."""
    cli = find_cli() if peers else None
    skipped = {"terraform": "not measured"}
    if peers and not cli:
        skipped["aws cli"] = "neither installed nor available from the package index"
    rows: list[Row] = []
    second_runs = {}
    with tempfile.TemporaryDirectory() as folder, slow_aws(DELAY_SECONDS) as proxy:
        for number in rules:
            scene = build(proxy, Path(folder), number)
            found, again = measure(scene, runs, cli, peers=peers)
            rows += found
            second_runs[f"{number} rules"] = again
    documents = [row.document() for row in rows]
    return {
        "benchmark": "elbv2_swap",
        "machine": machine(),
        "delay_ms": DELAY_SECONDS * 1000,
        "rows": documents,
        "second_run_calls": second_runs,
        "bars": [bar.document() for bar in bars(documents, second_runs)],
        "skipped": skipped,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="one rule, one run, no peers: does it work?")
    parser.add_argument(
        "--rules", type=int, nargs="+", default=RULES, help="numbers of rules besides the default action"
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    os.environ.pop("AWS_PROFILE", None)
    if options.quick:
        document = benchmark(RULES[:1], 1, peers=False)
    else:
        document = benchmark(options.rules, options.runs, peers=True)
    report(document, as_json=options.json)


if __name__ == "__main__":
    main()
