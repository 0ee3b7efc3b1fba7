"""What a swap reads of AWS, what it does without, and how it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.hazards import Hazard
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import TargetGroup
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import (
    World,
    read_forwards,
    read_world,
    show_forward,
    show_shares,
    show_target_groups,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost

from tests.unit.plugins.module_utils._elbv2.fakes import (
    LOAD_BALANCER_ARN,
    FakeApi,
    arena,
    rule,
    weighted_rules,
)

PAIR = [("blue", "green")]


def read(api: FakeApi, *load_balancers: str, may_lack: bool = False, skip_absent: bool = False) -> World:
    return read_world(api, load_balancers or ["arena"], PAIR, may_lack=may_lack, skip_absent=skip_absent)


def test_all_of_it_is_read() -> None:
    api = arena(2)
    api.balancer = replace(api.balancer, cluster="arena-blue")
    api.healths["green"] = Health(1, 2)

    world = read(api)

    assert world.load_balancers == [api.balancer]
    assert world.forwards == weighted_rules(2)
    assert world.names() == {"arn:tg/blue/1": "blue", "arn:tg/green/1": "green"}
    assert [str(world.health(group)) for group in world.groups] == [str(Health(2, 2)), str(Health(1, 2))]
    assert world.attached() == {"arn:tg/blue/1", "arn:tg/green/1"}
    assert world.absent_load_balancers == []


def test_only_what_stands_in_a_rule_is_attached() -> None:
    assert read(arena(2, attached=False)).attached() == {"arn:tg/blue/1"}


def test_a_load_balancer_that_is_named_twice_is_one() -> None:
    world = read(arena(2), "arena", LOAD_BALANCER_ARN)
    assert ([one.name for one in world.load_balancers], len(world.forwards)) == (["arena"], 2)


def test_names_that_do_not_exist_are_told_together() -> None:
    api = arena(1)
    with pytest.raises(BlueGreenError, match="load_balancers: elsewhere, nowhere not found"):
        read(api, "arena", "elsewhere", "nowhere")
    del api.groups["green"]
    with pytest.raises(BlueGreenError, match="target group green not found; each service needs one per slot"):
        read(api)
    del api.groups["blue"]
    with pytest.raises(BlueGreenError, match="target group blue, green not found"):
        read(api)


def test_a_load_balancer_may_be_absent_as_long_as_one_is_left() -> None:
    world = read(arena(1), "gone", "arena", skip_absent=True)
    assert ([one.name for one in world.load_balancers], world.absent_load_balancers) == (["arena"], ["gone"])
    with pytest.raises(BlueGreenError, match="load_balancers: gone not found"):
        read(arena(1), "gone", skip_absent=True)


def test_a_target_group_that_may_lack_has_a_name_and_no_targets() -> None:
    api = arena(1)
    del api.groups["green"]
    api.healths = {"blue": Health(3, 3)}

    world = read(api, may_lack=True)

    assert world.groups[1] == TargetGroup("green", "")
    assert (world.health(world.groups[1]).healthy, world.health(world.groups[1]).total) == (0, 0)
    assert world.hazards(world.forwards) == ([], [])


def test_names_that_make_no_sense_are_refused_before_aws_is_asked() -> None:
    api = arena(1)
    asked: list[str] = []
    with pytest.raises(BlueGreenError, match="pairs is empty"):
        read_world(api, ["arena"], [], may_lack=False, first=lambda: asked.append("lease"))
    assert (api.readings, api.writes, asked) == (0, [], [])


def test_a_lease_that_is_lost_while_reading_is_told_before_anything_that_was_read() -> None:
    def lose() -> None:
        raise LeaseLost("the lease went to somebody else")

    with pytest.raises(LeaseLost):
        read_world(arena(1), ["elsewhere"], PAIR, may_lack=False, first=lose)


def test_a_health_that_could_not_be_read_is_told_when_it_is_asked_for() -> None:
    api = arena(1)
    del api.healths["green"]

    world = read(api)

    assert world.health(world.groups[0]) == Health(2, 2)
    with pytest.raises(KeyError):
        world.health(world.groups[1])


def test_stickiness_is_found_and_what_could_not_be_read_of_it_is_named() -> None:
    api = arena(1)
    sticky = {"stickiness.enabled": "true", "stickiness.type": "source_ip"}

    def attributes(group: TargetGroup) -> dict[str, str]:
        if group.name == "green":
            raise TimeoutError("no answer")
        return sticky

    api.attributes = attributes  # type: ignore[method-assign]
    bound = {"Enabled": True, "DurationSeconds": 60}
    api.rules["arn:rule/9"] = rule(9, {"Type": "forward", "ForwardConfig": {"TargetGroupStickinessConfig": bound}})

    world = read(api)

    assert world.hazards(world.forwards) == (
        [
            Hazard("group_stickiness", "arena HTTP:80 rule 09", 60),
            Hazard("target_stickiness", "target group blue", 0),
        ],
        ["whether target group green is sticky is unknown: no answer"],
    )
    assert world.hazards([])[0] == [Hazard("target_stickiness", "target group blue", 0)]


def test_forwards_are_read_anew() -> None:
    api = arena(2)
    world = read(api)
    api.rules = {}
    assert read_forwards(api, world.load_balancers) == []
    assert len(world.forwards) == 2


def test_a_forward_is_shown_with_the_slots_of_its_target_groups() -> None:
    tuples = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": weight} for name, weight in (("blue", 9), ("other", 1))]
    forward = rule(3, {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}})
    world = read(FakeApi([forward]))

    assert show_forward(world, forward) == {
        "load_balancer": "arena",
        "listener_arn": "arn:listener/1",
        "rule_arn": "arn:rule/3",
        "where": "HTTP:80 rule 03",
        "target_groups": [
            {"target_group_arn": "arn:tg/blue/1", "name": "blue", "slot": "blue", "weight": 9},
            {"target_group_arn": "arn:tg/other/1", "name": None, "slot": None, "weight": 1},
        ],
    }
    default = replace(forward, kind="listener")
    assert show_forward(world, default)["rule_arn"] is None


def test_target_groups_are_shown_whether_they_exist_or_not() -> None:
    api = arena(1)
    del api.groups["green"]
    api.healths["blue"] = Health(1, 2)

    blue, green = show_target_groups(read(api, may_lack=True))

    assert blue == {
        "name": "blue",
        "slot": "blue",
        "exists": True,
        "target_group_arn": "arn:tg/blue/1",
        "attached": True,
        "healthy_targets": 1,
        "registered_targets": 2,
    }
    assert (green["exists"], green["target_group_arn"], green["attached"]) == (False, "", False)


@pytest.mark.parametrize(
    ("weights", "blue", "green"),
    [
        ([{"blue": 90, "green": 10}], (90.0, 90.0), (10.0, 10.0)),
        ([{"blue": 90, "green": 10}, {"blue": 1, "green": 2}], (33.3, 90.0), (10.0, 66.7)),
        ([{"blue": 0, "green": 0}], (0.0, 0.0), (0.0, 0.0)),
        # Of what the pair gets: a third target group does not count.
        ([{"blue": 1, "other": 9}], (100.0, 100.0), (0.0, 0.0)),
        ([{"other": 9}], (0.0, 0.0), (0.0, 0.0)),
        ([], (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_shares_are_the_smallest_and_the_largest(
    weights: list[dict[str, int]], blue: tuple[float, float], green: tuple[float, float]
) -> None:
    def forwarding(shares: dict[str, int]) -> dict[str, Any]:
        tuples = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": weight} for name, weight in shares.items()]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}

    forwards = [rule(number, forwarding(shares)) for number, shares in enumerate(weights)]

    assert show_shares(read(FakeApi(forwards)), forwards) == {
        "blue": {"lowest": blue[0], "highest": blue[1]},
        "green": {"lowest": green[0], "highest": green[1]},
    }
