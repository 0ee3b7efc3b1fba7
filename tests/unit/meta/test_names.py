"""The documents that ship name only variables that exist; the changelog tells of every playbook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
VARIABLE = re.compile(rf"\b(?:eks_bluegreen|{'|'.join(ROLES)})_[a-z0-9_]*[a-z0-9]\b")
DOCUMENTS = sorted(path for pattern in ("*.md", "docs/**/*.md", "roles/*/README.md") for path in ROOT.glob(pattern))
RENAMED = "## Renamed variables"


def variables(text: str) -> set[str]:
    return set(VARIABLE.findall(text))


def known() -> set[str]:
    """What roles, playbooks and the example inventory define or read."""
    folders = ("roles", "playbooks", "inventories/example")
    texts = [path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.y*ml")]
    return variables("\n".join(texts)) | MODULES


def named(path: Path) -> set[str]:
    return variables(path.read_text().partition(RENAMED)[0])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_variables_that_exist(document: Path) -> None:
    assert named(document) - known() == set()


def test_the_changelog_tells_of_every_playbook() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert [name for name in PLAYBOOKS if f"`{name}`" not in text] == []


def renamed() -> dict[str, str]:
    """The changelog's table: old name to new."""
    table = (ROOT / "CHANGELOG.md").read_text().partition(RENAMED)[2]
    return dict(re.findall(r"^\| `(\w+)`[^|]* \| `(\w+)` \|$", table, re.MULTILINE))


def test_no_one_reads_a_variable_by_its_old_name() -> None:
    table = renamed()
    assert len(table) > 2
    assert known() & set(table) == set()
    assert set(table.values()) - known() == set()
