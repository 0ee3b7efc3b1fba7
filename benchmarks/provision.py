"""How long provisioning takes compared with the longest chain of AWS's times: `python -m benchmarks.provision --json`.

A run is the playbook provision's own task file, playbooks/phases/native.yml: the cluster, the ways into it, Fargate
profiles, node groups, add-ons, a target group at weight 0. AWS's times are scaled (1:60 by default). A run's own
cost, that of Ansible's processes, does not scale with them, so the same run is also measured with AWS times of zero.
The proof of the nodes is left out: no Kubernetes answers here.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._common import COLLECTIONS, Bar, machine
from lab.world import processes, seed
from lab.world.config import ACCOUNT_ID, AWS_PORT, REPOSITORY, LabConfig

# What AWS takes, in seconds.
AWS_SECONDS = {"cluster": 540.0, "nodegroup": 180.0, "fargate_profile": 60.0, "addon": 60.0}
NOTHING = dict.fromkeys(AWS_SECONDS, 0.0)
NODE_GROUPS, PROFILES, ADDONS = 2, 2, 2
BAR = 1.1
LEFT_OUT = ["the proof that every node is ready"]
PLAYBOOK = REPOSITORY / "benchmarks" / "playbooks" / "provision.yml"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/arena-{{}}"


def scaled(scale: float) -> dict[str, float]:
    """AWS's times, `scale` times shorter."""
    return {kind: seconds / scale for kind, seconds in AWS_SECONDS.items()}


def longest_chain(seconds: Mapping[str, float]) -> float:
    """The cluster, then the longest of the steps that run side by side, then the add-ons."""
    profiles = PROFILES * seconds["fargate_profile"]
    return seconds["cluster"] + max(seconds["nodegroup"], profiles) + seconds["addon"]


@contextmanager
def endpoint(
    number: int, folder: Path, seconds: Mapping[str, float]
) -> Iterator[tuple[LabConfig, dict[str, list[str]]]]:
    """An AWS endpoint that takes these times, with a network and roles in it."""
    config = LabConfig.from_environment({"LAB_NUMBER": str(number), "LAB_STATE": str(folder)})
    os.environ["LAB_EKS_SECONDS"] = json.dumps(seconds)
    record = processes.start(config, "aws", ["python", "-m", "benchmarks._fake_eks"])
    try:
        processes.wait_until_listening(record, config.aws_address, AWS_PORT)
        account = seed.Account(config)
        seed.seed_roles(account.client("iam"))
        yield config, seed.seed_network(account.client("ec2"))
    finally:
        processes.stop(config, "aws")


def balance(config: LabConfig, network: Mapping[str, list[str]], cluster: str) -> None:
    """A load balancer for one run, which gives all requests to blue."""
    elbv2 = seed.Account(config).client("elbv2")
    group = elbv2.create_target_group(
        Name=f"{cluster}-blue", Protocol="HTTP", Port=8080, VpcId=network["vpc"][0], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    made = elbv2.create_load_balancer(Name=cluster, Subnets=network["public"])["LoadBalancers"][0]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 100}]}}]
    elbv2.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward)


def variables(config: LabConfig, network: Mapping[str, list[str]], cluster: str) -> dict[str, Any]:
    """What the roles are told; as extra variables, so that no kubeconfig is found and no node is asked for."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "eks_bluegreen_region": config.region,
        "eks_bluegreen_slots": {"blue": {"cluster_name": "arena-blue"}, "green": {"cluster_name": cluster}},
        "eks_bluegreen_services": [
            {"name": "matchmaker", "target_groups": {"blue": f"{cluster}-blue", "green": f"{cluster}-green"}}
        ],
        "eks_bluegreen_load_balancers": [cluster],
        "eks_bluegreen_state_bucket": "unused",
        "eks_bluegreen_releases_dir": "unused",
        "eks_bluegreen_network": {
            "vpc_id": network["vpc"][0],
            "public_subnet_ids": network["public"],
            "private_subnet_ids": network["private"],
        },
        "eks_bluegreen_source": {"slot": "blue", "cluster_name": "arena-blue", "kubeconfig": ""},
        "eks_bluegreen_target": {"slot": "green", "cluster_name": cluster, "kubeconfig": ""},
        "eks_bluegreen_release_document": {
            "name": "2026-11",
            "kubernetes_version": "1.36",
            "node_image": {"ami_type": "AL2023_x86_64_STANDARD", "release_version": "1.36.1-20261101"},
            "addons": [
                {"name": "vpc-cni", "version": "v1.21.0-eksbuild.1"},
                {"name": "kube-proxy", "version": "v1.36.0-eksbuild.1"},
            ][:ADDONS],
        },
        "eks_bluegreen_cluster_role_arn": ROLE.format("cluster"),
        "eks_bluegreen_node_role_arn": ROLE.format("node"),
        "eks_bluegreen_fargate_role_arn": ROLE.format("fargate"),
        "eks_bluegreen_fargate_profiles": [
            {"name": f"profile-{number}", "selectors": [{"namespace": f"namespace-{number}"}]}
            for number in range(PROFILES)
        ],
        "eks_bluegreen_nodegroups": [
            {
                "name": f"game-{number}",
                "instance_types": ["c7i.2xlarge"],
                "min_size": 2,
                "max_size": 4,
                "desired_size": 2,
            }
            for number in range(NODE_GROUPS)
        ],
        "eks_bluegreen_access_entries": [
            {"principal_arn": ROLE.format("matchmaker"), "kubernetes_groups": ["arena-matchmakers"]}
        ],
    }


def provision(config: LabConfig, network: Mapping[str, list[str]], cluster: str) -> float:
    """One whole run of ansible-playbook; its wall time in seconds."""
    balance(config, network, cluster)
    path = config.state / f"{cluster}.json"
    path.write_text(json.dumps(variables(config, network, cluster)))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "AWS_ENDPOINT_URL": config.aws_endpoint,
        "AWS_ACCESS_KEY_ID": seed.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": seed.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "arena,", "-e", f"@{path}", str(PLAYBOOK)]
    started = time.monotonic()
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    seconds = time.monotonic() - started
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stdout[-4000:]}\n{result.stderr[-1000:]}")
    return seconds


def runs(number: int, folder: Path, seconds: Mapping[str, float], count: int) -> list[float]:
    """Wall times of this many runs, each of a new cluster."""
    with endpoint(number, folder, seconds) as (config, network):
        return [provision(config, network, f"arena-{one}") for one in range(count)]


def measure(number: int, scale: float, count: int) -> dict[str, Any]:
    """The row of a scale; times are medians."""
    with tempfile.TemporaryDirectory() as folder:
        own = statistics.median(runs(number, Path(folder) / "own", NOTHING, count))
        walls = runs(number, Path(folder) / "scaled", scaled(scale), count)
    wall, chain = statistics.median(walls), longest_chain(scaled(scale))
    return {
        "work": f"1 cluster, {NODE_GROUPS} node groups, {PROFILES} Fargate profiles, {ADDONS} add-ons, 1 target group "
        f"at 1:{scale:g}",
        "left_out": LEFT_OUT,
        "ours_seconds": round(wall, 2),
        "floor_seconds": round(chain, 2),
        "of_floor": round(wall / chain, 3),
        "own_seconds": round(own, 2),
        "of_floor_without_own": round((wall - own) / chain, 3),
        "runs": {"ours": len(walls)},
        "peers": {},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, action="append", help="AWS's times this many times shorter (default 60)")
    parser.add_argument("--runs", type=int, default=5, help="how many runs a median is made of")
    parser.add_argument("--number", type=int, default=98, help="the lab number whose addresses are used")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = [measure(options.number, scale, options.runs) for scale in options.scale or [60.0]]
    bars = [Bar(f"wall time of the longest chain: {row['work']}", row["of_floor"], BAR).document() for row in rows]
    document = {"benchmark": "provision", "machine": machine(), "rows": rows, "bars": bars}
    if options.json:
        print(json.dumps(document, indent=2))
        return
    print(f"provision on {document['machine']}")
    for row, bar in zip(rows, bars, strict=True):
        print(
            f"{'met   ' if bar['met'] else 'MISSED'} {row['work']}: {row['ours_seconds']} s, chain "
            f"{row['floor_seconds']} s, {row['of_floor']}x ({bar['limit']}); own cost {row['own_seconds']} s, "
            f"without it {row['of_floor_without_own']}x"
        )


if __name__ == "__main__":
    main()
