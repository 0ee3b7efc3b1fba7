"""The examples in the documentation of the AWS modules, run as they stand, by ansible-playbook.

Only what AWS itself gives out is replaced: the ids of subnets and of the VPC. Each task of a module runs twice; the
second time must change nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from botocore.exceptions import ClientError

from lab.world import seed
from lab.world.config import REPOSITORY
from tests.contract.aws.world import World, free_config, running, wait_until

COLLECTION = "gameops.eks_bluegreen."
MODULES = sorted(
    path.stem
    for pattern in ("eks_*.py", "elbv2_*.py", "iam_oidc_provider.py")
    for path in (REPOSITORY / "plugins/modules").glob(pattern)
)
FIRST = "eks_cluster"
# Before these, the example of another module must have run.
AFTER = {"elbv2_target_group_swap_info": "elbv2_target_group_swap"}
# These have a load balancer, which keeps target groups from being removed: another example does just that.
ON_LOAD_BALANCER = ("elbv2_target_group_swap", "elbv2_target_group_swap_info")
INVENTED_ID = re.compile(r"\b(subnet|vpc|sg)-[0-9a-f]{1,17}\b")
ROLE_NAME = re.compile(r"arn:aws:iam::123456789012:role/([\w-]+)")
ISSUER = re.compile(r"https://oidc\.eks\.\S+/id/[0-9A-F]{32}")


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An endpoint of its own, for examples have fixed names."""
    config = free_config(tmp_path_factory.mktemp("examples"), first=62)
    with running(config, "tests.contract.aws.fake_endpoint") as world:
        yield world


def documentation(module: str) -> Any:
    return importlib.import_module(f"ansible_collections.gameops.eks_bluegreen.plugins.modules.{module}")


def examples(world: World, module: str) -> str:
    """The module's examples with ids that exist."""
    text = str(documentation(module).EXAMPLES)
    ids = {
        "subnet-0a": world.subnets["public"][0],
        "subnet-0b": world.subnets["public"][1],
        "subnet-1a": world.subnets["private"][0],
        "subnet-1b": world.subnets["private"][1],
        "vpc-0123456789abcdef0": world.subnets["vpc"][0],
    }
    invented = {found.group() for found in INVENTED_ID.finditer(text)}
    assert invented <= set(ids), f"{module}: no such ids in the account: {invented - set(ids)}"
    for name in invented:
        text = text.replace(name, ids[name])
    return text.replace("arena-matchmaker-", "swap-matchmaker-") if module in ON_LOAD_BALANCER else text


def tasks(text: str) -> list[dict[str, Any]]:
    """Each task, and behind it the same once more if it is one of ours, which must not change anything then."""
    listed: list[dict[str, Any]] = []
    for task in yaml.safe_load(text):
        listed.append({"register": "example", **task})
        ours = [key for key in task if key.startswith(COLLECTION)]
        if ours:
            unchanged = {"that": f"{listed[-1]['register']} is not changed", "quiet": True}
            if not ours[0].endswith("_info"):
                listed.append({**listed[-1], "name": f"{task['name']} (again)"})
            listed.append({"name": "Nothing to do", "ansible.builtin.assert": unchanged})
        elif "register" not in task:
            del listed[-1]["register"]
    return listed


def write_playbook(folder: Path, texts: dict[str, str]) -> None:
    """A host for each module: first the clusters, then the others side by side."""
    for host in texts:
        parts = [name for name in texts if name == host or AFTER.get(name) == host]
        listed = [task for name in parts for task in tasks(texts[name])]
        (folder / f"{host}.yml").write_text(yaml.safe_dump(listed, sort_keys=False))
    others = [name for name in texts if name != FIRST and name not in AFTER]
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"all": {"hosts": dict.fromkeys([FIRST, *others]), "vars": variables}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(hosts))
    include = [{"ansible.builtin.include_tasks": "{{ inventory_hostname }}.yml"}]
    plays = [
        {"hosts": FIRST, "gather_facts": False, "tasks": include},
        {"hosts": ",".join(others), "gather_facts": False, "strategy": "ansible.builtin.free", "tasks": include},
    ]
    (folder / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))


def stage_account(world: World, texts: dict[str, str]) -> None:
    """What the examples take for granted: roles, blue's cluster, target groups, load balancers."""
    iam = world.client("iam")
    for role in {found.group(1) for text in texts.values() for found in ROLE_NAME.finditer(text)}:
        try:
            iam.get_role(RoleName=role)
        except ClientError:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=seed.TRUST)
    for issuer in {found.group() for text in texts.values() for found in ISSUER.finditer(text)}:
        iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    world.eks.create_cluster(**world.cluster_request("arena-blue", deletionProtection=True))
    wait_until(lambda: world.cluster("arena-blue")["status"], "ACTIVE")
    world.create_nodegroup("arena-blue")
    world.create_profile("arena-blue")
    stage_target_groups(world)


def stage_target_groups(world: World) -> None:
    elbv2, vpc = world.client("elbv2"), world.subnets["vpc"][0]
    elbv2.create_target_group(Name="arena-matchmaker-blue", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
    health = {}
    for balancer, kind, protocol, port, names in (
        ("arena", "application", "HTTP", 80, "swap-matchmaker"),
        ("arena-udp", "network", "UDP", 7000, "arena-voice"),
    ):
        arns = {}
        for number, slot in enumerate(("blue", "green")):
            group = {"Protocol": protocol, "Port": port, "VpcId": vpc, "TargetType": "ip"}
            made = elbv2.create_target_group(Name=f"{names}-{slot}", **group)["TargetGroups"][0]
            address = f"10.40.64.{10 + number}"
            elbv2.register_targets(TargetGroupArn=made["TargetGroupArn"], Targets=[{"Id": address, "Port": port}])
            health[made["TargetGroupArn"]] = {f"{address}:{port}": {"state": "healthy"}}
            arns[slot] = made["TargetGroupArn"]
        public = world.subnets["public"]
        made = elbv2.create_load_balancer(Name=balancer, Subnets=public, Type=kind)["LoadBalancers"][0]
        weights = {"blue": 100, "green": 0}
        forward = {"TargetGroups": [{"TargetGroupArn": arns[slot], "Weight": weights[slot]} for slot in weights]}
        elbv2.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol=protocol,
            Port=port,
            DefaultActions=[{"Type": "forward", "ForwardConfig": forward}],
        )
    url = f"{world.config.aws_endpoint}/lab/target-health"
    with urlopen(Request(url, json.dumps(health).encode(), method="PUT"), timeout=5) as answer:
        assert answer.status == 200


def test_every_example_works_and_changes_nothing_the_second_time(own_world: World, tmp_path: Path) -> None:
    texts = {module: examples(own_world, module) for module in MODULES}
    stage_account(own_world, texts)
    write_playbook(tmp_path, texts)
    (tmp_path / "ansible.cfg").touch()
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "build/collections"),
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_DISPLAY_OK_HOSTS": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PIPELINING": "true",
        "AWS_ENDPOINT_URL": own_world.config.aws_endpoint,
        "AWS_REGION": own_world.config.region,
        "AWS_ACCESS_KEY_ID": seed.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": seed.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = ["ansible-playbook", "-i", "inventory.yml", "--forks", "4", "play.yml"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_examples(module: str) -> None:
    listed = yaml.safe_load(str(documentation(module).EXAMPLES))
    assert any(f"{COLLECTION}{module}" in task for task in listed)
    assert all(task.get("name") for task in listed)
