"""The folders of the library: which may import which, how big one may be, and that a name means one thing."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
LIBRARY = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.gameops.eks_bluegreen.plugins.module_utils"

# From the bottom up: a folder imports from those above it in this list, and from no other. The reason says why it is
# where it is.
ORDER = (
    ("_errors", "what everything raises"),
    ("_types", "the shapes of data that everything passes on"),
    ("_clock", "time, injected everywhere"),
    ("_urls", "what of an address may be shown"),
    ("_fields", "how a field of a resource is compared, whatever the resource"),
    ("_entries", "what an entry of a user's list lacks, whatever the list"),
    ("_release", "what a release's file says, which charts and preflight are about"),
    ("_parallel", "calls side by side, whatever is called"),
    ("_round", "what a module that works in rounds returns, whatever it works on"),
    ("_aws", "how any AWS call is made and fails"),
    ("_findings", "what any observation found wrong"),
    ("_run", "the run record and its lease: whatever writes asks it first, so it knows none of them"),
    ("_access", "credentials and kubeconfigs: the way to AWS and to a cluster"),
    ("_agones", "what a GameServer is, what protects its session, and how the API server is asked"),
    ("_ec2", "subnets and instances, which clusters and load balancers refer to"),
    ("_elbv2", "load balancers: they need no cluster"),
    ("_eks", "clusters and what belongs to them"),
    ("_charts", "what is installed in a cluster"),
    ("_activation", "which slot may allocate and run singletons: the fence comes before sizes and drains"),
    ("_fleets", "how many game servers a slot has: the drain counts on their seats"),
    ("_drain", "asks sessions to leave, within the seats that Fleets have"),
    ("_probe", "plays a session of its own, and drains it as the drain would"),
    ("_routing", "where new sessions start; one provider follows the load balancer"),
    ("_slots", "observes all of the above for both slots, and decides the direction"),
    ("_preflight", "judges an upgrade by what the slots show"),
    ("_decommission", "judges the removal of a slot by what the slots show"),
    ("_deviations", "compares a slot that others built with what the release asks for"),
    ("_abandon", "looks for what a run leaves behind in both slots"),
    ("_report", "tells of the whole run afterwards"),
)
PLACE = {name: number for number, (name, _reason) in enumerate(ORDER)}
# No folder may hold more of the library than this: above it, a stranger no longer finds what he looks for.
LARGEST_SHARE = 1 / 5


def files() -> Iterator[tuple[str, str, ast.Module]]:
    """Folder (or file, of those next to the folders), module, and syntax tree of each file."""
    for path in sorted(LIBRARY.rglob("*.py")):
        module = ".".join(path.relative_to(LIBRARY).with_suffix("").parts)
        yield module.partition(".")[0], module, ast.parse(path.read_text())


FILES = list(files())


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules of the library that a file imports, also within a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{PACKAGE}."):
            inside = node.module[len(PACKAGE) + 1 :]
            yield from [inside] if inside else [alias.name for alias in node.names]


def climbing(arrows: dict[str, set[str]]) -> list[str]:
    """The imports that lead from a folder to one further up."""
    return [
        f"{folder} imports {other}"
        for folder, others in sorted(arrows.items())
        for other in sorted(others)
        if PLACE[other] > PLACE[folder]
    ]


def test_each_folder_has_its_place_and_a_reason() -> None:
    assert {folder for folder, _module, _tree in FILES} == set(PLACE)
    assert all(reason for _name, reason in ORDER)


def test_no_import_climbs() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for folder, _module, tree in FILES:
        arrows[folder] |= {name.partition(".")[0] for name in imports(tree)}
    assert sum(len(others) for others in arrows.values()) > len(ORDER), "the imports are not read"
    assert climbing(arrows) == []


@pytest.mark.parametrize("text", [f"from {PACKAGE}._drain.round import x", f"from {PACKAGE} import _drain"])
def test_an_import_that_climbs_is_seen(text: str) -> None:
    found = {name.partition(".")[0] for name in imports(ast.parse(f"def late():\n    {text}"))}
    assert climbing({"_agones": found}) == ["_agones imports _drain"]


def test_no_folder_holds_more_than_a_fifth() -> None:
    lines: Counter[str] = Counter()
    for path in LIBRARY.rglob("*.py"):
        lines[path.relative_to(LIBRARY).with_suffix("").parts[0]] += len(path.read_text().splitlines())
    total = sum(lines.values())
    biggest, size = lines.most_common(1)[0]
    assert size <= LARGEST_SHARE * total, f"{biggest} holds {100 * size / total:.0f} % of the library"


def test_long_work_is_called_a_round() -> None:
    names = [module for _folder, module, _tree in FILES]
    assert [name for name in names if name.split(".")[-1].startswith("run_") or name.endswith(".run")] == []


def defined(tree: ast.Module) -> Iterator[str]:
    """The public names that a file defines."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def test_a_public_name_has_one_meaning() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for _folder, module, tree in FILES:
        for name in set(defined(tree)):
            where[name].append(module)
    assert {name: modules for name, modules in where.items() if len(modules) > 1} == {}
