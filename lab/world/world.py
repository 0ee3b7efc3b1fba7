"""Brings the lab up and down, and says how it is."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil

from lab.binaries import ensure_binaries
from lab.world import faults, processes, seed
from lab.world.config import AWS_PORT, PROGRAMS, LabConfig, LabError
from lab.world.users import OPERATOR

RELEASES = ("2026-10", "2026-11")
FLEET_PATH = f"/apis/agones.dev/v1/namespaces/{seed.GAME}/fleets/{seed.GAME}"
Say = Callable[[str], None]


def up(config: LabConfig, say: Say = print) -> None:
    """Start what is not running; seed a fresh lab with blue on the first release.

    Raises LabError if an earlier lab broke in a way that only `down` can fix.
    """
    ensure_binaries(config, say)
    started = time.monotonic()

    def step(text: str) -> None:
        say(f"[{time.monotonic() - started:5.1f} s] {text}")

    _link_programs(config)
    fresh = _start_aws(config)
    account = seed.Account(config)
    if fresh:
        step("AWS endpoint is up: seeding the network, the load balancer and the cluster arena-blue")
        _seed(config, account, step)
    elif not seed.is_seeded(account):
        raise LabError("the lab was left half built; run: python -m lab down, then: python -m lab up")
    _ensure_running(config, "alb", ["python", "-m", "lab.alb"])
    for name in running_clusters(config):
        _repair_cluster(config, name)
    step("waiting for the game behind the load balancer")
    _wait_for_game(config)
    step(f"the lab is up; match requests go to {game_url(config)}")


def _link_programs(config: LabConfig) -> None:
    folder = config.state / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(config.binary(name))


def _start_aws(config: LabConfig) -> bool:
    """Start the AWS endpoint; True if it is new, and so its account empty."""
    record = processes.read_record(config, "aws")
    if record and processes.find_process(record):
        return False
    if record:
        raise LabError(
            "the lab's AWS endpoint has died, and its account with it (it lives in memory);"
            f" its last words are in {record.log}. Run: python -m lab down, then: python -m lab up"
        )
    check_port_free(config.aws_address, AWS_PORT)
    check_port_free(config.load_balancer_address(1), seed.LISTENER_PORT)
    record = processes.start(config, "aws", ["python", "-m", "lab.aws"])
    processes.wait_until_listening(record, config.aws_address, AWS_PORT)
    return True


def check_port_free(address: str, port: int) -> None:
    """Refuse an address that someone else listens on, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise LabError(
                f"{address}:{port} is in use ({error.strerror}); end the program that listens there,"
                " or set LAB_NUMBER to another number from 1 to 99"
            ) from None


def _ensure_running(config: LabConfig, name: str, argv: list[str]) -> None:
    record = processes.read_record(config, name)
    if record is None or processes.find_process(record) is None:
        processes.start(config, name, argv)


def _seed(config: LabConfig, account: seed.Account, step: Say) -> None:
    subnets = seed.seed_network(account.client("ec2"))
    seed.seed_roles(account.client("iam"))
    seed.seed_bucket(account.client("s3"))
    target_group = seed.seed_target_groups(account.client("elbv2"), subnets["vpc"][0])
    seed.seed_load_balancer(account.client("elbv2"), subnets["public"], target_group)
    _ensure_running(config, "alb", ["python", "-m", "lab.alb"])
    seed.package_charts(config, RELEASES)
    release = seed.load_release(
        seed.FIRST_RELEASE,
        {
            "eks_bluegreen_target": {
                "slot": "blue",
                "cluster_name": seed.CLUSTER_NAMES["blue"],
                "target_group_arns": {"matchmaker": target_group},
            },
            "eks_bluegreen_region": config.region,
            "eks_bluegreen_matchmaking_queue": config.queue,
            "lab_charts": str(config.state / "charts"),
        },
    )
    seed.seed_document(account.client("ssm"))
    if config.queue == "shared":
        seed.seed_tickets(account.client("dynamodb"))
    # A cluster's creator is its administrator, so the user who upgrades later creates it.
    seed.seed_cluster(seed.Account(config, OPERATOR), subnets, release, "blue")
    step("arena-blue is ACTIVE: installing the charts of release 2026-10")
    kubeconfig = cluster_facts(config, seed.CLUSTER_NAMES["blue"])["kubeconfig"]
    seed.install_charts(config, kubeconfig, release)
    seed.start_director(config, kubeconfig)


def cluster_facts(config: LabConfig, name: str) -> Any:
    return json.loads((config.cluster_dir(name) / "cluster.json").read_text())


def running_clusters(config: LabConfig) -> list[str]:
    return sorted(path.parent.name for path in config.state.glob("clusters/*/cluster.json"))


def _repair_cluster(config: LabConfig, name: str) -> None:
    """Start again the two helpers of a cluster if they died."""
    for program, module in (("node-agent", "lab.node_agent"), ("game-servers", "lab.game.servers")):
        _ensure_running(config, f"{program}-{name}", ["python", "-m", module, "--cluster", name])


def game_url(config: LabConfig) -> str:
    return f"http://{config.load_balancer_address(1)}:{seed.LISTENER_PORT}/match"


def _wait_for_game(config: LabConfig, timeout: float = 60.0) -> None:
    url = game_url(config).replace("/match", "/healthz")
    deadline = time.monotonic() + timeout
    while True:
        try:
            if fetch(url).status == 200:
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise LabError(
                    f"no healthy matchmaker behind {url} after {timeout:.0f} s ({error}); see {config.state}/logs"
                ) from None
        time.sleep(0.3)


def require_running(config: LabConfig) -> None:
    record = processes.read_record(config, "aws")
    if record is None or processes.find_process(record) is None:
        raise LabError("the lab is not running; run: make lab-up")


def fetch(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=3)


def down(config: LabConfig, say: Say = print) -> None:
    """End every process of the lab and remove its state, but keep the logs."""
    faults.resume_all(config)
    records = processes.list_records(config)
    # Programs that restart others go first: the node agents end their pods themselves.
    first = [record.name for record in records if record.name.startswith(("aws", "node-agent", "players"))]
    for name in [*first, *(record.name for record in records if record.name not in first)]:
        if processes.stop(config, name):
            say(f"ended {name}")
    for cluster in sorted(config.state.glob("kwok/clusters/*")):
        command = [str(config.binary("kwokctl")), "delete", "cluster", "--name", cluster.name]
        result = subprocess.run(
            command, env={"KWOK_WORKDIR": str(config.state / "kwok"), "HOME": str(config.state)}, capture_output=True
        )
        say(f"deleted cluster {cluster.name}" if result.returncode == 0 else f"kwokctl: {result.stderr.decode()}")
    left = _wait_until_ended(config)
    if left:
        names = ", ".join(str(process.pid) for process in left)
        raise LabError(f"these processes of the lab did not end: {names}")
    for name in ("clusters", "kwok", "processes", "bin", "charts"):
        shutil.rmtree(config.state / name, ignore_errors=True)
    say("the lab is down")


def _wait_until_ended(config: LabConfig, timeout: float = 10.0) -> list[psutil.Process]:
    """What is still alive after `timeout` seconds; a killed process takes a moment on a busy machine."""
    deadline = time.monotonic() + timeout
    while (left := lab_processes(config)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def lab_processes(config: LabConfig) -> list[psutil.Process]:
    """Every live process of this lab: recorded ones, what they started, and the clusters' components."""
    found: dict[int, psutil.Process] = {}
    for record in processes.list_records(config):
        process = processes.find_process(record)
        if process:
            for one in [process, *process.children(recursive=True)]:
                found[one.pid] = one
    state = f"{config.state}/"
    for process in psutil.process_iter(["cmdline"]):
        if any(state in part for part in process.info["cmdline"] or []) and process.pid != psutil.Process().pid:
            found[process.pid] = process
    return [process for process in found.values() if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def memory_mib(config: LabConfig) -> float:
    """Proportional set size of all the lab's processes, in MiB."""
    total = 0
    for process in lab_processes(config):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 2**20


def status(config: LabConfig) -> dict[str, Any]:
    """What runs, as data: processes, clusters with their Fleets, weights, destination."""
    require_running(config)
    records = processes.list_records(config)
    found: dict[str, Any] = {
        "endpoint": config.aws_endpoint,
        "match_url": game_url(config),
        "memory_mib": round(memory_mib(config)),
        "processes": {record.name: bool(processes.find_process(record)) for record in records},
        "clusters": {},
    }
    account = seed.Account(config)
    for name in running_clusters(config):
        facts = cluster_facts(config, name)
        found["clusters"][name] = {
            "version": facts["version"],
            "kubeconfig": facts["kubeconfig"],
            "fleet": _fleet_status(config, facts["kubeconfig"]),
        }
    document = account.client("ssm").get_parameter(Name=seed.DOCUMENT)["Parameter"]["Value"]
    found["session_destination"] = json.loads(document)["weights"]
    return found


def _fleet_status(config: LabConfig, kubeconfig: str) -> Any:
    command = [str(config.binary("kubectl")), "--kubeconfig", kubeconfig, "get", "--raw", FLEET_PATH]
    result = subprocess.run(command, capture_output=True, text=True)
    return json.loads(result.stdout)["status"] if result.returncode == 0 else None
