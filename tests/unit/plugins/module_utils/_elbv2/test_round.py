"""One round of a swap, on a load balancer that lives in a dictionary; the writes themselves are in test_write.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import Swap, read_weights, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Forward, TargetGroup, Weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._elbv2.fakes import (
    BEFORE,
    FakeApi,
    FakeKeeper,
    LosingKeeper,
    arena,
    make_sticky_before_second_reading,
    other_weights,
    rule,
    weighted_rules,
)


def run(
    api: FakeApi, weights: Weights, *, check_mode: bool = False, clock: FakeClock | None = None, **options: Any
) -> dict[str, Any]:
    want = Swap(["arena"], [("blue", "green")], weights, **options)
    return swap_round(api, want, check_mode=check_mode, clock=clock or FakeClock(), keeper=FakeKeeper())


def test_all_rules_change_and_read_back() -> None:
    api, keeper = arena(), FakeKeeper()
    want = Swap(["arena"], [("blue", "green")], Weights(90, 10))

    result = swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=keeper)

    assert result["changed"]
    assert result["round"]["finished"]
    assert api.weights() == [{"arn:tg/blue/1": 90, "arn:tg/green/1": 10}] * 12
    assert keeper.kept == 1
    assert keeper.entries == [("traffic", {"weights": {"blue": 90, "green": 10}})]
    assert "arena HTTP:80 rule 00: blue 100, green 0\n" in result["diff"]["before"]
    assert "arena HTTP:80 rule 00: blue 90, green 10\n" in result["diff"]["after"]


def test_a_second_time_changes_nothing() -> None:
    api = arena()
    run(api, Weights(90, 10))
    api.writes.clear()

    result = run(api, Weights(90, 10))

    assert not result["changed"]
    assert api.writes == []
    assert result["diff"]["before"] == result["diff"]["after"] == ""


def test_check_mode_predicts_and_writes_nothing() -> None:
    api = arena()

    result = run(api, Weights(90, 10), check_mode=True)

    assert result["changed"]
    assert api.writes == []
    assert [group["weight"] for group in result["forwards"][0]["target_groups"]] == [90, 10]


def test_check_mode_predicts_with_a_target_group_that_comes_later() -> None:
    api = arena(attached=False)
    del api.groups["green"]

    result = run(api, Weights(100, 0), check_mode=True)

    assert result["forwards"][0]["target_groups"][1]["name"] == "green"
    assert result["warnings"] == ["target group green does not exist yet; the prediction assumes it"]


def test_stickiness_is_a_hazard_and_one_warning() -> None:
    rules = weighted_rules(5)
    for one in rules:
        one.actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 3600}
    api = FakeApi(rules)
    api.attributes_of["blue"] = {
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "86400",
    }

    result = run(api, Weights(90, 10))

    assert [(one["kind"], one["resource"], one["seconds"]) for one in result["hazards"]] == [
        *[("group_stickiness", f"arena HTTP:80 rule 0{number}", 3600) for number in range(5)],
        ("target_stickiness", "target group blue", 86400),
    ]
    assert [warning.split(";")[0] for warning in result["warnings"]] == [
        "stickiness beats weights: a cookie binds clients to a target group, even at weight 0 for up to 3600 s: "
        "arena HTTP:80 rule 00, arena HTTP:80 rule 01, arena HTTP:80 rule 02 and 2 more",
        "stickiness beats weights: clients stay with one target of the group for up to 86400 s: target group blue",
    ]
    assert read_weights(api, ["arena"], [("blue", "green")])["hazards"] == result["hazards"]


def test_unreadable_stickiness_stops_nothing() -> None:
    api = arena(1)
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeTargetGroupAttributes")

    def attributes(group: TargetGroup) -> dict[str, str]:
        raise denied

    api.attributes = attributes  # type: ignore[method-assign]

    result = run(api, Weights(0, 100))

    assert result["changed"]
    assert [warning.split(":")[0] for warning in result["warnings"]] == [
        "whether target group blue is sticky is unknown",
        "whether target group green is sticky is unknown",
    ]


def test_a_gateway_load_balancer_is_refused() -> None:
    api = arena(1)
    api.balancer = replace(api.balancer, type="gateway")
    with pytest.raises(BlueGreenError, match="arena is a gateway load balancer"):
        run(api, Weights(1, 0))


def two_services() -> tuple[FakeApi, Swap]:
    """The second is in no rule, and there is a load balancer that does not exist; the way back of both."""
    api = FakeApi(weighted_rules(2), ("blue", "green", "voice-blue", "voice-green"))
    run(api, Weights(0, 100))
    pairs = [("blue", "green"), ("voice-blue", "voice-green")]
    return api, Swap(["arena"], pairs, Weights(100, 0), require_healthy=False, keep_on_failure=True)


NOWHERE = "no listener or rule of load balancer arena forwards to voice-blue or voice-green"


def swapped(api: FakeApi, want: Swap) -> dict[str, Any]:
    return swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=FakeKeeper())


def test_the_way_back_is_not_held_up_by_a_service_without_a_rule() -> None:
    api, want = two_services()

    result = swapped(api, want)

    assert result["round"]["finished"]
    assert api.weights() == [BEFORE] * 2
    assert result["warnings"] == [f"{NOWHERE}: left out"]


def test_only_the_way_back_leaves_a_service_out() -> None:
    api, want = two_services()
    with pytest.raises(BlueGreenError, match=NOWHERE):
        swapped(api, replace(want, keep_on_failure=False))
    assert BEFORE not in api.weights()


def test_a_way_back_of_nothing_at_all_is_refused() -> None:
    api, want = two_services()
    with pytest.raises(BlueGreenError, match=NOWHERE):
        swapped(api, replace(want, pairs=want.pairs[1:]))


def test_a_service_whose_last_rule_goes_meanwhile_does_not_hold_up_the_way_back() -> None:
    api, want = two_services()
    tuples = [{"TargetGroupArn": f"arn:tg/voice-{slot}/1", "Weight": 50} for slot in ("blue", "green")]
    api.rules["arn:rule/9"] = rule(9, {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}})

    def after_write(number: int) -> None:
        """The first two writes made the world, the next three are all of the swap."""
        if number == 5:
            del api.rules["arn:rule/9"]

    api.after_write = after_write

    assert swapped(api, want)["round"]["finished"]
    assert api.weights() == [BEFORE] * 2


def test_the_way_back_is_not_held_up_by_a_load_balancer_that_is_gone() -> None:
    api, want = two_services()
    want = replace(want, load_balancers=["gone", "arena"], pairs=want.pairs[:1])

    result = swapped(api, want)

    assert api.weights() == [BEFORE] * 2
    assert result["warnings"] == ["load balancer gone not found in this account and region: left out"]
    with pytest.raises(BlueGreenError, match="load_balancers: gone not found"):
        swapped(api, replace(want, keep_on_failure=False))


def test_a_journal_out_of_reach_does_not_fail_a_moved_world() -> None:
    class Mute(FakeKeeper):
        def journal(self, kind: str, **data: Any) -> None:
            raise BlueGreenError("cannot write to the bucket")

    api = arena(1)
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    result = swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=Mute())

    assert result["changed"]
    assert result["warnings"] == ["the weights are set, but not noted in the run's journal: cannot write to the bucket"]


def test_a_rule_that_somebody_adds_meanwhile_comes_next() -> None:
    api = arena(2)
    api.before_read = lambda number: api.rules.update({"arn:rule/55": other_weights()}) if number == 2 else None

    result = run(api, Weights(0, 100))

    assert result["changed"]
    assert result["round"]["finished"] is False
    assert result["round"]["progress"].startswith("someone else added or changed arena HTTP:80 rule 55")
    assert run(api, Weights(0, 100))["round"]["finished"]
    assert api.weights() == [{"arn:tg/blue/1": 0, "arn:tg/green/1": 100}] * 3


def test_only_the_slot_to_detach_may_lack() -> None:
    api = arena(2, attached=False)
    del api.groups["green"]
    detach_blue = Weights(0, 100, detach="blue")

    with pytest.raises(
        BlueGreenError, match=r"target group green not found; only the detached slot's .blue. may be missing"
    ):
        run(api, detach_blue, require_healthy=False)
    assert api.writes == []


@pytest.mark.parametrize(
    ("blue", "green", "enough"),
    [
        (Health(2, 2), Health(2, 2), True),
        (Health(0, 2), Health(1, 1), True),
        (Health(2, 2), Health(1, 2, {"initial/Elb.RegistrationInProgress": 1}), False),
        (Health(0, 0), Health(0, 0), False),
    ],
)
def test_no_weight_without_as_many_healthy_targets(blue: Health, green: Health, enough: bool) -> None:
    api = arena(1)
    api.healths = {"blue": blue, "green": green}

    result = run(api, Weights(90, 10))

    assert result["round"]["finished"] is enough
    assert bool(api.writes) is enough
    if not enough:
        assert result["changed"] is False
        assert f"green: {green.healthy} of {green.total} targets healthy" in result["round"]["progress"]


def test_without_waiting_the_lack_is_an_error() -> None:
    api = arena(1)
    api.healths["green"] = Health(0, 1, {"unhealthy/Target.Timeout": 1})

    with pytest.raises(BlueGreenError, match=r"0 of 1 targets healthy .1 unhealthy/Target\.Timeout., needs 2"):
        run(api, Weights(90, 10), wait=False)
    assert api.writes == []


def test_attaching_at_weight_0_needs_no_health() -> None:
    api = arena(1, attached=False)
    api.healths["green"] = Health(0, 0)

    assert run(api, Weights(100, 0))["changed"]


def test_an_unattached_target_group_is_named() -> None:
    api = arena(1, attached=False)

    with pytest.raises(BlueGreenError, match="no listener or rule forwards to target group green"):
        run(api, Weights(90, 10))


def test_the_way_back_only_warns() -> None:
    api = arena(1)
    run(api, Weights(0, 100))
    api.healths["blue"] = Health(0, 2, {"unhealthy": 2})

    result = run(api, Weights(100, 0), require_healthy=False)

    assert result["warnings"] == ["target group blue gets requests with 0 of 2 targets healthy (2 unhealthy)"]
    assert api.weights() == [{"arn:tg/blue/1": 100, "arn:tg/green/1": 0}]


def test_the_way_back_survives_an_unreadable_health() -> None:
    api = arena(1)
    run(api, Weights(0, 100))
    del api.healths["blue"]

    result = run(api, Weights(100, 0), require_healthy=False)

    assert "the health of target group blue is unknown" in result["warnings"][0]
    assert result["changed"]


def test_a_load_balancer_of_a_cluster_is_refused() -> None:
    api = arena(1)
    api.balancer = replace(api.balancer, cluster="arena-blue")

    with pytest.raises(BlueGreenError, match="load balancer arena belongs to cluster arena-blue"):
        run(api, Weights(1, 0))


def test_what_the_info_module_tells() -> None:
    api = arena(2)
    run(api, Weights(90, 10))

    info = read_weights(api, ["arena"], [("blue", "green")])

    assert info["shares"] == {"blue": {"lowest": 90.0, "highest": 90.0}, "green": {"lowest": 10.0, "highest": 10.0}}
    assert [(group["slot"], group["healthy_targets"]) for group in info["target_groups"]] == [("blue", 2), ("green", 2)]
    del api.groups["green"]
    assert read_weights(api, ["arena"], [("blue", "green")])["target_groups"][1]["exists"] is False


def test_a_prediction_needs_one_target_group_of_a_pair() -> None:
    api = arena(1)
    api.groups.clear()
    with pytest.raises(BlueGreenError, match="neither target group blue nor green exists"):
        run(api, Weights(1, 0), check_mode=True)


def test_a_target_group_of_another_load_balancer_is_refused_before_any_write() -> None:
    api = arena(1, attached=False)
    api.groups["green"] = replace(api.groups["green"], load_balancer_arns=("arn:lb/other",))
    with pytest.raises(BlueGreenError, match="green is used by arn:lb/other, so it cannot be added to arena"):
        run(api, Weights(100, 0))
    assert api.writes == []


def test_an_action_that_cannot_be_written_back_is_refused_before_any_write() -> None:
    api = arena(2)
    asked: list[str] = []

    def refuse(forwards: Sequence[Forward]) -> None:
        asked.extend(forward.arn for forward in forwards)
        raise BlueGreenError("an action of tomorrow")

    api.refuse_unknown_actions = refuse  # type: ignore[method-assign]
    with pytest.raises(BlueGreenError, match="an action of tomorrow"):
        run(api, Weights(90, 10))
    assert (asked, api.writes) == (["arn:rule/0", "arn:rule/1"], [])


def test_what_was_noticed_while_writing_is_told() -> None:
    api = arena(2)

    make_sticky_before_second_reading(api)

    (warning,) = run(api, Weights(0, 100))["warnings"]
    assert warning.startswith("someone else changed arena HTTP:80 rule 01 during the swap")


def test_only_the_way_back_keeps_what_is_written() -> None:
    api = arena(3)
    run(api, Weights(0, 100))
    api.broken = {"arn:rule/1"}

    with pytest.raises(BlueGreenError, match=r"^2 of 3 listeners and rules are as asked for and stay so"):
        run(api, Weights(100, 0), keep_on_failure=True)
    assert api.weights().count(BEFORE) == 2
    with pytest.raises(BlueGreenError, match="were taken back"):
        run(api, Weights(50, 50))
    assert api.weights().count(BEFORE) == 2


def test_a_round_that_loses_the_lease_notes_nothing() -> None:
    api, keeper = arena(3), LosingKeeper()
    api.deaf = {"arn:rule/1"}
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    with pytest.raises(LeaseLost):
        swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=keeper)
    assert keeper.entries == []


def test_a_lease_that_cannot_be_looked_at_leaves_no_listener_half_written() -> None:
    class Cut(FakeKeeper):
        """Reaches the bucket once, and no more."""

        def keep(self) -> None:
            super().keep()
            if self.kept > 1:
                raise BlueGreenError("cannot read the run record")

    api, clock, keeper = arena(60), FakeClock(), Cut()
    api.after_write = lambda _number: clock.sleep(0.1)
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    assert swap_round(api, want, check_mode=False, clock=clock, keeper=keeper)["changed"]
    assert keeper.kept > 1
    assert BEFORE not in api.weights()


def test_the_lease_is_not_asked_for_in_check_mode() -> None:
    keeper = FakeKeeper()
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))
    swap_round(arena(1), want, check_mode=True, clock=FakeClock(), keeper=keeper)
    assert (keeper.kept, keeper.entries) == (0, [])
