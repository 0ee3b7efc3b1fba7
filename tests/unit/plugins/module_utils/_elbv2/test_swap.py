"""The planner of a swap, by tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Forward,
    Pair,
    TargetGroup,
    Weights,
    absent_pairs,
    describe_forwards,
    gaining,
    plan_swap,
    refuse_taken,
    writable,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

BLUE, GREEN, OTHER = "arn:tg/blue/1", "arn:tg/green/2", "arn:tg/other/3"
PAIR = Pair(TargetGroup("blue", BLUE), TargetGroup("green", GREEN))
OIDC = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {"Issuer": "https://issuer", "ClientId": "id"},
}


def short(arn: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": arn}


def weighted(**weights: int) -> dict[str, Any]:
    arns = {"blue": BLUE, "green": GREEN, "other": OTHER}
    groups = [{"TargetGroupArn": arns[name], "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def forward(*actions: dict[str, Any], kind: str = "rule", arn: str = "arn:rule/1") -> Forward:
    return Forward(kind, arn, "arn:listener/1", "arena", "HTTP:80 rule 1", tuple(actions))


@pytest.mark.parametrize(
    ("action", "want", "expected"),
    [
        pytest.param(weighted(blue=100, green=0), Weights(90, 10), {BLUE: 90, GREEN: 10}, id="both stand there"),
        pytest.param(short(BLUE), Weights(100, 0), {BLUE: 100, GREEN: 0}, id="short form gets its partner"),
        pytest.param(weighted(green=1), Weights(0, 1), {GREEN: 1, BLUE: 0}, id="partner is added behind"),
        pytest.param(
            weighted(blue=8, other=2, green=0), Weights(4, 4), {BLUE: 4, OTHER: 2, GREEN: 4}, id="others stay in place"
        ),
        pytest.param(weighted(blue=90, green=10), Weights(90, 10), None, id="already so"),
        pytest.param(weighted(blue=50, green=50), Weights(90, 10, toward="green"), None, id="ahead of the step"),
        pytest.param(weighted(blue=9, green=1), Weights(90, 10, toward="green"), None, id="same share, other numbers"),
        pytest.param(
            weighted(blue=95, green=5), Weights(90, 10, toward="green"), {BLUE: 90, GREEN: 10}, id="behind the step"
        ),
        pytest.param(
            short(BLUE), Weights(100, 0, toward="green"), {BLUE: 100, GREEN: 0}, id="toward attaches what is missing"
        ),
        pytest.param(
            weighted(blue=0, green=0), Weights(100, 0, toward="green"), {BLUE: 100, GREEN: 0}, id="toward mends 0 and 0"
        ),
        pytest.param(weighted(blue=0, green=100), Weights(0, 100, detach="blue"), {GREEN: 100}, id="detach"),
        pytest.param(short(GREEN), Weights(0, 100, detach="blue"), None, id="detached already, any weight"),
    ],
)
def test_weights_of_a_forward(action: dict[str, Any], want: Weights, expected: dict[str, int] | None) -> None:
    plan = plan_swap([forward(action)], [PAIR], want)

    if expected is None:
        assert plan.changes == ()
    else:
        assert plan.changes[0].after.weights() == expected
        assert list(plan.changes[0].after.weights()) == list(expected)


def test_authentication_stays_in_front_and_keeps_its_secret() -> None:
    plan = plan_swap([forward({**short(BLUE), "Order": 2}, OIDC)], [PAIR], Weights(0, 1))

    written = writable(plan.changes[0].actions)
    assert [action["Type"] for action in written] == ["authenticate-oidc", "forward"]
    assert written[0]["AuthenticateOidcConfig"] == {
        "Issuer": "https://issuer",
        "ClientId": "id",
        "UseExistingClientSecret": True,
    }
    assert written[1]["Order"] == 2
    assert "TargetGroupArn" not in written[1]
    assert {"TargetGroupArn": BLUE, "Weight": 0} in written[1]["ForwardConfig"]["TargetGroups"]


def test_stickiness_stays() -> None:
    sticky = weighted(blue=1)
    sticky["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}

    plan = plan_swap([forward(sticky)], [PAIR], Weights(1, 1))

    config = plan.changes[0].actions[0]["ForwardConfig"]
    assert config["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


def test_only_forwards_of_the_pair_are_touched() -> None:
    mine = forward(short(BLUE))
    others = [
        forward(short(OTHER), arn="arn:rule/2"),
        forward({"Type": "redirect"}, arn="arn:rule/3"),
        forward({"Type": "fixed-response"}, kind="listener", arn="arn:listener/1"),
    ]

    plan = plan_swap([mine, *others], [PAIR], Weights(0, 100))

    assert plan.forwards == (mine,)
    assert [one.arn for one in plan.predicted] == ["arn:rule/1"]


def test_a_step_that_some_are_ahead_of() -> None:
    behind = forward(weighted(blue=100, green=0))
    ahead = forward(weighted(blue=50, green=50), arn="arn:rule/2")

    plan = plan_swap([behind, ahead], [PAIR], Weights(90, 10, toward="green"))

    assert [change.forward for change in plan.changes] == [behind]
    assert plan.ahead


@pytest.mark.parametrize(
    ("action", "want", "expected"),
    [
        (weighted(blue=100, green=0), Weights(90, 10), ["green"]),
        (weighted(blue=0, green=100), Weights(100, 0), ["blue"]),
        (short(BLUE), Weights(100, 0), []),
        (weighted(blue=1, green=1), Weights(50, 50), []),
    ],
)
def test_who_gains(action: dict[str, Any], want: Weights, expected: list[str]) -> None:
    plan = plan_swap([forward(action)], [PAIR], want)

    assert [group.name for group, _ in gaining(plan, [PAIR])] == expected


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"blue": 0, "green": 0}, "0 for blue and green"),
        ({"blue": 1000, "green": 0}, r"weights\.blue is 1000"),
        ({"blue": 1, "green": -1}, r"weights\.green is -1"),
        ({"blue": 1, "green": 1, "detach": "green"}, r"weights\.green must be 0"),
    ],
)
def test_weights_that_make_no_sense(weights: dict[str, Any], message: str) -> None:
    with pytest.raises(BlueGreenError, match=message):
        Weights(**weights)


def test_a_pair_that_stands_nowhere() -> None:
    with pytest.raises(BlueGreenError, match="no listener or rule of load balancer arena forwards to blue or green"):
        plan_swap([forward(short(OTHER))], [PAIR], Weights(1, 0))


def test_a_pair_that_stands_nowhere_may_be_left_out() -> None:
    nowhere = Pair(TargetGroup("voice-blue", "arn:tg/voice-blue/1"), TargetGroup("voice-green", "arn:tg/voice-green/1"))
    rules = [forward(short(GREEN))]

    plan = plan_swap(rules, [PAIR, nowhere], Weights(100, 0), skip_absent=True)

    assert [change.after.weights() for change in plan.changes] == [{GREEN: 0, BLUE: 100}]
    assert absent_pairs(rules, [PAIR, nowhere]) == [nowhere]
    with pytest.raises(BlueGreenError, match="forwards to voice-blue or voice-green"):
        plan_swap(rules, [PAIR, nowhere], Weights(100, 0))
    with pytest.raises(BlueGreenError, match="forwards to voice-blue or voice-green"):
        plan_swap(rules, [nowhere], Weights(100, 0), skip_absent=True)


def test_a_target_group_in_two_places() -> None:
    twin = Pair(TargetGroup("blue", BLUE), TargetGroup("third", OTHER))
    with pytest.raises(BlueGreenError, match=r"pairs\[1\]\.blue and pairs\[0\]\.blue are both the target group blue"):
        plan_swap([forward(short(BLUE))], [PAIR, twin], Weights(1, 0))


def test_more_target_groups_than_aws_allows() -> None:
    five = weighted(blue=1)
    five["ForwardConfig"]["TargetGroups"] += [{"TargetGroupArn": f"arn:tg/x/{n}", "Weight": 1} for n in range(4)]
    with pytest.raises(BlueGreenError, match="would forward to 6 target groups"):
        plan_swap([forward(five)], [PAIR], Weights(1, 0))


@pytest.mark.parametrize(
    ("action", "want", "expected"),
    [
        pytest.param(weighted(blue=1, other=1), Weights(100, 0), {BLUE: 1, OTHER: 1, GREEN: 0}, id="attach"),
        pytest.param(weighted(blue=1, other=1, green=0), Weights(0, 100), {BLUE: 0, OTHER: 1, GREEN: 1}, id="all"),
        pytest.param(weighted(blue=50, other=50), Weights(90, 10), {BLUE: 45, OTHER: 50, GREEN: 5}, id="a step"),
        pytest.param(weighted(blue=3, other=1), Weights(66, 34), {BLUE: 2, OTHER: 1, GREEN: 1}, id="near enough"),
        pytest.param(weighted(blue=2, other=1, green=1), Weights(66, 34), None, id="near enough already"),
        pytest.param(weighted(blue=0, other=1), Weights(0, 100), {BLUE: 0, OTHER: 1, GREEN: 0}, id="nothing stays so"),
        pytest.param(weighted(blue=1, other=0), Weights(90, 10), {BLUE: 90, OTHER: 0, GREEN: 10}, id="other at 0"),
        pytest.param(weighted(blue=0, other=2, green=7), Weights(0, 9, detach="blue"), {OTHER: 2, GREEN: 7}, id="off"),
        pytest.param(weighted(blue=2, other=1, green=1), Weights(70, 30, toward="green"), None, id="ahead"),
    ],
)
def test_the_share_of_a_third_target_group_stays(
    action: dict[str, Any], want: Weights, expected: dict[str, int] | None
) -> None:
    plan = plan_swap([forward(action)], [PAIR], want)

    assert [change.after.weights() for change in plan.changes] == ([] if expected is None else [expected])


def test_a_share_that_rounding_gives_is_not_ahead() -> None:
    plan = plan_swap([forward(weighted(blue=2, other=1, green=1))], [PAIR], Weights(67, 33, toward="green"))

    assert (plan.changes, plan.ahead) == ((), False)


@pytest.mark.parametrize(
    ("action", "want", "told"),
    [
        (weighted(blue=1, other=1), Weights(90, 10), "a total weight of 1; that cannot be split 90 to 10"),
        (weighted(blue=600, other=5, green=600), Weights(0, 100), "a total weight of 1200"),
        (weighted(blue=20, other=5), Weights(99, 1), "a total weight of 20"),
    ],
)
def test_a_step_that_a_third_target_group_does_not_allow(action: dict[str, Any], want: Weights, told: str) -> None:
    with pytest.raises(BlueGreenError, match=f"HTTP:80 rule 1 forwards to other too, next to which .* {told}"):
        plan_swap([forward(action)], [PAIR], want)


def test_a_group_that_receives_requests_is_not_detached() -> None:
    with pytest.raises(BlueGreenError, match="blue receives requests"):
        plan_swap([forward(weighted(blue=1, green=99))], [PAIR], Weights(0, 100, detach="blue"))


def test_a_plan_that_people_read() -> None:
    text = describe_forwards([forward(weighted(blue=90, green=10))], {BLUE: "arena-blue", GREEN: "arena-green"})

    assert text == "arena HTTP:80 rule 1: arena-blue 90, arena-green 10\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vpc_id": "vpc-2"}, "blue has VPC vpc-1, green has vpc-2; one load balancer cannot take both"),
        ({"protocol": "TCP"}, "blue has protocol HTTP, green has TCP"),
    ],
)
def test_target_groups_that_do_not_belong_together(changes: dict[str, Any], message: str) -> None:
    blue, green = (replace(group, vpc_id="vpc-1", protocol="HTTP") for group in (PAIR.blue, PAIR.green))
    with pytest.raises(BlueGreenError, match=message):
        plan_swap([forward(short(BLUE))], [Pair(blue, replace(green, **changes))], Weights(100, 0))


def test_a_target_group_that_does_not_exist_yet_is_like_any_other() -> None:
    blue, green = replace(PAIR.blue, vpc_id="vpc-1"), TargetGroup("green", "")
    plan = plan_swap([forward(short(BLUE))], [Pair(blue, green)], Weights(100, 0))
    assert plan.changes[0].after.weights() == {BLUE: 100, "green": 0}


@pytest.mark.parametrize(
    ("used_by", "action", "taken"),
    [
        pytest.param(("arn:lb/other",), short(BLUE), True, id="another one's"),
        pytest.param(("arn:lb/arena", "arn:lb/other"), short(BLUE), True, id="this one's too"),
        pytest.param(("arn:lb/arena",), short(BLUE), False, id="this one's"),
        pytest.param((), short(BLUE), False, id="free"),
        pytest.param(("arn:lb/other",), weighted(blue=1, green=1), False, id="there already"),
    ],
)
def test_a_target_group_belongs_to_one_load_balancer(
    used_by: tuple[str, ...], action: dict[str, Any], taken: bool
) -> None:
    pairs = [Pair(PAIR.blue, replace(PAIR.green, load_balancer_arns=used_by))]
    plan = plan_swap([forward(action)], pairs, Weights(100, 0))
    if not taken:
        refuse_taken(plan, pairs, {"arena": "arn:lb/arena"})
        return
    with pytest.raises(BlueGreenError, match="green is used by arn:lb/other, so it cannot be added to arena"):
        refuse_taken(plan, pairs, {"arena": "arn:lb/arena"})
