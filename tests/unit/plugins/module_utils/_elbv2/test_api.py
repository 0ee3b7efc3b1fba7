"""What goes to AWS and comes back, held to botocore's own model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import CALLS_IN_PARALLEL
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    PAGE_SIZE,
    SWAP_CLIENT_CONFIG,
    Health,
    LoadBalancer,
    SwapApi,
    TargetGroupApi,
    describe_target_groups,
    summarise_health,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward, TargetGroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from botocore.config import Config
from botocore.stub import Stubber

ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:{}"
ALB = LoadBalancer("arena", ARN.format("loadbalancer/app/arena/1"))
LISTENERS = [ARN.format(f"listener/app/arena/1/{number}") for number in range(2)]
BLUE = ARN.format("targetgroup/blue/1")
TO_BLUE = {"Type": "forward", "TargetGroupArn": BLUE}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    """A client that expects calls in order, and sends none."""
    client = boto3.client(
        "elbv2",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(**SWAP_CLIENT_CONFIG),
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def pages(stub: Stubber, operation: str, key: str, by: dict[str, str], items: list[dict[str, Any]]) -> None:
    """One item a page."""
    for number, item in enumerate(items):
        marker = {"Marker": f"page {number}"} if number else {}
        following = {"NextMarker": f"page {number + 1}"} if number + 1 < len(items) else {}
        stub.add_response(operation, {key: [item], **following}, {**by, "PageSize": PAGE_SIZE, **marker})


def test_listeners_and_rules_of_more_than_one_page(stub: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    listeners = [
        {"ListenerArn": arn, "Protocol": "HTTP", "Port": 80 + number, "DefaultActions": [TO_BLUE]}
        for number, arn in enumerate(LISTENERS)
    ]
    rules = [
        {"RuleArn": f"{LISTENERS[0]}/{number}", "Priority": str(number), "Actions": [TO_BLUE]} for number in range(1, 4)
    ]
    default = {"RuleArn": f"{LISTENERS[0]}/0", "Priority": "default", "IsDefault": True, "Actions": [TO_BLUE]}
    # In turn, since the stub answers in turn.
    monkeypatch.setattr(SwapApi, "forwards", one_thread(SwapApi.forwards))
    pages(stub, "describe_listeners", "Listeners", {"LoadBalancerArn": ALB.arn}, listeners)
    pages(stub, "describe_rules", "Rules", {"ListenerArn": LISTENERS[0]}, [*rules, default])
    pages(stub, "describe_rules", "Rules", {"ListenerArn": LISTENERS[1]}, [default])

    found = SwapApi(stub.client).forwards(ALB)

    assert [(one.kind, one.where) for one in found] == [
        ("listener", "HTTP:80 default"),
        *[("rule", f"HTTP:80 rule {number}") for number in range(1, 4)],
        ("listener", "HTTP:81 default"),
    ]


def one_thread(function: Any) -> Any:
    """The function with a pool of one thread."""
    import ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api as module

    def limited(*args: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "CALLS_IN_PARALLEL", 1)
            return function(*args)

    return limited


def test_a_network_load_balancer_is_not_asked_for_rules(stub: Stubber) -> None:
    listener = {"ListenerArn": LISTENERS[0], "Protocol": "UDP", "Port": 7000, "DefaultActions": [TO_BLUE]}
    pages(stub, "describe_listeners", "Listeners", {"LoadBalancerArn": ALB.arn}, [listener])

    found = SwapApi(stub.client).forwards(replace(ALB, type="network"))

    assert [(one.where, one.weights()) for one in found] == [("UDP:7000 default", {BLUE: 1})]


JWT = {
    "Type": "jwt-validation",
    "Order": 1,
    "JwtValidationConfig": {
        "JwksEndpoint": "https://issuer/keys",
        "Issuer": "https://issuer",
        "AdditionalClaims": [{"Name": "aud", "Values": ["arena"], "Format": "single-string"}],
    },
}


def test_a_jwt_validation_is_written_back_as_it_was(stub: Stubber) -> None:
    rule = f"{LISTENERS[0]}/1"
    actions = [JWT, {**TO_BLUE, "Order": 2}]
    stub.add_response("modify_rule", {"Rules": []}, {"RuleArn": rule, "Actions": actions})
    forward = Forward("rule", rule, LISTENERS[0], "arena", "HTTP:80 rule 1", tuple(actions))

    api = SwapApi(stub.client)
    api.refuse_unknown_actions([forward])
    api.write(forward, forward.actions)


def test_an_action_that_botocore_does_not_know_is_refused(stub: Stubber) -> None:
    forward = Forward("rule", "arn:rule/1", LISTENERS[0], "arena", "HTTP:80 rule 1", ({"Type": "of-tomorrow"}, TO_BLUE))

    with pytest.raises(BlueGreenError, match=r"HTTP:80 rule 1 has an action of type of-tomorrow, .* upgrade boto3"):
        SwapApi(stub.client).refuse_unknown_actions([forward])


def test_throttling_slows_all_threads_of_the_client_down(stub: Stubber) -> None:
    assert stub.client.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 2}


class CrowdedClient:
    """Answers only when ten calls are under way, and counts how many ever were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._together = threading.Barrier(CALLS_IN_PARALLEL, timeout=10)
        self._under_way = 0
        self.most = 0

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        self._together.wait()
        with self._lock:
            self._under_way -= 1
        return {"TargetHealthDescriptions": []}


def test_no_more_calls_are_under_way_than_the_limit() -> None:
    client = CrowdedClient()
    api, groups = SwapApi(client), [TargetGroup(f"group-{number}", BLUE) for number in range(4 * CALLS_IN_PARALLEL)]

    with ThreadPoolExecutor(max_workers=len(groups)) as pool:
        list(pool.map(api.health, groups))

    assert client.most == CALLS_IN_PARALLEL


def test_target_groups_of_more_than_one_page(stub: Stubber) -> None:
    groups = [{"TargetGroupArn": f"{BLUE}{number}"} for number in range(3)]
    stub.add_response("describe_target_groups", {"TargetGroups": groups[:2], "NextMarker": "page 2"}, {})
    stub.add_response("describe_target_groups", {"TargetGroups": groups[2:]}, {"Marker": "page 2"})

    assert describe_target_groups(stub.client) == groups


def test_a_target_group_in_use_is_not_deleted_yet(stub: Stubber) -> None:
    by = {"TargetGroupArn": BLUE}
    stub.add_client_error("delete_target_group", "ResourceInUse", expected_params=by)
    stub.add_response("delete_target_group", {}, by)
    stub.add_client_error("delete_target_group", "TargetGroupNotFound", expected_params=by)
    stub.add_client_error("delete_target_group", "AccessDenied", expected_params=by)
    api = TargetGroupApi(stub.client)

    assert [api.delete(BLUE) for _time in range(3)] == [False, True, True]
    with pytest.raises(AnsibleAWSError, match="delete target group"):
        api.delete(BLUE)


def test_health_is_counted_by_reason() -> None:
    described = [
        {"TargetHealth": {"State": "healthy"}},
        {"TargetHealth": {"State": "initial", "Reason": "Elb.RegistrationInProgress"}},
        {"TargetHealth": {"State": "draining"}},
    ]
    health = summarise_health(described)
    assert health == Health(1, 3, {"initial/Elb.RegistrationInProgress": 1, "draining": 1})
    assert str(health) == "1 of 3 targets healthy (1 draining, 1 initial/Elb.RegistrationInProgress)"
