"""Every AWS module on a bad day: each of its calls is throttled, what it created is found late, its keys expire."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.retries.bucket import TokenBucket

from lab.world.config import REPOSITORY
from tests.contract.aws.faults import EXPIRED, Call, Fault, Seen, always, expired, injected, lagging, throttling
from tests.contract.aws.modules import play, succeed
from tests.contract.aws.world import ROLE, World
from tests.operations import called_operations

# botocore tries each call three times by itself, so one more reaches the collection's own retries. S3 is left to
# botocore: after its conditional writes the run record reads what is there.
THROTTLED = {"*": 4, "s3": 2}
pytestmark = pytest.mark.usefixtures("operator", "short_sleeps")


def new(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def _unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's adaptive mode would slow down to a call in two seconds."""
    monkeypatch.setattr(TokenBucket, "acquire", lambda *_: True)


def cluster_options(world: World, name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kubernetes_version": "1.35",
        "role_arn": ROLE.format("cluster"),
        "subnet_ids": world.subnets["public"] + world.subnets["private"],
        "authentication_mode": "API",
        **more,
    }


def drive_cluster(world: World) -> None:
    name = new("faulty")
    succeed("eks_cluster", **cluster_options(world, name, tags={"a": "1", "b": "2"}))
    changed: dict[str, Any] = {"tags": {"a": "2"}, "purge_tags": True, "logging_types": ["api"]}
    changed["encryption_key_arn"] = "arn:aws:kms:eu-west-1:123456789012:key/0123"
    result = succeed("eks_cluster", **cluster_options(world, name, **changed))
    assert result["cluster"]["tags"] == {"a": "2"}
    succeed("eks_nodegroup", **nodegroup_options(world, name))
    succeed("eks_fargate_profile", **profile_options(world, name))
    succeed("eks_addon", cluster_name=name, name="vpc-cni")
    succeed("eks_cluster", name=name, state="absent", delete_contents=True)


def nodegroup_options(world: World, cluster: str, **more: Any) -> dict[str, Any]:
    return {
        "cluster_name": cluster,
        "name": "game",
        "node_role_arn": ROLE.format("node"),
        "subnet_ids": world.subnets["public"],
        "min_size": 1,
        "max_size": 3,
        "desired_size": 1,
        **more,
    }


def profile_options(world: World, cluster: str, **more: Any) -> dict[str, Any]:
    return {
        "cluster_name": cluster,
        "name": "system",
        "pod_execution_role_arn": ROLE.format("fargate"),
        "subnet_ids": world.subnets["private"],
        "selectors": [{"namespace": "kube-system"}],
        **more,
    }


@pytest.fixture(scope="module")
def standing(world: World) -> str:
    """An ACTIVE cluster that the drivers of what is in a cluster share."""
    return world.create_cluster("standing", tags={"lab/insights": "apis=ERROR"})


def drive_nodegroup(world: World, cluster: str) -> None:
    succeed("eks_nodegroup", **nodegroup_options(world, cluster, labels={"a": "1"}, tags={"a": "1", "b": "1"}))
    changed = {"labels": {"a": "2"}, "desired_size": 2, "tags": {"a": "2"}, "purge_tags": True}
    succeed("eks_nodegroup", **nodegroup_options(world, cluster, **changed))
    succeed("eks_nodegroup", **nodegroup_options(world, cluster, state="absent"))


def drive_fargate_profile(world: World, cluster: str) -> None:
    succeed("eks_fargate_profile", **profile_options(world, cluster, tags={"a": "1", "b": "1"}))
    other = {"selectors": [{"namespace": "arena"}], "recreate": True, "tags": {"a": "2"}, "purge_tags": True}
    succeed("eks_fargate_profile", **profile_options(world, cluster, **other))
    succeed("eks_fargate_profile", **profile_options(world, cluster, state="absent"))


def drive_addon(world: World, cluster: str) -> None:
    options = {"cluster_name": cluster, "name": "coredns"}
    succeed("eks_addon", **options, version="default", tags={"a": "1"})
    succeed("eks_addon", **options, configuration_values={"replicaCount": 3}, tags={"b": "1"}, purge_tags=True)
    succeed("eks_addon", **options, state="absent")


def drive_access_entry(world: World, cluster: str) -> None:
    options = {"cluster_name": cluster, "principal_arn": ROLE.format("matchmaker")}
    policies = [f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{kind}Policy" for kind in ("View", "Edit")]
    succeed("eks_access_entry", **options, kubernetes_groups=["a"], policy_arns=policies[:1], tags={"a": "1"})
    succeed("eks_access_entry", **options, kubernetes_groups=["b"], policy_arns=policies[1:], tags={"a": "2"})
    succeed("eks_access_entry", **options, state="absent")


def drive_oidc_provider(world: World, cluster: str) -> None:
    succeed("iam_oidc_provider", cluster_name=cluster, tags={"a": "1"})
    more = {"client_ids": ["sts.amazonaws.com", "other"], "thumbprints": ["0" * 40]}
    succeed("iam_oidc_provider", cluster_name=cluster, **more)
    succeed("iam_oidc_provider", cluster_name=cluster, purge_client_ids=True, tags={"b": "2"}, purge_tags=True)
    succeed("iam_oidc_provider", cluster_name=cluster, state="absent")


def make_balancer(world: World) -> str:
    """A load balancer with a rule, and blue's target group behind it; what both are called."""
    elbv2, name, vpc = world.client("elbv2"), new("swap"), world.subnets["vpc"][0]
    succeed("elbv2_target_group", name=f"{name}-blue", protocol="HTTP", port=8080, vpc_id=vpc, target_type="ip")
    arn = elbv2.describe_target_groups(Names=[f"{name}-blue"])["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 100}]}}]
    balancer = elbv2.create_load_balancer(Name=name, Subnets=world.subnets["public"])["LoadBalancers"][0]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]
    paths = [{"Field": "path-pattern", "Values": ["/x"]}]
    elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=paths, Actions=forward)
    return name


def drive_target_group_swap(world: World, cluster: str) -> None:
    name = make_balancer(world)
    blue, green = f"{name}-blue", f"{name}-green"
    targets = [{"id": "10.40.1.1", "port": 8080}]
    succeed("elbv2_target_group", name=green, like=blue, tags={"a": "1"}, targets=targets)
    changed = {
        "health_check_path": "/other",
        "tags": {"b": "2"},
        "purge_tags": True,
        "targets": [],
        "purge_targets": True,
    }
    succeed(
        "elbv2_target_group", name=green, like=blue, attributes={"deregistration_delay.timeout_seconds": "5"}, **changed
    )
    swap = {"load_balancers": [name], "pairs": [{"blue": blue, "green": green}], "require_healthy": False}
    succeed("elbv2_target_group_swap", **swap, weights={"blue": 100, "green": 0})
    succeed("elbv2_target_group_swap", **swap, weights={"blue": 0, "green": 100})
    succeed("elbv2_target_group_swap_info", load_balancers=[name], pairs=swap["pairs"])
    succeed("elbv2_target_group_swap", **swap, weights={"blue": 0, "green": 100}, detach="blue")
    succeed("elbv2_target_group", name=blue, state="absent")


@pytest.fixture(scope="module")
def bucket(world: World) -> str:
    name = new("state")
    location = {"LocationConstraint": world.config.region}
    world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=location)
    return name


def drive_run_record(world: World, bucket: str, folder: Path) -> None:
    place = {"environment_name": new("arena"), "state_bucket": bucket}
    opened = succeed("run_record", state="open", **place, release="r", source="blue", target="green", if_generation=0)
    succeed("run_record", state="renewed", phase="provision", lease=opened["lease"])
    taken = succeed("run_record", state="taken_over", **place)
    stale = play("run_record", state="renewed", lease=opened["lease"])
    assert "is lost" in stale["msg"]
    succeed("run_record", state="closed", lease=taken["lease"])
    succeed("run_report", **place, reports_dir=str(folder))


def drive_session_destination(world: World) -> None:
    name = f"/{new('destination')}"
    value = {"v": 1, "revision": 1, "token": "seed", "weights": {"blue": 100, "green": 0}, "clusters": {}}
    world.client("ssm").put_parameter(Name=name, Type="String", Value=json.dumps(value))
    clusters = {"blue": "arena-blue", "green": "arena-green"}
    options = {"provider": "document", "document": {"parameter": name, "clusters": clusters}}
    succeed("session_destination", **options)
    succeed("session_destination", **options, weights={"blue": 0, "green": 100}, wait=False)
    assert succeed("session_destination", **options)["weights"] == {"blue": 0, "green": 100}


def drive_pod_identity_association(world: World, cluster: str) -> None:
    options = {"cluster_name": cluster, "namespace": "arena", "service_account": "matchmaker"}
    succeed("eks_pod_identity_association", **options, role_arn=ROLE.format("matchmaker"), tags={"a": "1"})
    changed = {"role_arn": ROLE.format("node"), "tags": {"b": "1"}, "purge_tags": True}
    succeed("eks_pod_identity_association", **options, **changed)
    succeed("eks_pod_identity_association", **options, state="absent")


def drive_reads(world: World, cluster: str) -> None:
    succeed("eks_cluster_info", name=cluster, versions=True, insights=["UPGRADE_READINESS"])
    succeed("eks_leftovers_info", cluster_name=cluster, owner_tags={"a": "1"})


@contextlib.contextmanager
def throttled(times: Mapping[str, int] = THROTTLED) -> Iterator[Seen]:
    """Each call in the body is throttled so many times, and goes through in the end."""
    with injected(throttling(times)) as seen:
        yield seen
    assert seen.operations() == seen.faulted()
    THROTTLED_OPERATIONS.update(seen.faulted())


THROTTLED_OPERATIONS: set[str] = set()


def test_a_cluster_is_made_changed_and_removed_throttled(world: World) -> None:
    with throttled():
        drive_cluster(world)


@pytest.mark.parametrize(
    "drive",
    [
        drive_nodegroup,
        drive_fargate_profile,
        drive_addon,
        drive_access_entry,
        drive_oidc_provider,
        drive_pod_identity_association,
        drive_target_group_swap,
        drive_reads,
    ],
)
def test_a_module_is_throttled_on_each_of_its_calls(
    world: World, standing: str, drive: Callable[[World, str], None]
) -> None:
    with throttled():
        drive(world, standing)


def test_the_run_record_is_throttled_on_each_of_its_calls(world: World, bucket: str, tmp_path: Path) -> None:
    with throttled():
        drive_run_record(world, bucket, tmp_path)


def test_the_session_destination_is_throttled_on_each_of_its_calls(world: World) -> None:
    with throttled():
        drive_session_destination(world)


@pytest.fixture
def survey(world: World, standing: str, bucket: str) -> dict[str, Any]:
    """Options of module slot_info."""
    name = make_balancer(world)
    return {
        "environment_name": "arena",
        "services": [{"name": "web", "target_groups": {"blue": f"{name}-blue", "green": f"{name}-green"}}],
        "load_balancers": [name],
        "slots": {"blue": {"cluster_name": standing}, "green": {"cluster_name": "nowhere"}},
        "public_subnets": world.subnets["public"],
        "private_subnets": world.subnets["private"],
        "state_bucket": bucket,
    }


@pytest.fixture
def preflight(survey: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of module upgrade_preflight, and what it answers on a good day."""
    seen = succeed("slot_info", **survey)
    options = {
        "environment_name": "arena",
        "observed": seen,
        "source": seen["slots"]["blue"],
        "target": seen["slots"]["green"],
        "services": survey["services"],
        "load_balancers": survey["load_balancers"],
        "release": {"name": "r", "kubernetes_version": "1.36", "agones_version": "1.60.0"},
        "matrix": {"source": "the test", "rows": {"1.60": ["1.36"]}},
        "nodegroups": [{"name": "game", "instance_types": ["c7i.2xlarge"], "desired_size": 1, "max_size": 2}],
        "fargate_profiles": [{"name": "system"}],
    }
    return options, play("upgrade_preflight", **options)


def test_a_throttled_look_sees_the_same(survey: dict[str, Any]) -> None:
    seen = succeed("slot_info", **survey)
    with throttled():
        assert succeed("slot_info", **survey)["slots"] == seen["slots"]


def test_a_throttled_preflight_finds_the_same(preflight: tuple[dict[str, Any], dict[str, Any]]) -> None:
    options, judged = preflight
    # A list begins again from its first page, and the other tests' clusters make many pages.
    with throttled({"*": 1}):
        assert play("upgrade_preflight", **options)["findings"] == judged["findings"]


def test_an_update_of_somebody_else_is_waited_for_throttled(world: World, standing: str) -> None:
    hold = world.config.state / "fake" / "hold"
    hold.touch()
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    world.eks.update_cluster_config(name=standing, logging=logging)
    throttle = throttling(THROTTLED)

    def let_it_end(call: Call) -> Fault | None:
        fault = throttle(call)
        if call.operation == "DescribeUpdate" and not fault:
            hold.unlink(missing_ok=True)
        return fault

    with injected(let_it_end) as seen:
        succeed("eks_cluster", **cluster_options(world, standing, endpoint_private_access=True))
    assert seen.count("ListUpdates") > 0
    THROTTLED_OPERATIONS.update(seen.faulted())


def test_a_quota_that_was_never_raised_is_its_default_throttled(
    preflight: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    options, _judged = preflight
    throttle = throttling(THROTTLED)

    def never_raised(call: Call) -> Fault | None:
        return Fault(400, "NoSuchResourceException") if call.operation == "GetServiceQuota" else throttle(call)

    with injected(never_raised) as seen:
        assert play("upgrade_preflight", **options)["quotas"]
    THROTTLED_OPERATIONS.update(seen.faulted() - {"service-quotas.GetServiceQuota"})


def test_every_operation_that_the_collection_calls_was_throttled() -> None:
    """Runs after the tests above; alone it has nothing to judge."""
    if not THROTTLED_OPERATIONS:
        pytest.skip("run the whole file")
    throttled_names = {xform_name(operation.split(".")[1]) for operation in THROTTLED_OPERATIONS}
    missing = {name: sorted(path.name for path in paths) for name, paths in called_operations().items()}
    for name in throttled_names | set(NOT_THROTTLED):
        missing.pop(name, None)
    assert missing == {}


# Called by the program that signs tokens, not by a module.
NOT_THROTTLED = {"assume_role"}


LAGS = [
    ("CreateCluster", "DescribeCluster", "ResourceNotFoundException"),
    ("CreateNodegroup", "DescribeNodegroup", "ResourceNotFoundException"),
    ("CreateFargateProfile", "DescribeFargateProfile", "ResourceNotFoundException"),
    ("CreateAddon", "DescribeAddon", "ResourceNotFoundException"),
    ("CreateAccessEntry", "DescribeAccessEntry", "ResourceNotFoundException"),
    ("CreateTargetGroup", "DescribeTargetGroups", "TargetGroupNotFound"),
    ("CreateOpenIDConnectProvider", "GetOpenIDConnectProvider", "NoSuchEntity"),
    ("CreatePodIdentityAssociation", "DescribePodIdentityAssociation", "ResourceNotFoundException"),
]


def create_once(world: World, cluster: str, creation: str) -> None:
    """Create something that no one has, with the module that makes this call."""
    name = new("late")
    match creation:
        case "CreateCluster":
            succeed("eks_cluster", **cluster_options(world, name))
        case "CreateNodegroup":
            succeed("eks_nodegroup", **{**nodegroup_options(world, cluster), "name": name})
        case "CreateFargateProfile":
            succeed("eks_fargate_profile", **{**profile_options(world, cluster), "name": name})
        case "CreateAddon":
            succeed("eks_addon", cluster_name=cluster, name="kube-proxy")
        case "CreateAccessEntry":
            succeed("eks_access_entry", cluster_name=cluster, principal_arn=ROLE.format("load-balancer-controller"))
        case "CreateTargetGroup":
            vpc = world.subnets["vpc"][0]
            succeed("elbv2_target_group", name=name, protocol="HTTP", port=80, vpc_id=vpc, target_type="ip")
        case "CreateOpenIDConnectProvider":
            succeed("iam_oidc_provider", cluster_name=cluster)
        case "CreatePodIdentityAssociation":
            options = {"cluster_name": cluster, "namespace": "late", "service_account": name}
            succeed("eks_pod_identity_association", **options, role_arn=ROLE.format("matchmaker"))


@pytest.mark.parametrize(("creation", "reading", "code"), LAGS)
def test_what_is_found_late_is_not_created_twice(
    world: World, standing: str, creation: str, reading: str, code: str
) -> None:
    with injected(lagging(creation, reading, Fault(404, code, "not yet"), times=3)) as seen:
        create_once(world, standing, creation)
    assert seen.count(creation) == 1


def test_a_target_group_that_aws_still_takes_for_used_is_deleted(world: World) -> None:
    name, refused = new("late"), Fault(400, "ResourceInUse", "Target group is currently in use by a listener or a rule")
    vpc = world.subnets["vpc"][0]
    succeed("elbv2_target_group", name=name, protocol="HTTP", port=80, vpc_id=vpc, target_type="ip")
    with injected(lagging("DeleteTargetGroup", "DeleteTargetGroup", refused, times=3)) as seen:
        assert succeed("elbv2_target_group", name=name, state="absent")["changed"]
    assert (len(seen.faults), seen.count("DeleteTargetGroup")) == (3, 1)
    assert not succeed("elbv2_target_group", name=name, state="absent")["changed"]


# Of each module, the first call that it makes, and what it needs to make it.
FIRST_CALLS: dict[str, dict[str, Any]] = {
    "decommission_preflight": {
        "environment_name": "e",
        "cluster_name": "x",
        "slots": [{"slot": "blue", "cluster_name": "x", "exists": False, "status": ""}],
        "problems": [],
        "namespaces": ["n"],
        "load_balancers": ["b"],
        "services": [{"name": "s", "target_groups": {"blue": "x", "green": "y"}}],
        "provider": "follows_traffic",
    },
    "eks_access_entry": {"cluster_name": "c", "principal_arn": ROLE.format("node")},
    "eks_addon": {"cluster_name": "c", "name": "vpc-cni"},
    "eks_cluster": {"name": "c", "state": "absent"},
    "eks_cluster_info": {"name": "c"},
    "eks_fargate_profile": {"cluster_name": "c", "name": "p", "state": "absent"},
    "eks_leftovers_info": {"cluster_name": "c"},
    "eks_nodegroup": {"cluster_name": "c", "name": "n", "state": "absent"},
    "eks_pod_identity_association": {
        "cluster_name": "c",
        "namespace": "n",
        "service_account": "s",
        "role_arn": ROLE.format("node"),
    },
    "elbv2_target_group": {"name": "t", "state": "absent"},
    "elbv2_target_group_swap": {
        "load_balancers": ["b"],
        "pairs": [{"blue": "x", "green": "y"}],
        "weights": {"blue": 100, "green": 0},
    },
    "elbv2_target_group_swap_info": {"load_balancers": ["b"], "pairs": [{"blue": "x", "green": "y"}]},
    "iam_oidc_provider": {"cluster_name": "c"},
    "run_control": {"state": "paused", "environment_name": "e", "state_bucket": "b"},
    "run_record": {"state": "open", "environment_name": "e", "state_bucket": "b", "release": "r"},
    "run_report": {"environment_name": "e", "state_bucket": "b", "reports_dir": "/nowhere"},
    "session_destination": {"provider": "document", "document": {"parameter": "/p"}},
    "slot_deviations_info": {"environment_name": "e", "slot": "green", "release": "r", "cluster": {"name": "c"}},
    "slot_info": {
        "environment_name": "e",
        "slots": {"blue": {"cluster_name": "x"}, "green": {"cluster_name": "y"}},
        "state_bucket": "b",
        "load_balancers": ["b"],
        "services": [{"name": "s", "target_groups": {"blue": "x", "green": "y"}}],
    },
    "upgrade_preflight": {
        "environment_name": "e",
        "observed": {
            "direction": {"resume": False},
            "network": {"vpc_id": "v", "public_subnet_ids": ["subnet-1"], "private_subnet_ids": []},
        },
        "source": {"slot": "blue", "cluster_name": "x", "exists": True},
        "target": {"slot": "green", "cluster_name": "y", "exists": False},
        "release": {"name": "r", "kubernetes_version": "1.36", "agones_version": "1.60.0"},
        "matrix": {"source": "the test", "rows": {}},
        "load_balancers": ["b"],
    },
}


def test_every_aws_module_has_a_first_call_here() -> None:
    modules = {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    assert {name for name in modules if "AnsibleAWSModule" in _source(name)} == set(FIRST_CALLS)


def _source(module: str) -> str:
    return (REPOSITORY / "plugins" / "modules" / f"{module}.py").read_text()


@pytest.mark.parametrize("name", FIRST_CALLS)
def test_an_expired_key_is_said_once(name: str) -> None:
    with injected(always(expired)) as seen:
        result = play(name, **FIRST_CALLS[name])
    assert result["failed"]
    assert result["msg"].count(EXPIRED) == 1, result["msg"]
    assert len(seen.attempts) <= 20


@pytest.mark.parametrize("name", FIRST_CALLS)
def test_a_missing_key_is_said_once(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    result = play(name, **FIRST_CALLS[name])
    assert result["failed"]
    assert result["msg"].lower().count("unable to locate credentials") == 1, result["msg"]
