"""What `ansible-galaxy collection build` ships."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
from ansible.galaxy.collection import build_collection

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "docs",
    "extensions",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
# What tools leave in a working tree.
LEFT = [
    ".ansible/collections/one",
    ".cache/one",
    ".coverage",
    ".hypothesis/examples/one",
    ".lab-2/state.json",
    ".mypy_cache/3.12/one.json",
    ".pytest_cache/README.md",
    ".ruff_cache/0.1/one",
    ".venv/bin/python",
    ".vscode/settings.json",
    "build/collections/one",
    "gameops-eks_bluegreen-0.0.9.tar.gz",
    "inventories/lab/hosts.yml",
    "plugins/.mypy_cache/one.json",
    "plugins/modules/__pycache__/one.cpython-312.pyc",
    "reports/one.html",
    "tests/output/one.json",
]
KEPT = [
    "inventories/example/hosts.yml",
    "plugins/modules/one.py",
    "roles/one/tasks/main.yml",
]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in the artifact of a tree that has every entry of this one, with something small in each folder."""
    tree, output = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("output")
    for path in ROOT.iterdir():
        put(tree / path.name / "some.yml" if path.is_dir() else tree / path.name)
    for name in [*LEFT, *KEPT]:
        put(tree / name)
    shutil.copy(ROOT / "galaxy.yml", tree)
    with tarfile.open(build_collection(str(tree), str(output), force=False)) as archive:
        return archive.getnames()


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_the_artifact_has_these_entries_and_no_others(artifact: list[str]) -> None:
    assert {name.split("/")[0] for name in artifact} == SHIPPED


def test_what_tools_leave_is_not_shipped(artifact: list[str]) -> None:
    assert set(LEFT).isdisjoint(artifact)


def test_what_people_write_is_shipped(artifact: list[str]) -> None:
    assert set(KEPT) <= set(artifact)
