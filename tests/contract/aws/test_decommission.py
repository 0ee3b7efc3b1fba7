"""What holds a slot's cluster back, as the module finds it in the lab's account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.aws.modules import play, refusal, succeed
from tests.contract.aws.world import World

pytestmark = pytest.mark.usefixtures("operator", "short_sleeps")

PARAMETER = "/{}/session-destination"
DOCUMENT = '{"v": 1, "revision": 1, "weights": {"blue": %d, "green": %d}, "clusters": {}}'


@dataclass(frozen=True)
class Stage:
    """A load balancer with a target group for each slot, and a session destination."""

    world: World
    name: str
    groups: dict[str, str]
    listener: str

    def give(self, *, blue: int, green: int) -> None:
        """Set the listener's weights."""
        weights = {"blue": blue, "green": green}
        groups = [{"TargetGroupArn": self.groups[slot], "Weight": weight} for slot, weight in weights.items()]
        forward: dict[str, Any] = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        self.world.client("elbv2").modify_listener(ListenerArn=self.listener, DefaultActions=[forward])

    def send(self, *, blue: int, green: int) -> None:
        """Set the session destination."""
        parameter = PARAMETER.format(self.name)
        value = DOCUMENT % (blue, green)
        self.world.client("ssm").put_parameter(Name=parameter, Value=value, Type="String", Overwrite=True)

    def slot(self, slot: str, **more: Any) -> dict[str, Any]:
        gone = {"exists": False, "readable": True, "status": "", "kubeconfig": "", "tags": {}}
        return {"slot": slot, "cluster_name": f"{self.name}-{slot}", **gone, **more}

    def options(self, green: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """The module's options, with green's cluster to go."""
        return {
            "environment_name": "arena",
            "cluster_name": f"{self.name}-green",
            "slots": [self.slot("blue"), green or self.slot("green")],
            "run": None,
            "problems": [],
            "namespaces": ["arena"],
            "load_balancers": [self.name],
            "services": [{"name": "mm", "target_groups": {slot: f"{self.name}-{slot}" for slot in self.groups}}],
            "provider": "document",
            "document": {"parameter": PARAMETER.format(self.name)},
            **more,
        }


@pytest.fixture
def stage(world: World) -> Stage:
    elbv2, name = world.client("elbv2"), f"go-{uuid.uuid4().hex[:8]}"
    settings = {"Protocol": "HTTP", "Port": 8080, "VpcId": world.subnets["vpc"][0], "TargetType": "ip"}
    groups = {
        slot: elbv2.create_target_group(Name=f"{name}-{slot}", **settings)["TargetGroups"][0]["TargetGroupArn"]
        for slot in ("blue", "green")
    }
    balancer = elbv2.create_load_balancer(Name=name, Subnets=world.subnets["public"])["LoadBalancers"][0]
    forward = [{"Type": "forward", "TargetGroupArn": groups["blue"]}]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]
    stage = Stage(world, name, groups, listener)
    stage.give(blue=100, green=0)
    stage.send(blue=100, green=0)
    return stage


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_slot_that_no_one_uses_may_go(stage: Stage, check_mode: bool) -> None:
    result = play("decommission_preflight", check_mode=check_mode, **stage.options())
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], result["findings"]) == (False, [])
    assert result["slot"] == stage.slot("green")
    assert [one["name"] for one in result["services"]] == ["mm"]


def test_a_target_group_that_is_gone_is_not_left(stage: Stage) -> None:
    elbv2 = stage.world.client("elbv2")
    forward = [{"Type": "forward", "TargetGroupArn": stage.groups["blue"]}]
    elbv2.modify_listener(ListenerArn=stage.listener, DefaultActions=forward)
    elbv2.delete_target_group(TargetGroupArn=stage.groups["green"])
    assert succeed("decommission_preflight", **stage.options())["services"] == []


def test_all_reasons_to_stay_are_told_at_once(stage: Stage) -> None:
    stage.give(blue=75, green=25)
    stage.send(blue=50, green=50)
    green = stage.slot("green", exists=True, status="ACTIVE", tags={"eks-bluegreen/environment": "other"})
    said = refusal("decommission_preflight", **stage.options(green, run={"run_id": "run-1"}))
    first, *lines = said.splitlines()
    assert first == f"slot green ({stage.name}-green) must not be removed, for 5 reasons:"
    for words, line in zip(
        ["run run-1 is open", "is other, not arena", "up to 25 %", "new sessions (weight 50)", "there is no way in"],
        lines,
        strict=True,
    ):
        assert words in line


def test_what_cannot_be_read_is_a_reason(stage: Stage) -> None:
    stage.world.client("ssm").delete_parameter(Name=PARAMETER.format(stage.name))
    said = refusal("decommission_preflight", **stage.options(load_balancers=["nowhere"]))
    assert "what the load balancers give it is not known: load_balancers: nowhere not found" in said
    assert "whether new sessions are sent to it is not known: " in said


def test_a_way_in_that_leads_nowhere_leaves_the_sessions_unknown(stage: Stage, tmp_path: Any) -> None:
    tags = {"eks-bluegreen/environment": "arena"}
    green = stage.slot("green", exists=True, status="ACTIVE", tags=tags, kubeconfig=str(tmp_path / "none"))
    (_first, line) = refusal("decommission_preflight", **stage.options(green)).splitlines()
    assert "how many sessions are in it is not known: the kubeconfig" in line


def test_what_others_built_is_left_to_them(stage: Stage) -> None:
    said = refusal("decommission_preflight", **stage.options(provisioner="external"))
    assert said.startswith(f"no one uses slot green ({stage.name}-green)")


def test_a_destination_that_was_forgotten_is_not_none(stage: Stage) -> None:
    for option in ("document", "provider"):
        options = stage.options()
        del options[option]
        assert option in refusal("decommission_preflight", **options)


def test_another_name_is_refused(stage: Stage) -> None:
    said = refusal("decommission_preflight", **stage.options(cluster_name="arena-red"))
    assert said.endswith(f"{stage.name}-blue or {stage.name}-green")
