"""Clusters of real Kubernetes processes, run by kwokctl on loopback addresses of the lab."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization

from lab.aws.eks.api_server import ApiServer
from lab.aws.eks.catalog import POLICY_ROLES, policy_group
from lab.aws.eks.runtime import ClusterPlan
from lab.aws.eks.state import BootedCluster, Json
from lab.world import processes
from lab.world.config import LabConfig, LabError

LOG = logging.getLogger(__name__)
API_PORT = 6443
PORTS = {
    "kubeApiserverPort": API_PORT,
    "etcdPort": 2379,
    "etcdPeerPort": 2380,
    "kubeControllerManagerPort": 10257,
    "kubeSchedulerPort": 10259,
}
KWOK_PORT = 10247
# A cold boot takes 4 s; several at once on a busy machine take far longer.
BOOT_SECONDS = 120.0
# What accompanies a cluster: name of the process -> module.
PROGRAMS = {"node-agent": "lab.node_agent", "game-servers": "lab.game.servers"}


class KwokLauncher:
    """Implements lab.aws.eks.runtime.ClusterLauncher with kwokctl's binary runtime.

    Every cluster has an address of its own and the usual ports, so that neither two clusters nor two labs meet.
    """

    def __init__(self, config: LabConfig) -> None:
        self._config = config
        self._workdir = config.state / "kwok"

    def boot(self, plan: ClusterPlan) -> BootedCluster:
        address = self._config.control_address(plan.index)
        self._check_binaries()
        check_ports_free(address)
        folder = self._config.cluster_dir(plan.name)
        folder.mkdir(parents=True, exist_ok=True)
        settings = self._settings(plan, address)
        (folder / "kwokctl.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        (folder / "internal.kubeconfig").write_text(yaml.safe_dump(self._internal_kubeconfig(plan.name, address)))
        (folder / "token-review.kubeconfig").write_text(yaml.safe_dump(self._webhook_kubeconfig(plan.name)))
        self._create(plan, folder)
        booted = self._booted(plan.name, address, folder)
        api = self._api(plan.name)
        api.wait_ready(timeout=BOOT_SECONDS)
        for policy, role in POLICY_ROLES.items():
            api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", _role_binding(policy, role))
        return booted

    def _pki(self, name: str) -> Path:
        return self._workdir / "clusters" / name / "pki"

    def _check_binaries(self) -> None:
        for name in (
            "kwokctl",
            "kwok",
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubectl",
        ):
            if not self._config.binary(name).exists():
                raise LabError(f"{self._config.binary(name)} is missing; run: python -m lab binaries")

    def _settings(self, plan: ClusterPlan, address: str) -> Json:
        """kwokctl's configuration. kwokctl assumes that etcd and the API server are at 127.0.0.1, whatever address they
        are bound to; the overrides put that right."""
        folder = self._config.cluster_dir(plan.name)
        api_server = {
            "etcd-servers": f"http://{address}:{PORTS['etcdPort']}",
            "service-account-issuer": plan.issuer,
        }
        api_server_more = {
            "emulated-version": plan.version,
            "service-cluster-ip-range": "172.20.0.0/16",
            "authentication-token-webhook-config-file": str(folder / "token-review.kubeconfig"),
            "authentication-token-webhook-version": "v1",
            # Long enough to spare the endpoint, short enough that a new access entry counts at once for people.
            "authentication-token-webhook-cache-ttl": "5s",
            # The Service `kubernetes` may not have a loopback address as its endpoint.
            "endpoint-reconciler-type": "none",
        }
        way_in = {"kubeconfig": str(folder / "internal.kubeconfig")}
        return {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "options": {
                "runtime": "binary",
                "bindAddress": address,
                "kubeApiserverCertSANs": [address],
                **PORTS,
                "kwokControllerPort": KWOK_PORT,
                "disableQPSLimits": True,
                "etcdBinary": str(self._config.binary("etcd")),
                "kubectlBinary": str(self._config.binary("kubectl")),
                "kubeApiserverBinary": str(self._config.binary("kube-apiserver")),
                "kubeControllerManagerBinary": str(self._config.binary("kube-controller-manager")),
                "kubeSchedulerBinary": str(self._config.binary("kube-scheduler")),
                "kwokControllerBinary": str(self._config.binary("kwok")),
            },
            "componentsPatches": [
                _patch("etcd", {}, {"unsafe-no-fsync": "true"}),
                _patch("kube-apiserver", api_server, api_server_more),
                # Kubernetes' own defaults. Without a limit the disruption controller asks for the scale of every game
                # server whenever one of their pods changes, which takes half a core for 50 sessions.
                _patch(
                    "kube-controller-manager",
                    {**way_in, "kube-api-qps": "20", "kube-api-burst": "30"},
                    {"leader-elect": "false"},
                ),
                _patch("kube-scheduler", way_in, {"leader-elect": "false"}),
                _patch(
                    "kwok-controller",
                    {**way_in, "manage-all-nodes": "false"},
                    {"manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake"},
                ),
            ],
        }

    def _internal_kubeconfig(self, name: str, address: str) -> Json:
        pki = self._pki(name)
        user = {"client-certificate": str(pki / "admin.crt"), "client-key": str(pki / "admin.key")}
        cluster = {"server": f"https://{address}:{API_PORT}", "certificate-authority": str(pki / "ca.crt")}
        return _kubeconfig(cluster, user)

    def _webhook_kubeconfig(self, name: str) -> Json:
        return _kubeconfig({"server": f"{self._config.aws_endpoint}/lab/token-review/{name}"}, {})

    def _create(self, plan: ClusterPlan, folder: Path) -> None:
        """Run kwokctl until the API server answers. It waits for that with a kubeconfig that it writes itself."""
        own = self._workdir / "clusters" / plan.name / "kubeconfig.yaml"
        log = self._config.log(f"kwokctl-{plan.name}")
        log.parent.mkdir(parents=True, exist_ok=True)
        command = ["create", "cluster", "--name", plan.name, "--config", str(folder / "kwokctl.yaml"), "--kubeconfig="]
        deadline = time.monotonic() + BOOT_SECONDS
        with log.open("ab") as output:
            child = subprocess.Popen(
                [str(self._config.binary("kwokctl")), *command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            while child.poll() is None:
                _correct_server(own, self._config.control_address(plan.index))
                if time.monotonic() > deadline:
                    child.kill()
                    child.wait()
                    raise LabError(
                        f"cluster {plan.name} was not up after {BOOT_SECONDS:.0f} s; see {log} and {own.parent}/logs"
                    )
                time.sleep(0.02)
        if child.returncode:
            raise LabError(f"kwokctl could not create cluster {plan.name} (exit {child.returncode}):\n{_tail(log)}")

    def _environment(self) -> dict[str, str]:
        return {"KWOK_WORKDIR": str(self._workdir), "HOME": str(self._config.state), "PATH": "/usr/bin:/bin"}

    def _booted(self, name: str, address: str, folder: Path) -> BootedCluster:
        """Write the administrator's kubeconfig, which needs no other file, and read the cluster's keys."""
        pki = self._pki(name)
        ca, certificate, key = (pki.joinpath(file).read_bytes() for file in ("ca.crt", "admin.crt", "admin.key"))
        endpoint = f"https://{address}:{API_PORT}"
        kubeconfig = folder / "kubeconfig"
        content = _kubeconfig(
            {"server": endpoint, "certificate-authority-data": _base64(ca)},
            {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)},
        )
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(content))
        private = serialization.load_pem_private_key(key, password=None)
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return BootedCluster(endpoint, str(kubeconfig), ca.decode(), public.decode())

    def _api(self, name: str) -> ApiServer:
        return ApiServer(self._config.cluster_dir(name) / "internal.kubeconfig")

    def start_programs(self, plan: ClusterPlan) -> None:
        for program, module in PROGRAMS.items():
            processes.start(self._config, f"{program}-{plan.name}", ["python", "-m", module, "--cluster", plan.name])

    def admit_profile(self, name: str, profile: str) -> None:
        registered = self._config.cluster_dir(name) / "node-agent" / "registered.json"
        deadline = time.monotonic() + BOOT_SECONDS
        while profile not in (json.loads(registered.read_text()) if registered.exists() else []):
            if time.monotonic() > deadline:
                raise LabError(f"the node agent does not take up profile {profile}; see {self._config.state}/logs")
            time.sleep(0.1)

    def delete(self, name: str) -> None:
        for program in PROGRAMS:
            processes.stop(self._config, f"{program}-{name}")
        home = self._workdir / "clusters" / name
        if home.exists():
            shutil.copytree(home / "logs", self._config.state / "logs" / name, dirs_exist_ok=True)
            result = subprocess.run(
                [str(self._config.binary("kwokctl")), "delete", "cluster", "--name", name],
                env=self._environment(),
                capture_output=True,
                text=True,
            )
            if result.returncode:
                raise LabError(f"kwokctl could not delete cluster {name}: {result.stderr.strip()[-500:]}")
        shutil.rmtree(self._config.cluster_dir(name), ignore_errors=True)

    def add_nodes(self, name: str, nodes: Sequence[Json]) -> None:
        self._api(name).add_nodes(nodes)

    def update_node(self, name: str, node: str, labels: Mapping[str, str | None], taints: Sequence[Json]) -> None:
        self._api(name).update_node(node, labels, taints)

    def remove_nodes(self, name: str, nodes: Sequence[str]) -> None:
        self._api(name).remove_nodes(nodes)

    def forget_all(self) -> list[str]:
        folders = [*self._workdir.glob("clusters/*"), *self._config.state.glob("clusters/*")]
        names = sorted({folder.name for folder in folders})
        for name in names:
            self.delete(name)
        return names


def check_ports_free(address: str) -> None:
    for port in (*PORTS.values(), KWOK_PORT):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise LabError(
                    f"{address}:{port} is in use ({error.strerror}): end the program that listens there,"
                    " or set LAB_NUMBER to another number"
                ) from None


def _patch(component: str, overrides: Mapping[str, str], more: Mapping[str, str]) -> Json:
    arguments: list[Json] = [{"key": key, "value": value, "override": True} for key, value in overrides.items()]
    arguments += [{"key": key, "value": value} for key, value in more.items()]
    return {"name": component, "extraArgs": arguments}


def _correct_server(kubeconfig: Path, address: str) -> None:
    try:
        text = kubeconfig.read_text()
    except FileNotFoundError:
        return
    corrected = text.replace(f"https://127.0.0.1:{API_PORT}", f"https://{address}:{API_PORT}")
    if corrected != text:
        part = kubeconfig.with_suffix(".part")
        part.write_text(corrected)
        part.replace(kubeconfig)


def _kubeconfig(cluster: Json, user: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }


def _role_binding(policy: str, role: str) -> Json:
    group = policy_group(policy)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": group},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
