"""Every role's options are described where Ansible checks them, and have the defaults that are described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.roles.variables import (
    FACTS,
    ROOT,
    SHARED,
    load,
    named_by_role,
    parts_of,
    put_together,
    shared_defaults,
)

ROLES = ROOT / "roles"
NOTHING = object()


def role_names() -> list[str]:
    return sorted(path.parent.name for path in ROLES.glob("*/tasks") if any(path.glob("*.yml")))


def entry_points(role: str) -> dict[str, dict[str, Any]]:
    spec = load(ROLES / role / "meta" / "argument_specs.yml") or {}
    found: dict[str, dict[str, Any]] = spec.get("argument_specs", {})
    return found


def options_of(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = entry.get("options") or {}
    return found


def defaults_of(role: str) -> dict[str, Any]:
    """The defaults that a role has where it is used alone: its own, and those of what is shared."""
    return {**shared_defaults(), **(load(ROLES / role / "defaults" / "main.yml") or {})}


def described(role: str) -> set[str]:
    return {option for spec in entry_points(role).values() for option in options_of(spec)}


def each_option() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for role in role_names():
        for entry, spec in entry_points(role).items():
            for option, fields in options_of(spec).items():
                yield role, entry, option, fields


def is_template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


@pytest.mark.parametrize("role", role_names())
def test_every_entry_point_is_described_and_exists(role: str) -> None:
    entries = entry_points(role)
    assert "main" in entries, f"roles/{role}/meta/argument_specs.yml describes no entry point main"
    missing = [entry for entry in entries if not (ROLES / role / "tasks" / f"{entry}.yml").exists()]
    assert not missing, f"roles/{role}/tasks has no file for the described entry points {missing}"
    mute = [entry for entry, spec in entries.items() if not spec.get("short_description")]
    assert not mute, f"entry points {mute} of role {role} have no short_description"


@pytest.mark.parametrize("role", role_names())
def test_every_default_is_an_option_and_every_option_has_a_default(role: str) -> None:
    defaults = load(ROLES / role / "defaults" / "main.yml") or {}
    assert not set(defaults) - described(role), "defaults without a description in argument_specs.yml"
    assert not {name for name in defaults if name.startswith(SHARED)}, "defaults of what is shared"
    needed = {
        option
        for spec in entry_points(role).values()
        for option, fields in options_of(spec).items()
        if not fields.get("required") and "default" in fields
    }
    assert not needed - set(defaults_of(role)), "options whose default is described, but not in defaults/main.yml"


@pytest.mark.parametrize("role", role_names())
def test_every_shared_option_that_a_role_reads_is_described(role: str) -> None:
    named = {name for name in named_by_role(role, "tasks", "vars", "templates") if name.startswith(SHARED)}
    assert named - FACTS - set(put_together()) - described(role) == set()


@pytest.mark.parametrize("name", sorted(set[str]().union(*map(named_by_role, role_names())) & set(put_together())))
def test_the_parts_of_what_is_put_together_are_described_by_one_of_its_readers(name: str) -> None:
    readers = [role for role in role_names() if name in named_by_role(role)]
    by_them = set[str]().union(*map(described, readers))
    assert parts_of(name) - FACTS - by_them == set()


@pytest.mark.parametrize("option", sorted({one[2] for one in each_option() if one[2].startswith(SHARED)}))
def test_a_shared_option_is_the_same_wherever_it_is_described(option: str) -> None:
    found = [fields for _role, _entry, name, fields in each_option() if name == option]
    for key in ("type", "elements", "default"):
        assert all(fields.get(key) == found[0].get(key) for fields in found), f"{option} has more than one {key}"
    choices = [fields["choices"] for fields in found if "choices" in fields]
    assert all(one == choices[0] for one in choices), f"{option} has more than one set of choices"


@pytest.mark.parametrize(
    ("role", "entry", "option", "fields"),
    [pytest.param(*one, id=f"{one[0]}-{one[1]}-{one[2]}") for one in each_option()],
)
def test_an_option_is_described_truly(role: str, entry: str, option: str, fields: dict[str, Any]) -> None:
    assert option.startswith((f"{role}_", "eks_bluegreen_")), f"{option} does not carry the name of role {role}"
    assert fields.get("description"), f"{option} is not described"
    assert fields.get("type"), f"{option} has no type"
    default = defaults_of(role).get(option, NOTHING)
    if default is NOTHING or is_template(default):
        return
    assert not fields.get("required"), f"{option} is required and has a default"
    assert fields.get("default", NOTHING) == default, f"{option}: argument_specs.yml describes another default"


@pytest.mark.parametrize("role", role_names())
def test_every_role_answers_the_questions_of_its_readme(role: str) -> None:
    readme = ROLES / role / "README.md"
    assert readme.exists(), f"roles/{role} has no README.md"
    text = readme.read_text().lower()
    missing = [word for word in ("outcome", "idempotent", "check mode", "rolled back") if word not in text]
    assert not missing, f"roles/{role}/README.md does not say: {', '.join(missing)}"
