"""docs/iam is what the modules declare; AWS' own list of actions (as cfn-lint ships it) says how far it can go."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from dev.iam_policies import (
    DOCS,
    FOREIGN,
    LIMIT,
    ROOT,
    SCOPES,
    PolicyError,
    Scope,
    actions_of_playbook,
    declared_actions,
    documentation,
    is_reached,
    main,
    modules_used,
    needed,
    policies,
    render,
    size,
    text_of,
    uses_aws,
)
from tests.operations import called_operations, known_operations

MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))


@pytest.fixture(scope="module")
def generated() -> dict[str, dict[str, Any]]:
    return policies()


@pytest.fixture(scope="module")
def aws_actions() -> Any:
    found = distribution("cfn-lint").locate_file("cfnlint/data/AdditionalSpecs/Policies.json")
    return json.loads(Path(str(found)).read_text())


def test_the_folder_is_what_the_generator_gives(generated: dict[str, dict[str, Any]]) -> None:
    stored = {path.stem: path.read_text() for path in DOCS.glob("*.json")}
    assert stored == {name: text_of(policy) for name, policy in generated.items()}, "run: python dev/iam_policies.py"


@pytest.mark.parametrize("module", [path for path in MODULES if uses_aws(path)], ids=lambda path: path.stem)
def test_a_module_that_calls_aws_declares_its_actions(module: Path) -> None:
    notes = [str(note) for note in documentation(module).get("notes", [])]
    own = any(note.startswith("IAM actions:") for note in notes)
    assert own or "AnsibleAWSModule" not in module.read_text(), "add a note that begins with IAM actions:"
    assert declared_actions(module)


PREFIXES = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
RENAMED = {"s3:ListObjectsV2": "s3:ListBucket"}
# What AWS asks of the caller of another operation.
INDIRECT = {
    "ec2:CreateTags",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:RunInstances",
    "iam:CreateServiceLinkedRole",
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "s3:ListBucket",
}


@pytest.fixture(scope="module")
def declared() -> set[str]:
    return {action for module in MODULES for action in declared_actions(module) or set()}


def test_every_operation_that_the_code_calls_is_declared(declared: set[str]) -> None:
    for name, paths in called_operations().items():
        actions = {_action(operation) for operation in known_operations()[name]}
        assert actions & declared, f"{name} of {sorted(path.name for path in paths)} is in no note IAM actions"


def test_every_declared_action_is_called(declared: set[str]) -> None:
    called = {_action(operation) for name in called_operations() for operation in known_operations()[name]}
    assert declared - called - INDIRECT == set()


def _action(operation: str) -> str:
    service, name = operation.split(".")
    action = f"{PREFIXES.get(service, service)}:{name}"
    return RENAMED.get(action, action)


def test_every_playbook_is_explained() -> None:
    readme = (DOCS / "README.md").read_text()
    for path in (ROOT / "playbooks").glob("*.yml"):
        assert f"`{path.stem}.json`" in readme


def test_the_upgrade_needs_what_its_phases_need(generated: dict[str, dict[str, Any]]) -> None:
    phases = ("preflight", "provision", "verify", "cutover", "drain", "complete")
    together = {action for phase in phases for action in actions_of_playbook(ROOT / "playbooks" / f"{phase}.yml")}
    assert actions_of_playbook(ROOT / "playbooks" / "upgrade.yml") == together


def test_only_what_removes_a_slot_may_delete(generated: dict[str, dict[str, Any]]) -> None:
    deleting = {
        name
        for name, policy in generated.items()
        if re.search(r"eks:Delete(?!PodIdentityAssociation)|iam:Delete|DeleteTargetGroup", json.dumps(policy))
    }
    assert deleting <= {"decommission"}


def test_whoever_updates_an_add_on_may_take_its_associations_away(generated: dict[str, dict[str, Any]]) -> None:
    granted = {name for name, policy in generated.items() if "eks:DeletePodIdentityAssociation" in json.dumps(policy)}
    assert granted == {"provision", "upgrade"}


def test_reading_phases_write_nothing_but_the_lease(generated: dict[str, dict[str, Any]]) -> None:
    for name in ("preflight", "status"):
        actions = [action for one in generated[name]["Statement"] for action in one["Action"]]
        writes = [
            one for one in actions if not re.search(r":(Describe|List|Get|Decrypt|GenerateDataKey|AssumeRole)", one)
        ]
        assert writes == ([] if name == "status" else ["s3:PutObject"])


MOVES = {"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule", "ssm:PutParameter"}


@pytest.mark.parametrize(
    ("playbook", "moves"),
    [
        # The target's groups join the listeners, with weight 0.
        ("provision", MOVES - {"ssm:PutParameter"}),
        ("verify", set()),
        ("cutover", MOVES),
        ("drain", set()),
        ("complete", set()),
        ("rollback", MOVES),
        ("reclaim", set()),
        ("abandon", set()),
        ("upgrade", MOVES),
        ("decommission", MOVES - {"ssm:PutParameter"}),
        *((name, set()) for name in ("bootstrap", "preflight", "pause", "status")),
    ],
)
def test_what_moves_players_is_granted_where_players_are_moved(playbook: str, moves: set[str]) -> None:
    assert actions_of_playbook(ROOT / "playbooks" / f"{playbook}.yml") & MOVES == moves


def names(count: int) -> dict[str, list[str]]:
    """Values for all placeholders, with `count` services."""
    found = {
        name: [f"some-{name.replace(' ', '-')}"]
        for name in (
            *("region", "account", "cluster role", "node role", "fargate role", "pod role", "state bucket"),
            *(
                "state prefix",
                "state key",
                "secrets key",
                "session document",
                "token role",
                "load balancer",
                "launch template",
            ),
        )
    }
    services = [f"arena-service-{number}-{slot}" for number in range(count) for slot in ("blue", "green")]
    return {**found, "cluster": ["arena-prod-blue", "arena-prod-green"], "target group": services}


@pytest.mark.parametrize("services", [1, 8])
def test_each_part_of_a_policy_fits_into_aws_limit(generated: dict[str, dict[str, Any]], services: int) -> None:
    for policy in generated.values():
        parts = render(policy, names(services))
        assert all(size(part) <= LIMIT for part in parts)
        statements = [statement["Sid"] for part in parts for statement in part["Statement"]]
        assert statements == [statement["Sid"] for statement in policy["Statement"]]
        assert len(parts) <= 2


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope[0].name)
def test_resources_are_scoped_as_far_as_aws_can(scope: tuple[Scope, Sequence[str]], aws_actions: Any) -> None:
    where, actions = scope
    formats = {action: _formats(aws_actions, action) for action in actions}
    if where.resources == ("*",):
        limited = {action: kinds for action, kinds in formats.items() if kinds and not where.condition}
        assert not limited, "AWS can limit these to resources"
        return
    for action, known in formats.items():
        assert any(_is_of(resource, one) for resource in where.resources for one in known), action
    for resource in where.resources:
        assert any(_is_of(resource, one) for known in formats.values() for one in known), resource


def _formats(aws_actions: Any, action: str) -> list[str]:
    """The ARNs of what AWS checks an action against."""
    service, name = action.split(":")
    assert name.lower() in aws_actions[service]["Actions"], f"AWS has no {action}"
    kinds = aws_actions[service]["Actions"][name.lower()].get("Resources", [])
    return [one for kind in kinds for one in aws_actions[service]["Resources"][kind]["ARNFormats"]]


def _is_of(resource: str, arn_format: str) -> bool:
    head = re.sub(r"\$\{\w+\}", "[^:]*", arn_format)
    return re.fullmatch(head, resource) is not None


def test_nobody_gets_a_role_but_those_given(generated: dict[str, dict[str, Any]]) -> None:
    for policy in generated.values():
        for statement in policy["Statement"]:
            if "iam:PassRole" in statement["Action"]:
                assert "iam:PassedToService" in statement["Condition"]["StringEquals"]
                assert not any("*" in resource for resource in statement["Resource"])


CHANGES_A_ROLE = re.compile(r"iam:(Attach|Create|Delete|Detach|Put|Update)\w*Role")


def test_nobody_changes_a_role_or_deletes_what_is_in_the_state_bucket(generated: dict[str, dict[str, Any]]) -> None:
    granted = {action for one in generated.values() for part in one["Statement"] for action in part["Action"]}
    assert {action for action in granted if CHANGES_A_ROLE.match(action)} == {"iam:CreateServiceLinkedRole"}
    assert {action for action in granted if action.startswith("s3:Delete")} == set()


def test_a_placeholder_may_have_several_values_or_none() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": ["a:B"], "Resource": ["arn:<region>:<cluster>/*"]},
            {"Sid": "C", "Effect": "Allow", "Action": ["c:D"], "Resource": ["arn:<state key>"]},
        ],
    }
    (rendered,) = render(policy, {"region": ["r"], "cluster": ["blue", "green"], "state key": []})
    assert [one["Resource"] for one in rendered["Statement"]] == [["arn:r:blue/*", "arn:r:green/*"]]
    with pytest.raises(PolicyError, match=r"--set cluster=, --set state_key="):
        render(policy, {"region": ["r"]})


def test_a_statement_that_is_too_long_is_refused(generated: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(PolicyError, match=r"TargetGroups: .* AWS takes 6144"):
        render(generated["upgrade"], names(200))


ASSOCIATION = "eks:DeletePodIdentityAssociation"
SOME = {"eks:CreateX", ASSOCIATION, "eks:DeleteX", "eks:DescribeX", "s3:PutObject"}


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        ({"state": "absent"}, {"eks:CreateX"}),
        ({}, {"eks:DeleteX", ASSOCIATION}),
        ({"recreate": True}, set()),
        ({"state": "{{ state }}"}, set()),
        ({"pod_identity_associations": "{{ some }}"}, {"eks:DeleteX"}),
    ],
)
def test_a_task_needs_deletions_only_where_it_deletes(arguments: dict[str, Any], left_out: set[str]) -> None:
    assert needed(SOME, arguments) == SOME - left_out


@pytest.mark.parametrize(
    ("when", "given", "reached"),
    [
        ("direction != 'status'", {"direction": "status"}, False),
        ("direction == 'status'", {"direction": "status"}, True),
        ("direction == 'status'", {}, True),
        (["other", "takes"], {"takes": False}, False),
        ("takes", {"takes": True}, True),
        ("a != 'b' and c", {"a": "b"}, True),
    ],
)
def test_a_condition_that_cannot_hold_ends_the_search(when: Any, given: dict[str, Any], reached: bool) -> None:
    assert is_reached({"when": when}, given) is reached


def test_blocks_templates_and_roles_are_followed() -> None:
    used = {name for name, _arguments in modules_used(ROOT / "playbooks" / "rollback.yml")}
    assert "gameops.eks_bluegreen.session_destination" in used, "included by a template, in a role, in a block"
    assert "gameops.eks_bluegreen.run_record" in used, "in an always section"


def test_every_foreign_module_s_action_has_a_scope() -> None:
    known = {action for _scope, actions in SCOPES for action in actions}
    assert {action for actions in FOREIGN.values() for action in actions} <= known


def test_every_scope_is_of_an_action_that_something_takes(declared: set[str]) -> None:
    foreign = {action for actions in FOREIGN.values() for action in actions}
    assert {action for _scope, actions in SCOPES for action in actions} - declared - foreign == set()


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--region", "r", "--account", "1", "--output", str(tmp_path)]) == 1
    assert "no value for --set" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_fills_in_every_policy(tmp_path: Path) -> None:
    settings = [f"{name.replace(' ', '_')}={','.join(values)}" for name, values in names(1).items()]
    given = [part for setting in settings for part in ("--set", setting)]
    assert main([*given, "--region", "eu-west-1", "--account", "123456789012", "--output", str(tmp_path)]) == 0
    written = {re.sub(r"-\d$", "", path.stem) for path in tmp_path.iterdir()}
    assert written == {path.stem for path in DOCS.glob("*.json")}
    assert not any("<" in path.read_text() for path in tmp_path.iterdir())
