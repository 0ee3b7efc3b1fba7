"""The load balancers' data plane, run as the lab runs it, against the lab's AWS endpoint."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.world import processes
from lab.world.config import AWS_PORT, LabConfig
from lab.world.seed import Account

NUMBER = "44"
# Of our own: Ansible's open_url installs one for the whole process that keeps cookies.
OPENER = urllib.request.build_opener()
PORT = 8080
HEALTH = {
    "HealthCheckPath": "/healthz",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "UnhealthyThresholdCount": 2,
}


class Target:
    """A server that answers with its own name, on an address of its own."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.mute = False
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                target.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                target.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((address, PORT), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if self.mute:
            handler.close_connection = True
            return
        body = f"{self.name} {handler.path}".encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabConfig]:
    folder: Path = tmp_path_factory.mktemp("lab")
    config = LabConfig.from_environment({"LAB_NUMBER": NUMBER, "LAB_STATE": str(folder)})
    aws = processes.start(config, "aws", ["python", "-m", "lab.aws"])
    try:
        processes.wait_until_listening(aws, config.aws_address, AWS_PORT)
        processes.start(config, "alb", ["python", "-m", "lab.alb"], {"LAB_ALB_PROPAGATION_SECONDS": "0.3"})
        yield config
    finally:
        for name in ("alb", "aws"):
            processes.stop(config, name)


@pytest.fixture(scope="module")
def elbv2(config: LabConfig) -> Any:
    return Account(config).client("elbv2")


@pytest.fixture(scope="module")
def targets(config: LabConfig) -> Iterator[dict[str, Target]]:
    found = {name: Target(name, config.address(9, n)) for n, name in enumerate(("blue", "green"), 1)}
    yield found
    for target in found.values():
        target.close()


@pytest.fixture(scope="module")
def groups(config: LabConfig, elbv2: Any, targets: dict[str, Target]) -> dict[str, str]:
    """Target groups by slot, each with its target."""
    found = {}
    vpc = Account(config).client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    for slot, target in targets.items():
        group = elbv2.create_target_group(
            Name=f"arena-{slot}", Protocol="HTTP", Port=PORT, VpcId=vpc, TargetType="ip", **HEALTH
        )["TargetGroups"][0]
        found[slot] = group["TargetGroupArn"]
        elbv2.register_targets(TargetGroupArn=found[slot], Targets=[{"Id": target.address, "Port": PORT}])
    return found


def forward(groups: dict[str, str], blue: int, green: int, sticky: int = 0) -> list[dict[str, Any]]:
    config: dict[str, Any] = {
        "TargetGroups": [
            {"TargetGroupArn": groups["blue"], "Weight": blue},
            {"TargetGroupArn": groups["green"], "Weight": green},
        ]
    }
    if sticky:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return [{"Type": "forward", "ForwardConfig": config}]


@pytest.fixture(scope="module")
def listener(config: LabConfig, elbv2: Any, groups: dict[str, str]) -> str:
    ec2 = Account(config).client("ec2")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    balancer = elbv2.create_load_balancer(Name="arena", Subnets=subnets, Type="application")["LoadBalancers"][0]
    created = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=PORT,
        DefaultActions=forward(groups, 100, 0),
    )
    return str(created["Listeners"][0]["ListenerArn"])


def ask(config: LabConfig, path: str = "/x", **headers: str) -> tuple[int, str, Any]:
    url = f"http://{config.load_balancer_address(1)}:{PORT}{path}"
    try:
        with OPENER.open(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers
    except OSError as error:
        return 0, str(error), {}


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def answers(config: LabConfig, count: int = 20) -> set[str]:
    return {ask(config)[1].partition(" ")[0] for _ in range(count)}


def health(elbv2: Any, arn: str) -> str:
    found = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return str(found[0]["TargetHealth"]["State"]) if found else "none"


def test_weights_move_traffic_without_a_failure(
    config: LabConfig, elbv2: Any, groups: dict[str, str], listener: str
) -> None:
    wait_for(lambda: ask(config)[0] == 200)
    assert answers(config) == {"blue"}
    wait_for(lambda: health(elbv2, groups["green"]) == "healthy")

    failures: list[tuple[int, str]] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            status, body, _ = ask(config)
            if status != 200:
                failures.append((status, body))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 50, 50))
    wait_for(lambda: answers(config) == {"blue", "green"})
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 0, 100))
    wait_for(lambda: answers(config) == {"green"})
    done.set()
    asking.join()
    assert failures == []


def test_counts_tell_requests_by_target_group(config: LabConfig, groups: dict[str, str], listener: str) -> None:
    wait_for(lambda: ask(config)[0] == 200)

    def counts() -> Any:
        url = f"http://{config.load_balancer_address(1)}:9090/counts"
        return json.load(urllib.request.urlopen(url, timeout=5))

    before = sum(one["requests"] for one in counts().values())
    for _ in range(5):
        ask(config)
    after = counts()
    assert sum(one["requests"] for one in after.values()) == before + 5
    assert all(set(one["status"]) <= {"200"} for one in after.values())
    known = json.loads((config.state / "alb.json").read_text())
    assert known == {"arena": {"address": config.load_balancer_address(1), "listeners": [PORT]}}


def test_a_cookie_beats_the_weights(config: LabConfig, elbv2: Any, groups: dict[str, str], listener: str) -> None:
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 0, 100, sticky=60))
    wait_for(lambda: "AWSALBTG" in (ask(config)[2]["Set-Cookie"] or ""))
    cookie = ask(config)[2]["Set-Cookie"].partition(";")[0]
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 100, 0, sticky=60))
    wait_for(lambda: answers(config) == {"blue"})
    assert {ask(config, Cookie=cookie)[1].partition(" ")[0] for _ in range(10)} == {"green"}
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 100, 0))


def test_rules_by_path_send_elsewhere(config: LabConfig, elbv2: Any, groups: dict[str, str], listener: str) -> None:
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 100, 0))
    rule = elbv2.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/match*"]}],
        Actions=forward(groups, 0, 100),
    )["Rules"][0]["RuleArn"]
    wait_for(lambda: ask(config, "/match?party=1")[1] == "green /match?party=1")
    wait_for(lambda: ask(config, "/other")[1] == "blue /other")
    elbv2.delete_rule(RuleArn=rule)
    wait_for(lambda: ask(config, "/match")[1] == "blue /match")


def test_without_a_healthy_target_the_answer_is_503(
    config: LabConfig, elbv2: Any, groups: dict[str, str], targets: dict[str, Target], listener: str
) -> None:
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 0, 100))
    wait_for(lambda: answers(config) == {"green"})
    targets["green"].mute = True
    assert ask(config)[0] == 502
    wait_for(lambda: ask(config)[0] == 503)
    wait_for(lambda: health(elbv2, groups["green"]) == "unhealthy")
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward(groups, 100, 0))
    wait_for(lambda: answers(config) == {"blue"})
