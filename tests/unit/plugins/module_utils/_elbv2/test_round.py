"""One round of a swap, on a load balancer that lives in a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import Health, summarise_health
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import Swap, read_weights, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    TargetGroup,
    Weights,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import LeaseLost
from botocore.exceptions import ClientError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._elbv2.fakes import FakeApi, FakeKeeper, LosingKeeper, rule, weighted_rules


def arena(rules: int = 12, *, attached: bool = True) -> FakeApi:
    return FakeApi(weighted_rules(rules, attached=attached))


def run(
    api: FakeApi, weights: Weights, *, check_mode: bool = False, clock: FakeClock | None = None, **options: Any
) -> dict[str, Any]:
    want = Swap(["arena"], [("blue", "green")], weights, **options)
    return swap_round(api, want, check_mode=check_mode, clock=clock or FakeClock(), keeper=FakeKeeper())


BEFORE = {"arn:tg/blue/1": 100, "arn:tg/green/1": 0}


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


def fail_once(number: int, error: Exception) -> Any:
    """Raises at this write and at no other."""

    def raise_at(current: int) -> None:
        if current == number:
            raise error

    return raise_at


def test_one_failed_write_restores_all() -> None:
    api = arena()
    api.broken = {"arn:rule/7"}

    with pytest.raises(BlueGreenError, match=r"were taken back: arena HTTP:80 rule 07: arn:rule/7: .* is broken") as e:
        run(api, Weights(0, 100))

    # The broken rule refuses its restoration too, but reads back as it was.
    assert e.value.details == {"not_restored": [], "changed_by_others": []}
    assert api.weights() == [BEFORE] * 12


def test_a_lost_answer_is_taken_back_too() -> None:
    api = arena()
    api.after_write = fail_once(4, TimeoutError("no answer"))

    with pytest.raises(BlueGreenError, match=r"were taken back: .* no answer"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 12


def test_what_cannot_be_put_back_is_named() -> None:
    api = arena(3)

    def after(number: int) -> None:
        """The third write is the last that works, and its answer is lost."""
        if number == 3:
            api.broken = {"arn:rule/1"}
            raise TimeoutError("no answer")

    api.after_write = after

    with pytest.raises(BlueGreenError, match="could not be taken back everywhere, so listeners differ now") as failure:
        run(api, Weights(0, 100))
    assert failure.value.details["not_restored"] == ["arena HTTP:80 rule 01: arn:rule/1 is broken"]
    assert [forward.weights() for forward in api.rules.values()].count(BEFORE) == 2


def test_a_restoration_that_did_not_take_is_repeated() -> None:
    api = arena(2)
    api.after_write = fail_once(2, TimeoutError("no answer"))

    def before_read(number: int) -> None:
        """The first write of the restoration is accepted and forgotten; later ones are not."""
        api.deaf = {"arn:rule/0"} if number == 2 else set()

    api.before_read = before_read

    with pytest.raises(BlueGreenError, match="all 2 changes were taken back"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 2


def test_a_rule_that_may_not_be_modified_names_the_remedy() -> None:
    api = arena(3)
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "ModifyRule")
    api.before_write = fail_once(3, refusal)

    with pytest.raises(BlueGreenError, match=r"may not be modified .* allow elasticloadbalancing:ModifyRule on it"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 3


def stuck_reading(api: FakeApi, first: int) -> None:
    """From this reading on, listeners and rules cannot be read."""

    def before_read(number: int) -> None:
        if number >= first:
            raise TimeoutError("no answer")

    api.before_read = before_read


def test_what_cannot_be_read_back_stays_written_and_says_so() -> None:
    api = arena(2)
    stuck_reading(api, 2)

    with pytest.raises(BlueGreenError, match="all 2 changes were accepted, but could not be read back: no answer"):
        run(api, Weights(0, 100))
    assert api.weights() == [{"arn:tg/blue/1": 0, "arn:tg/green/1": 100}] * 2


def test_a_restoration_that_cannot_be_read_back_is_not_called_one() -> None:
    api = arena(2)
    stuck_reading(api, 2)
    api.after_write = fail_once(2, TimeoutError("lost"))

    with pytest.raises(BlueGreenError) as failure:
        run(api, Weights(0, 100))
    assert len(failure.value.details["not_restored"]) == 2
    assert failure.value.details["not_restored"][0].endswith("it could not be read back")


FOREIGN: Action = {"Type": "forward", "TargetGroupArn": "arn:tg/other/1"}


def test_a_rule_that_somebody_else_changed_before_our_write_is_left_alone() -> None:
    api, clock = arena(60), FakeClock()
    api.before_read = lambda number: api.rules.update({"arn:rule/55": rule(55, FOREIGN)}) if number == 2 else None
    api.after_write = lambda _number: clock.sleep(0.1)

    with pytest.raises(BlueGreenError, match="somebody else changed arena HTTP:80 rule 55 during the swap"):
        run(api, Weights(0, 100), clock=clock)
    assert api.rules["arn:rule/55"].actions == (FOREIGN,)
    assert "arn:rule/55" not in api.writes
    assert [weights for weights in api.weights() if weights == BEFORE] == [BEFORE] * 59


def test_what_is_long_read_is_read_again_while_writing() -> None:
    api, clock = arena(60), FakeClock()
    api.after_write = lambda _number: clock.sleep(0.1)

    assert run(api, Weights(0, 100), clock=clock)["changed"]
    # The plan's reading, one every two seconds of six, the verification.
    assert 4 <= api.readings <= 5


def test_a_rule_that_somebody_else_changed_after_us_is_left_alone() -> None:
    api = arena(3)
    foreign = rule(1, {"Type": "fixed-response"}, FOREIGN)
    foreign_weights = weighted_rules(2)[1]
    sticky = {"Enabled": True, "DurationSeconds": 9}
    foreign_weights.actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky
    api.before_read = lambda number: api.rules.update({"arn:rule/1": foreign_weights}) if number == 2 else None

    with pytest.raises(BlueGreenError, match="left alone: arena HTTP:80 rule 01") as failure:
        run(api, Weights(0, 100))
    assert failure.value.details["changed_by_others"] == ["arena HTTP:80 rule 01"]
    assert api.weights() == [BEFORE] * 3
    assert api.rules["arn:rule/1"] == foreign_weights
    assert foreign != foreign_weights


def test_somebody_elses_change_with_the_wanted_weights_is_a_warning() -> None:
    api = arena(2)

    def before_read(number: int) -> None:
        if number == 2:
            config = api.rules["arn:rule/1"].actions[0]["ForwardConfig"]
            config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 9}

    api.before_read = before_read

    result = run(api, Weights(0, 100))

    assert result["warnings"] == [
        "somebody else changed arena HTTP:80 rule 01 during the swap; the weights there are as asked for"
    ]


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
        "stickiness beats weights: a cookie binds clients to a target group, also at weight 0 for up to 3600 s: "
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


@pytest.mark.parametrize(
    ("load_balancers", "pairs", "message"),
    [
        ([], [("blue", "green")], "load_balancers is empty"),
        (["arena"], [], "pairs is empty"),
        ([" "], [("blue", "green")], r"load_balancers\[0\] is empty"),
        (["arena"], [("blue", "green"), ("x", "")], r"pairs\[1\]\.green is empty"),
        (
            ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/arena/1"],
            [("blue", "green")],
            r"load_balancers\[0\] is .*, of region us-east-1, but this task works in eu-west-1",
        ),
        (
            ["arena"],
            [("blue", "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/green/1")],
            r"pairs\[0\]\.green is .*, of region us-east-1",
        ),
        (["arena"], [("arn:aws:s3:::blue", "green")], r"pairs\[0\]\.blue .* is not the ARN of a targetgroup"),
        (["arn:x"], [("blue", "green")], r"load_balancers\[0\] is arn:x, which is not the ARN of a loadbalancer"),
    ],
)
def test_names_that_make_no_sense(load_balancers: list[str], pairs: list[tuple[str, str]], message: str) -> None:
    api = arena(1)
    with pytest.raises(BlueGreenError, match=message):
        swap_round(
            api, Swap(load_balancers, pairs, Weights(1, 0)), check_mode=False, clock=FakeClock(), keeper=FakeKeeper()
        )
    assert api.writes == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vpc_id": "vpc-2"}, "blue has VPC vpc-1, green has vpc-2; one load balancer cannot take both"),
        ({"protocol": "TCP"}, "blue has protocol HTTP, green has TCP"),
        ({"load_balancer_arns": ("arn:lb/other",)}, "green is used by arn:lb/other, so it cannot be added to arena"),
    ],
)
def test_target_groups_that_do_not_belong_together(changes: dict[str, Any], message: str) -> None:
    api = arena(1, attached=False)
    api.groups["green"] = replace(api.groups["green"], **changes)

    with pytest.raises(BlueGreenError, match=message):
        run(api, Weights(100, 0))
    assert api.writes == []


def test_a_gateway_load_balancer_is_refused() -> None:
    api = arena(1)
    api.balancer = replace(api.balancer, type="gateway")
    with pytest.raises(BlueGreenError, match="arena is a gateway load balancer"):
        run(api, Weights(1, 0))


def test_what_does_not_read_back_is_restored() -> None:
    api = arena(3)
    api.deaf = {"arn:rule/1"}

    with pytest.raises(BlueGreenError, match="did not read back as written: arena HTTP:80 rule 01: blue 100, green 0"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 3


@pytest.mark.parametrize("broken", [set(), {"arn:rule/1"}], ids=["read back", "failed write"])
def test_who_lost_the_lease_restores_nothing(broken: set[str]) -> None:
    api, rival, keeper = arena(3), arena(3), LosingKeeper()
    run(rival, Weights(50, 50))
    api.broken = broken
    real = api.write

    def write(forward: Forward, actions: Sequence[Action]) -> None:
        """Until the loss is known, somebody else writes everything right after each write."""
        try:
            real(forward, actions)
        finally:
            if keeper.kept == 1:
                api.rules = dict(rival.rules)

    api.write = write  # type: ignore[method-assign]
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    with pytest.raises(LeaseLost):
        swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=keeper)
    assert api.weights() == [{"arn:tg/blue/1": 50, "arn:tg/green/1": 50}] * 3
    assert (keeper.kept, keeper.entries) == (2, [])


@pytest.mark.parametrize("keep", [False, True])
def test_who_loses_the_lease_while_writing_stops_and_leaves_the_rollback_alone(keep: bool) -> None:
    api, clock, keeper = arena(60), FakeClock(), LosingKeeper()
    back = dict(api.rules)

    def after_write(number: int) -> None:
        clock.sleep(0.1)
        if number == 15:
            api.rules = dict(back)

    api.after_write = after_write
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100), keep_on_failure=keep)

    with pytest.raises(LeaseLost):
        swap_round(api, want, check_mode=False, clock=clock, keeper=keeper)
    # The look finds two seconds gone after about 20 writes; up to ten more are under way.
    assert len(api.writes) <= 30
    assert len(api.writes) == len(set(api.writes))


def test_who_loses_the_lease_while_restoring_stops() -> None:
    class Overtaken(FakeKeeper):
        """Has the lease when the restoration begins, and no longer."""

        def keep(self) -> None:
            super().keep()
            if self.kept > 2:
                raise LeaseLost("the lease went to somebody else")

    api, clock = arena(60), FakeClock()
    api.broken = {"arn:rule/30"}
    api.after_write = lambda number: clock.sleep(1.0 if number > 31 else 0.0)
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    with pytest.raises(LeaseLost):
        swap_round(api, want, check_mode=False, clock=clock, keeper=Overtaken())
    assert {"arn:tg/blue/1": 0, "arn:tg/green/1": 100} in api.weights()


def test_a_reading_that_took_long_is_done_again_before_the_first_write() -> None:
    api, clock, keeper = arena(1), FakeClock(), FakeKeeper()
    api.before_read = lambda number: clock.sleep(9.0 if number == 1 else 0.0)
    want = Swap(["arena"], [("blue", "green")], Weights(0, 100))

    assert swap_round(api, want, check_mode=False, clock=clock, keeper=keeper)["changed"]
    assert (keeper.kept, api.readings) == (2, 3)


def test_the_way_back_keeps_what_it_has_achieved() -> None:
    api = arena(12)
    run(api, Weights(0, 100))
    api.broken = {"arn:rule/3", "arn:rule/7"}

    with pytest.raises(BlueGreenError, match=r"^10 of 12 listeners and rules are as asked for and stay so") as failure:
        run(api, Weights(100, 0), require_healthy=False, keep_on_failure=True)

    assert [line.split(":")[1] for line in failure.value.details["not_changed"]] == ["80 rule 03", "80 rule 07"]
    assert failure.value.details["changed"] is True
    assert api.weights().count(BEFORE) == 10
    api.broken = set()
    assert run(api, Weights(100, 0), require_healthy=False, keep_on_failure=True)["changed"]
    assert api.weights() == [BEFORE] * 12


def two_services() -> tuple[FakeApi, Swap]:
    """The second stands in no rule, and there is a load balancer that does not exist; the way back of both."""
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
        swapped(api, replace(want, load_balancers=["gone"]))
    with pytest.raises(BlueGreenError, match="load_balancers: gone not found"):
        swapped(api, replace(want, keep_on_failure=False))


def test_the_way_back_with_a_lost_answer_is_none_the_worse() -> None:
    api = arena(3)
    api.after_write = fail_once(2, TimeoutError("no answer"))

    assert run(api, Weights(0, 100), keep_on_failure=True)["round"]["finished"]
    assert api.weights() == [{"arn:tg/blue/1": 0, "arn:tg/green/1": 100}] * 3


def test_the_way_back_leaves_somebody_elses_change_alone_and_goes_on() -> None:
    api, clock = arena(60), FakeClock()
    api.before_read = lambda number: api.rules.update({"arn:rule/55": other_weights()}) if number == 2 else None
    api.after_write = lambda _number: clock.sleep(0.1)

    with pytest.raises(BlueGreenError, match=r"59 of 60 .* rule 55: somebody else changed"):
        run(api, Weights(0, 100), clock=clock, keep_on_failure=True)
    assert "arn:rule/55" not in api.writes


def other_weights() -> Forward:
    tuples = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": 7} for name in ("blue", "green")]
    return rule(55, {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}})


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
    assert result["round"]["progress"].startswith("somebody else added or changed arena HTTP:80 rule 55")
    assert run(api, Weights(0, 100))["round"]["finished"]
    assert api.weights() == [{"arn:tg/blue/1": 0, "arn:tg/green/1": 100}] * 3


def test_only_the_slot_to_detach_may_lack() -> None:
    api = arena(2, attached=False)
    del api.groups["green"]
    detach_blue = Weights(0, 100, detach="blue")

    with pytest.raises(BlueGreenError, match=r"target group green not found; only that of the slot to detach .blue."):
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

    with pytest.raises(BlueGreenError, match="green stands in no listener"):
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


def test_names_that_do_not_exist() -> None:
    api = arena(1)
    with pytest.raises(BlueGreenError, match="load_balancers: elsewhere not found"):
        swap_round(
            api,
            Swap(["arena", "elsewhere"], [("blue", "green")], Weights(1, 0)),
            check_mode=False,
            clock=FakeClock(),
            keeper=FakeKeeper(),
        )
    del api.groups["green"]
    with pytest.raises(BlueGreenError, match="target group green not found; each service needs one per slot"):
        run(api, Weights(1, 0))
    del api.groups["blue"]
    with pytest.raises(BlueGreenError, match="neither target group blue nor green exists"):
        run(api, Weights(1, 0), check_mode=True)


def test_what_the_info_module_tells() -> None:
    api = arena(2)
    run(api, Weights(90, 10))

    info = read_weights(api, ["arena"], [("blue", "green")])

    assert info["shares"] == {"blue": {"lowest": 90.0, "highest": 90.0}, "green": {"lowest": 10.0, "highest": 10.0}}
    assert [(group["slot"], group["healthy_targets"]) for group in info["target_groups"]] == [("blue", 2), ("green", 2)]
    del api.groups["green"]
    assert read_weights(api, ["arena"], [("blue", "green")])["target_groups"][1]["exists"] is False


def test_health_is_counted_by_reason() -> None:
    described = [
        {"TargetHealth": {"State": "healthy"}},
        {"TargetHealth": {"State": "initial", "Reason": "Elb.RegistrationInProgress"}},
        {"TargetHealth": {"State": "draining"}},
    ]
    health = summarise_health(described)
    assert health == Health(1, 3, {"initial/Elb.RegistrationInProgress": 1, "draining": 1})
    assert str(health) == "1 of 3 targets healthy (1 draining, 1 initial/Elb.RegistrationInProgress)"
