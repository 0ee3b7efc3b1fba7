"""Which variables the files of roles and playbooks read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.nodes import Const, Filter, Name

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
PLAYBOOKS = sorted((ROOT / "playbooks").rglob("*.yml"))
SHARED = "eks_bluegreen_"
# The role that holds the defaults of what several roles read.
HOLDER = "options"
# Shared facts, which role slots sets.
FACTS = {
    f"{SHARED}{fact}"
    for fact in (
        *("source", "target", "run", "lease", "observed", "network", "nothing_to_do"),
        *("oidc_provider", "release_document"),
    )
}
# What Ansible and Jinja know by themselves.
BUILT_IN = (
    *("ansible_", "inventory_", "playbook_dir", "role_path", "groups", "group_names", "hostvars", "item", "omit"),
    *("dict", "lookup", "query", "range"),
)
# Keywords whose text is an expression without braces.
EXPRESSIONS = {"when", "that", "until", "failed_when", "changed_when", "break_when"}
JINJA = jinja2.Environment()


@cache
def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text()) if path.exists() else None


def shared_defaults() -> dict[str, Any]:
    found: dict[str, Any] = load(ROOT / "roles" / HOLDER / "defaults" / "main.yml")
    return found


def names_read(text: str) -> set[str]:
    """The variables that a template reads, but for those that it sets itself."""
    names = list(JINJA.parse(text).find_all(Name))
    return {name.name for name in names if name.ctx == "load"} - {name.name for name in names if name.ctx == "store"}


def own_defaults(text: str) -> set[str]:
    """The variables to which a template gives a default of its own; to leave an option out is none."""
    found = set()
    for one in JINJA.parse(text).find_all(Filter):
        if one.name in ("default", "d") and isinstance(one.node, Name):
            given = one.args[0] if one.args else None
            if not (isinstance(given, Name) and given.name == "omit"):
                found.add(one.node.name)
    return found


def templates(content: Any, keyword: str = "") -> Iterator[str]:
    """Every text of a YAML document as a template."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield str(key)
            yield from templates(value, str(key))
    elif isinstance(content, list):
        for value in content:
            yield from templates(value, keyword)
    elif isinstance(content, str):
        yield f"{{{{ {content} }}}}" if keyword in EXPRESSIONS else content


def locals_of(content: Any) -> Iterator[str]:
    """What the tasks of a file set for themselves, by `vars` or as the variable of a loop."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key == "vars" and isinstance(value, Mapping):
                yield from value
            elif key == "loop_var":
                yield value
            else:
                yield from locals_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from locals_of(value)


def templates_of(path: Path) -> list[str]:
    return [path.read_text()] if path.suffix == ".j2" else list(templates(load(path)))


@cache
def read_by_file(path: Path) -> frozenset[str]:
    found = set[str]().union(*map(names_read, templates_of(path)))
    set_here = set[str]() if path.suffix == ".j2" else set(locals_of(load(path)))
    return frozenset(name for name in found - set_here if not name.startswith(BUILT_IN))


def files_of(role: str, *folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / "roles" / role / folder).rglob("*.*"))]


def read_by_role(role: str, *folders: str) -> set[str]:
    """What the files of a role read; of what the shared role puts together, the parts."""
    return set[str]().union(*map(parts_of, named_by_role(role, *folders)))


def relies_on_holder(role: str) -> bool:
    """Whether a role reads anything that the shared role gives: a default, or what it puts together."""
    return role != HOLDER and not named_by_role(role).isdisjoint({*shared_defaults(), *put_together()})


def put_together() -> dict[str, Any]:
    found: dict[str, Any] = load(ROOT / "roles" / HOLDER / "vars" / "main.yml")
    return found


def named_by_role(role: str, *folders: str) -> set[str]:
    """What the files of a role name, put together or not."""
    chosen = folders or ("tasks", "vars", "templates", "defaults")
    return set[str]().union(*map(read_by_file, files_of(role, *chosen)))


@cache
def parts_of(name: str) -> frozenset[str]:
    """The options of which a variable is put together; itself, where it is none that the shared role makes."""
    made = put_together()
    if name not in made:
        return frozenset({name})
    texts = list(templates(made[name]))
    # A name that is put together begins with a text: 'eks_bluegreen_routing_' ~ provider.
    stems = {const.value for text in texts for const in JINJA.parse(text).find_all(Const) if _is_stem(const.value)}
    dynamic = {other for other in {*shared_defaults(), *made} if any(other.startswith(stem) for stem in stems)}
    read = set[str]().union(*map(names_read, texts)) | dynamic
    return frozenset().union(*(parts_of(one) for one in read if one != name and not one.startswith(BUILT_IN)))


def _is_stem(value: object) -> bool:
    return isinstance(value, str) and value.startswith(SHARED)


def is_of(role: str, name: str) -> bool:
    return name.startswith((f"{role}_", f"__{role}_"))
