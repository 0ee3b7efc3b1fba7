"""Gives blue a Fleet without servers, as one that a game is about to give up."""

from __future__ import annotations

import json
import subprocess

from lab.world import world
from lab.world.config import LabConfig
from lab.world.seed import CLUSTER_NAMES, GAME

config = LabConfig.from_environment()
kubeconfig = world.cluster_facts(config, CLUSTER_NAMES["blue"])["kubeconfig"]
kubectl = [str(config.binary("kubectl")), "--kubeconfig", kubeconfig, "--namespace", GAME]

fleet = json.loads(subprocess.check_output([*kubectl, "get", "fleet", GAME, "--output=json"]))
retired = {
    "apiVersion": fleet["apiVersion"],
    "kind": "Fleet",
    "metadata": {"name": "retired"},
    "spec": {**fleet["spec"], "replicas": 0},
}
subprocess.run([*kubectl, "create", "--filename=-"], input=json.dumps(retired).encode(), check=True)
