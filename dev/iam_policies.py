"""Writes docs/iam: for each playbook the least that an AWS principal needs to run it.

    python dev/iam_policies.py
    python dev/iam_policies.py --region eu-west-1 --account 123456789012 --set cluster=arena-blue,arena-green \\
        --set ... --output policies

What a playbook calls is read from its task files and those of its roles; what a module calls, from the note
`IAM actions:` in its documentation. The second form fills in names, of which a placeholder may have several.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "iam"
COLLECTION = "gameops.eks_bluegreen."
# AWS' limit for a managed policy, in characters that are not white space.
LIMIT = 6144

# Ten times as fast, if PyYAML was built with libyaml.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NOTE = "IAM actions:"
ACTION = re.compile(r"C\(([a-z0-9-]+:[A-Za-z0-9]+)\)")
PLACEHOLDER = re.compile(r"<([a-z ]+)>")
COMPARISON = re.compile(r"(?P<name>\w+) (?P<operator>[!=]=) '(?P<value>[^']*)'")
DELETION = re.compile(r"[a-z0-9-]+:Delete")
# What EKS asks of the caller who takes associations away from an add-on.
ASSOCIATION_DELETION = "eks:DeletePodIdentityAssociation"
# What removing something takes.
ENDING = re.compile(r"[a-z0-9-]+:(Delete|Describe|Disassociate|Get|List)")
LEASE = ("s3", "kms")

# Modules of other collections, which declare nothing.
FOREIGN = {
    "amazon.aws.s3_bucket": [
        "s3:CreateBucket",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetInventoryConfiguration",
        "s3:ListBucket",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
    ],
}
WITHOUT_AWS = ("ansible.builtin.", "kubernetes.core.")
SECTIONS = ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks")

EKS = "arn:aws:eks:<region>:<account>:"
EC2 = "arn:aws:ec2:<region>:<account>:"
ELB = "arn:aws:elasticloadbalancing:<region>:<account>:"
IAM = "arn:aws:iam::<account>:"

Resources = tuple[str, ...]
EKS_RESOURCES: Resources = (
    f"{EKS}cluster/<cluster>",
    *(
        f"{EKS}{kind}/<cluster>/*"
        for kind in ("nodegroup", "fargateprofile", "addon", "access-entry", "podidentityassociation")
    ),
)
LISTENERS: Resources = tuple(
    f"{ELB}{kind}/{family}/<load balancer>/*" for kind in ("listener", "listener-rule") for family in ("app", "net")
)
TARGET_GROUP: Resources = (f"{ELB}targetgroup/<target group>/*",)
OIDC_PROVIDER: Resources = (f"{IAM}oidc-provider/oidc.eks.<region>.amazonaws.com/id/*",)
BUCKET: Resources = ("arn:aws:s3:::<state bucket>",)
OBJECT: Resources = ("arn:aws:s3:::<state bucket>/<state prefix>/*",)
DOCUMENT: Resources = ("arn:aws:ssm:<region>:<account>:parameter/<session document>",)
READERS: Resources = (*DOCUMENT, "arn:aws:ssm:<region>:<account>:parameter/<session document>/*")
STATE_KEY: Resources = ("arn:aws:kms:<region>:<account>:key/<state key>",)
SECRETS_KEY: Resources = ("arn:aws:kms:<region>:<account>:key/<secrets key>",)
LAUNCH_TEMPLATE: Resources = ("arn:aws:ec2:<region>:<account>:launch-template/<launch template>",)
TOKEN_ROLE: Resources = (f"{IAM}role/<token role>",)
ANY: Resources = ("*",)


@dataclass(frozen=True)
class Scope:
    """What a statement allows its actions on; `condition`: StringEquals, key to values."""

    name: str
    resources: Resources
    condition: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _passed(name: str, role: str, *services: str) -> Scope:
    return Scope(name, (f"{IAM}role/<{role}>",), (("iam:PassedToService", services),))


ROLES = (f"{IAM}role/<cluster role>", f"{IAM}role/<node role>", f"{IAM}role/<fargate role>")
# Which scopes an action is granted in. AWS knows no resource for the actions in the last.
SCOPES: Sequence[tuple[Scope, Sequence[str]]] = [
    # Each of these acts on resources of one kind, so one statement grants no more than one for each kind.
    (
        Scope("Eks", EKS_RESOURCES),
        [
            "eks:AssociateAccessPolicy",
            "eks:AssociateEncryptionConfig",
            "eks:CreateAccessEntry",
            "eks:CreateAddon",
            "eks:CreateFargateProfile",
            "eks:CreateNodegroup",
            "eks:CreatePodIdentityAssociation",
            "eks:DeleteAccessEntry",
            "eks:DeleteAddon",
            "eks:DeleteCluster",
            "eks:DeleteFargateProfile",
            "eks:DeleteNodegroup",
            "eks:DeletePodIdentityAssociation",
            "eks:DescribeAccessEntry",
            "eks:DescribeAddon",
            "eks:DescribeCluster",
            "eks:DescribeFargateProfile",
            "eks:DescribeInsight",
            "eks:DescribeNodegroup",
            "eks:DescribePodIdentityAssociation",
            "eks:DescribeUpdate",
            "eks:DisassociateAccessPolicy",
            "eks:ListAddons",
            "eks:ListAssociatedAccessPolicies",
            "eks:ListCapabilities",
            "eks:ListFargateProfiles",
            "eks:ListInsights",
            "eks:ListNodegroups",
            "eks:ListPodIdentityAssociations",
            "eks:ListUpdates",
            "eks:TagResource",
            "eks:UntagResource",
            "eks:UpdateAccessEntry",
            "eks:UpdateAddon",
            "eks:UpdateClusterConfig",
            "eks:UpdateNodegroupConfig",
            "eks:UpdatePodIdentityAssociation",
        ],
    ),
    (_passed("ClusterRole", "cluster role", "eks.amazonaws.com"), ["iam:PassRole"]),
    (_passed("NodeRole", "node role", "ec2.amazonaws.com", "eks.amazonaws.com"), ["iam:PassRole"]),
    (
        _passed("FargateRole", "fargate role", "eks-fargate-pods.amazonaws.com", "eks.amazonaws.com"),
        ["iam:PassRole"],
    ),
    (_passed("PodRole", "pod role", "eks.amazonaws.com", "pods.eks.amazonaws.com"), ["iam:PassRole"]),
    (
        Scope(
            "ServiceRoles",
            (f"{IAM}role/aws-service-role/*",),
            (
                (
                    "iam:AWSServiceName",
                    ("eks-fargate.amazonaws.com", "eks-nodegroup.amazonaws.com", "eks.amazonaws.com"),
                ),
            ),
        ),
        ["iam:CreateServiceLinkedRole"],
    ),
    (Scope("Roles", (*ROLES, f"{IAM}role/aws-service-role/*")), ["iam:GetRole", "iam:ListAttachedRolePolicies"]),
    (
        Scope("OidcProviders", OIDC_PROVIDER),
        [
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
            "iam:DeleteOpenIDConnectProvider",
            "iam:GetOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
            "iam:UpdateOpenIDConnectProviderThumbprint",
        ],
    ),
    (Scope("Listeners", LISTENERS), ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]),
    (
        Scope("TargetGroups", TARGET_GROUP),
        [
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:RemoveTags",
        ],
    ),
    (
        Scope("StateBucket", BUCKET),
        [action for action in FOREIGN["amazon.aws.s3_bucket"] if action.startswith("s3:")],
    ),
    (Scope("StateObjects", OBJECT), ["s3:GetObject", "s3:PutObject"]),
    (Scope("StateKey", STATE_KEY), ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]),
    (Scope("SecretsKey", SECRETS_KEY), ["kms:CreateGrant", "kms:DescribeKey"]),
    (Scope("SessionDocument", DOCUMENT), ["ssm:GetParameter", "ssm:PutParameter"]),
    (Scope("SessionReaders", READERS), ["ssm:GetParametersByPath"]),
    (Scope("TokenRole", TOKEN_ROLE), ["sts:AssumeRole"]),
    (Scope("Quotas", ("arn:aws:servicequotas:<region>:<account>:*",)), ["servicequotas:GetServiceQuota"]),
    # EKS asks for these if a node group has a launch template.
    (Scope("LaunchTemplates", ANY, (("ec2:LaunchTemplate", LAUNCH_TEMPLATE),)), ["ec2:RunInstances"]),
    (
        Scope("LaunchedInstances", (f"{EC2}instance/*", f"{EC2}volume/*"), (("ec2:CreateAction", ("RunInstances",)),)),
        ["ec2:CreateTags"],
    ),
    (
        Scope("Everywhere", ANY),
        [
            "cloudwatch:GetMetricStatistics",
            "ec2:DescribeInstanceTypeOfferings",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeInstances",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "eks:CreateCluster",
            "eks:DescribeAddonConfiguration",
            "eks:DescribeAddonVersions",
            "eks:DescribeClusterVersions",
            "eks:ListAccessPolicies",
            "eks:ListClusters",
            "elasticloadbalancing:DescribeAccountLimits",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "iam:ListOpenIDConnectProviders",
            "logs:DescribeLogGroups",
            "servicequotas:GetAWSDefaultServiceQuota",
        ],
    ),
]


class PolicyError(Exception):
    """What is wrong, where, and what to do."""


@cache
def documentation(path: Path, name: str = "DOCUMENTATION") -> Any:
    """A plugin's YAML documentation, from its source."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return yaml.load(ast.literal_eval(node.value), LOADER)
    return {}


def declared_actions(module: Path) -> set[str] | None:
    """What a module's notes, and those of the collection's fragments in it, declare; None without such a note."""
    documents = [documentation(module)]
    for fragment in documents[0].get("extends_documentation_fragment", []):
        if fragment.startswith(COLLECTION):
            name, _, part = fragment.removeprefix(COLLECTION).partition(".")
            path = module.parent.parent / "doc_fragments" / f"{name}.py"
            documents.append(documentation(path, part.upper() or "DOCUMENTATION"))
    notes = [note for document in documents for note in document.get("notes", []) if str(note).startswith(NOTE)]
    return {action for note in notes for action in ACTION.findall(note)} if notes else None


def uses_aws(module: Path) -> bool:
    """Whether a module calls AWS: by itself, or to look after the lease of the run."""
    source = module.read_text()
    return "AnsibleAWSModule" in source or "keeper" in source


@cache
def task_file(path: Path) -> Any:
    """The plays or tasks of a file."""
    return yaml.load(path.read_text(), LOADER) or []


def tasks_of(items: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """All tasks of a list of tasks or plays, those in blocks too."""
    for item in items:
        sections = [
            item[key] for key in ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks") if key in item
        ]
        yield from itertools.chain.from_iterable(tasks_of(section) for section in sections)
        if not sections:
            yield item


def modules_used(
    path: Path, given: Mapping[str, Any] | None = None, seen: set[tuple[Path, str]] | None = None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every module that a file of plays or tasks can reach, with the arguments of its tasks.

    `given`: variables with which the file is included; a task whose condition they make false is not reached.
    """
    seen, given = (set() if seen is None else seen), given or {}
    if (path, repr(given)) in seen:
        return
    seen.add((path, repr(given)))
    for task in tasks_of(task_file(path)):
        if not is_reached(task, given):
            continue
        name = next((key for key in task if key.count(".") >= 2), "")
        if name.endswith(("_role", "_tasks")):
            for file in included_files(path, name, task[name]):
                yield from modules_used(file, {**given, **task.get("vars", {})}, seen)
        elif name:
            yield name, task[name] or {}


def is_reached(task: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """False if a condition of the task compares a given variable with another value, or is one that is false."""
    conditions = task.get("when", [])
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        if given.get(str(condition)) is False:
            return False
        compared = COMPARISON.fullmatch(str(condition))
        if compared and compared["name"] in given:
            equal = str(given[compared["name"]]) == compared["value"]
            if equal != (compared["operator"] == "=="):
                return False
    return True


def included_files(path: Path, name: str, arguments: Any) -> list[Path]:
    """The task files of an include or import; a template in a file's name stands for every name.

    A name that is nothing but a template is a file of the user's own, who grants what it needs.
    """
    if name.endswith("_role"):
        folder = ROOT / "roles" / arguments["name"].removeprefix(COLLECTION) / "tasks"
        folders, file = [folder], f"{arguments.get('tasks_from', 'main').removesuffix('.yml')}.yml"
    else:
        tasks = next((one for one in path.parents if one.name == "tasks"), path.parent)
        folders, file = [path.parent, tasks], arguments if isinstance(arguments, str) else arguments["file"]
    pattern = re.sub(r"{{.*?}}", "*", file)
    if pattern == "*":
        return []
    for folder in folders:
        found = sorted(folder.glob(pattern))
        if found:
            return found
    raise PolicyError(f"{path.relative_to(ROOT)}: {name} {file} names no file in {folders[0].relative_to(ROOT)}")


def actions_of_playbook(path: Path) -> set[str]:
    """Every AWS action that a playbook can take."""
    actions: set[str] = set()
    for name, arguments in modules_used(path):
        if name.startswith(WITHOUT_AWS):
            continue
        if name in FOREIGN:
            actions.update(FOREIGN[name])
            continue
        if not name.startswith(COLLECTION):
            raise PolicyError(f"{path.name} uses {name}: list its AWS actions in FOREIGN of dev/iam_policies.py")
        module = ROOT / "plugins" / "modules" / f"{name.removeprefix(COLLECTION)}.py"
        if not module.exists():
            raise PolicyError(f"{path.name} uses {name}, which is no module of this collection")
        actions |= needed(declared_actions(module) or set(), arguments)
    return actions


def needed(actions: set[str], arguments: Mapping[str, Any]) -> set[str]:
    """Which of a module's actions a task can take: deletions only where it is told to delete, and little else there.

    An add-on's associations are deleted by an update that leaves them out.
    Actions on the run record (S3, KMS) are there for the lease, whatever the state.
    """
    state = str(arguments.get("state", "present"))
    if state == "absent":
        return {action for action in actions if action.split(":")[0] in LEASE or ENDING.match(action)}
    if "{{" in state or "recreate" in arguments:
        return actions
    kept = {ASSOCIATION_DELETION} if "pod_identity_associations" in arguments else set()
    return {action for action in actions if action in kept or not DELETION.match(action)}


def policy_of(actions: set[str]) -> dict[str, Any]:
    """The policy that grants exactly these actions, each where it belongs."""
    known = {action for _scope, granted in SCOPES for action in granted}
    if actions - known:
        raise PolicyError(f"no scope for {', '.join(sorted(actions - known))}: add it to SCOPES of dev/iam_policies.py")
    by_scope: dict[Scope, list[str]] = defaultdict(list)
    for scope, granted in SCOPES:
        wanted = sorted(actions.intersection(granted))
        if wanted:
            by_scope[scope] = wanted
    return {"Version": "2012-10-17", "Statement": [_statement(*item) for item in by_scope.items()]}


def _statement(scope: Scope, actions: list[str]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": scope.name,
        "Effect": "Allow",
        "Action": actions,
        "Resource": list(scope.resources),
    }
    if scope.condition:
        statement["Condition"] = {"StringEquals": {key: list(values) for key, values in scope.condition}}
    return statement


def policies() -> dict[str, dict[str, Any]]:
    """A policy for each playbook, by its name."""
    return {path.stem: policy_of(actions_of_playbook(path)) for path in sorted((ROOT / "playbooks").glob("*.yml"))}


def render(policy: Mapping[str, Any], values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """A policy with its placeholders filled in, in as many parts as AWS' limit asks for.

    A resource appears once for each combination of its placeholders' values. A placeholder with no value drops its
    resources; a statement without resources, or with a condition that nothing fulfils, is dropped.
    Raises PolicyError for a placeholder that is not in `values`, and for a statement that is too long by itself.
    """
    missing = sorted(set(PLACEHOLDER.findall(json.dumps(policy))) - set(values))
    if missing:
        raise PolicyError("no value for " + ", ".join(f"--set {name.replace(' ', '_')}=" for name in missing))
    parts: list[dict[str, Any]] = []
    for statement in filter(None, (_rendered(statement, values) for statement in policy["Statement"])):
        alone = {**policy, "Statement": [statement]}
        if size(alone) > LIMIT:
            raise PolicyError(
                f"statement {statement['Sid']}: {size(alone)} characters, AWS takes {LIMIT}: set wildcards"
            )
        longer = {**policy, "Statement": [*parts[-1]["Statement"], statement]} if parts else alone
        if parts and size(longer) <= LIMIT:
            parts[-1] = longer
        else:
            parts.append(alone)
    return parts


def named(name: str, parts: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of a policy with their names, of which several have numbers."""
    for number, part in enumerate(parts, start=1):
        yield (f"{name}-{number}" if len(parts) > 1 else name), part


def _rendered(statement: Mapping[str, Any], values: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    def fill(patterns: Sequence[str]) -> list[str]:
        return [one for pattern in patterns for one in _filled(pattern, values)]

    found = {**statement, "Resource": fill(statement["Resource"])}
    if "Condition" in statement:
        wanted = {key: fill(patterns) for key, patterns in statement["Condition"]["StringEquals"].items()}
        found["Condition"] = {"StringEquals": wanted}
        if not all(wanted.values()):
            return None
    return found if found["Resource"] else None


def _filled(pattern: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = list(dict.fromkeys(PLACEHOLDER.findall(pattern)))
    for combination in itertools.product(*(values[name] for name in names)):
        filled = pattern
        for name, value in zip(names, combination, strict=True):
            filled = filled.replace(f"<{name}>", value)
        yield filled


def size(policy: Mapping[str, Any]) -> int:
    """The characters that AWS counts."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


def text_of(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, indent=2) + "\n"


def write(folder: Path, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Make a folder hold these policies and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.stem not in documents:
            path.unlink()
    for name, policy in documents.items():
        (folder / f"{name}.json").write_text(text_of(policy))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region")
    parser.add_argument("--account")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE[,VALUE]", dest="values")
    parser.add_argument("--output", type=Path, help="a folder for the filled-in policies")
    given = parser.parse_args(arguments)
    try:
        if given.output is None:
            write(DOCS, policies())
            return 0
        values = {"region": [given.region], "account": [given.account]} | dict(map(_setting, given.values))
        rendered = {name: render(policy, values) for name, policy in policies().items()}
        write(given.output, {part: one for name, parts in rendered.items() for part, one in named(name, parts)})
    except PolicyError as error:
        print(f"iam_policies: {error}", file=sys.stderr)
        return 1
    return 0


def _setting(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    if not equals:
        raise PolicyError(f"--set {text}: write it as NAME=VALUE, or NAME= for what you do not use")
    return name.replace("_", " "), [value for value in values.split(",") if value]


if __name__ == "__main__":
    sys.exit(main())
