"""Whatever is on a load balancer and whatever fails: weights change and nothing else, everywhere or nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2 import write
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import Swap, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    Weights,
    writable,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._elbv2.fakes import FakeApi, FakeKeeper

PAIRS = (("a-blue", "a-green"), ("b-blue", "b-green"))
NAMES = (*(name for pair in PAIRS for name in pair), "other")
COLOURS = {f"arn:tg/{blue}/1": f"arn:tg/{green}/1" for blue, green in PAIRS}
MEMBERS = {*COLOURS, *COLOURS.values()}

quick = settings(max_examples=40, deadline=None)

AUTHENTICATION: tuple[Action, ...] = (
    {
        "Type": "authenticate-oidc",
        "AuthenticateOidcConfig": {"Issuer": "https://issuer", "ClientId": "id", "SessionTimeout": 60},
    },
    {"Type": "authenticate-cognito", "AuthenticateCognitoConfig": {"UserPoolArn": "arn:pool", "UserPoolDomain": "d"}},
    {"Type": "jwt-validation", "JwtValidationConfig": {"JwksEndpoint": "https://keys", "Issuer": "https://issuer"}},
    {"Type": "a-kind-of-tomorrow", "TomorrowConfig": {"Deep": [{"er": 1}]}},
)
ELSEWHERE: tuple[Action, ...] = (
    {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": "x"}},
    {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}},
)


def described(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Actions as AWS shows what was written: in their order, defaults filled in, secrets hidden."""
    result = []
    for original in sorted(actions, key=lambda one: int(one.get("Order", 0))):
        action = deepcopy(original)
        for secret in ("ClientSecret", "UseExistingClientSecret"):
            action.get("AuthenticateOidcConfig", {}).pop(secret, None)
        if action["Type"] == "forward":
            groups = [{"TargetGroupArn": action["TargetGroupArn"]}] if "TargetGroupArn" in action else []
            config = {"TargetGroupStickinessConfig": {"Enabled": False}, **action.get("ForwardConfig", {})}
            config["TargetGroups"] = [{"Weight": 1, **group} for group in config.get("TargetGroups", groups)]
            action["ForwardConfig"] = config
            if len(config["TargetGroups"]) == 1:
                action["TargetGroupArn"] = config["TargetGroups"][0]["TargetGroupArn"]
        result.append(action)
    return tuple(result)


def refuse_as_aws(actions: Sequence[Action]) -> None:
    """What AWS would not take."""
    orders = [int(action.get("Order", 0)) for action in actions]
    assert len(actions) == 1 or orders == sorted(set(orders))
    assert actions[-1]["Type"] in ("forward", "redirect", "fixed-response")
    for action in actions:
        oidc = action.get("AuthenticateOidcConfig")
        assert oidc is None or oidc.get("UseExistingClientSecret") or oidc.get("ClientSecret")
        groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
        assert len(groups) <= 5
        assert all(0 <= group["Weight"] <= 999 for group in groups)
        assert len(groups) < 2 or "TargetGroupArn" not in action


class Aws(FakeApi):
    """Takes what the production code sends, and shows it as AWS does."""

    def write(self, forward: Forward, actions: Sequence[Action]) -> None:
        sent = writable(actions)
        refuse_as_aws(sent)
        super().write(forward, described(sent))


# Next to other target groups a pair keeps its total, so that one that is small cannot take every share.
weight = st.one_of(st.just(0), st.integers(100, 499))
wanted = st.one_of(
    st.tuples(weight, weight).filter(any).map(lambda pair: Weights(*pair)),
    st.integers(0, 100).map(lambda green: Weights(100 - green, green)),
)
stickiness = st.one_of(
    st.none(),
    st.just({"Enabled": False}),
    st.builds(lambda seconds: {"Enabled": True, "DurationSeconds": seconds}, st.integers(1, 604800)),
)


@st.composite
def forward_actions(draw: st.DrawFn, weights: Weights | None) -> Action:
    """A forward to any of the target groups; to whole pairs with these weights, if given."""
    if weights is None:
        groups = draw(st.dictionaries(st.sampled_from(NAMES), weight, min_size=1))
    else:
        pairs = draw(st.lists(st.sampled_from(PAIRS), min_size=1, unique=True))
        groups = {
            name: value for pair in pairs for name, value in zip(pair, (weights.blue, weights.green), strict=True)
        }
        groups |= draw(st.dictionaries(st.just("other"), weight))
    tuples = [{"TargetGroupArn": f"arn:tg/{name}/1", "Weight": value} for name, value in groups.items()]
    if len(tuples) == 1 and draw(st.booleans()):
        return {"Type": "forward", "TargetGroupArn": tuples[0]["TargetGroupArn"]}
    config: dict[str, Any] = {"TargetGroups": draw(st.permutations(tuples))}
    sticky = draw(stickiness)
    return {
        "Type": "forward",
        "ForwardConfig": config if sticky is None else {**config, "TargetGroupStickinessConfig": sticky},
    }


@st.composite
def worlds(draw: st.DrawFn, weights: Weights | None = None) -> Aws:
    """A load balancer with default actions and rules of all kinds; both pairs stand somewhere."""
    forwards = []
    for number in range(draw(st.integers(1, 6))):
        last = draw(st.one_of(forward_actions(weights), forward_actions(weights), st.sampled_from(ELSEWHERE)))
        before = draw(st.lists(st.sampled_from(AUTHENTICATION), max_size=2, unique_by=lambda action: action["Type"]))
        actions = [deepcopy(action) for action in [*before, last]]
        for order, action in enumerate(actions, 1):
            if len(actions) > 1:
                action["Order"] = order * 10
        kind, arn = ("listener", f"arn:listener/{number}") if number % 3 == 0 else ("rule", f"arn:rule/{number}")
        forwards.append(Forward(kind, arn, "arn:listener/1", "arena", f"{kind} {number}", described(actions)))
    api = Aws(forwards, NAMES)
    standing = {key for forward in forwards for key in forward.weights()}
    assume(all(standing & {blue, green} for blue, green in COLOURS.items()))
    return api


@pytest.fixture(autouse=True, scope="module")
def _look_before_each_write() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "FRESH_SECONDS", 0.0)
        yield


def swap(api: Aws, weights: Weights) -> Mapping[str, Any]:
    want = Swap(["arena"], PAIRS, weights, require_healthy=False)
    return swap_round(api, want, check_mode=False, clock=FakeClock(), keeper=FakeKeeper())


def failure_of(api: Aws, weights: Weights) -> BlueGreenError | None:
    try:
        swap(api, weights)
    except BlueGreenError as error:
        return error
    return None


def state(api: Aws) -> str:
    return json.dumps([(arn, forward.actions) for arn, forward in api.rules.items()], sort_keys=True)


@quick
@given(st.data(), wanted, wanted)
def test_swap_and_swap_back_is_byte_equal(data: st.DataObject, one: Weights, other: Weights) -> None:
    api = data.draw(worlds(one))
    before = state(api)
    swap(api, other)
    swap(api, one)
    assert state(api) == before


@quick
@given(worlds(), wanted, wanted)
def test_from_anywhere_the_same_weights_are_byte_equal(api: Aws, one: Weights, other: Weights) -> None:
    swap(api, one)
    first = state(api)
    swap(api, other)
    swap(api, one)
    assert state(api) == first
    writes = len(api.writes)
    assert not swap(api, one)["changed"]
    assert len(api.writes) == writes


def totals(forward: Forward) -> list[int]:
    """What each pair has together."""
    weights = forward.weights()
    return [weights.get(blue, 0) + weights.get(green, 0) for blue, green in COLOURS.items()]


@quick
@given(worlds(), wanted)
def test_others_keep_their_share(api: Aws, weights: Weights) -> None:
    before = dict(api.rules)
    swap(api, weights)
    for arn, forward in api.rules.items():
        if forward.weights().get("arn:tg/other/1"):
            assert totals(forward) == totals(before[arn])


def without_weights(forward: Forward) -> list[Any]:
    """All but the members of the pairs."""
    rest = []
    for action in deepcopy(forward.actions):
        if forward.weights():
            action.pop("TargetGroupArn", None)
            config = action.get("ForwardConfig", {})
            if "TargetGroups" in config:
                config["TargetGroups"] = [one for one in config["TargetGroups"] if one["TargetGroupArn"] not in MEMBERS]
        rest.append(action)
    return rest


@quick
@given(worlds(), wanted)
def test_nothing_but_the_weights_of_the_pairs_changes(api: Aws, weights: Weights) -> None:
    before = dict(api.rules)
    swap(api, weights)
    for arn, forward in api.rules.items():
        has_members = MEMBERS & set(before[arn].weights())
        assert without_weights(forward) == without_weights(before[arn])
        if not has_members:
            assert forward is before[arn]
        assert list(forward.weights())[: len(before[arn].weights())] == list(before[arn].weights())


@quick
@given(worlds(), wanted, wanted)
def test_no_pair_is_ever_written_with_nothing(api: Aws, one: Weights, other: Weights) -> None:
    before = dict(api.rules)

    def look(_number: int) -> None:
        forward = api.rules[api.writes[-1]]
        assert sum(forward.weights().values()) > 0
        assert all(now > 0 for had, now in zip(totals(before[forward.arn]), totals(forward), strict=True) if had)

    api.after_write = look
    swap(api, one)
    swap(api, other)


def break_writes(api: Aws, broken: Callable[[int], bool], landed: bool) -> None:
    """Let the writes with these numbers have no answer; `landed`: AWS has done them all the same."""

    def fail(current: int) -> None:
        if broken(current):
            raise TimeoutError("no answer")

    if landed:
        api.after_write = fail
    else:
        api.before_write = fail


@quick
@given(worlds(), wanted, st.integers(1, 6), st.booleans())
def test_a_failed_write_ends_before_or_after(api: Aws, weights: Weights, number: int, landed: bool) -> None:
    before = state(api)
    break_writes(api, lambda current: current == number, landed)
    failure = failure_of(api, weights)
    if failure is None:
        assert len(api.writes) < number
    else:
        assert failure.details["not_restored"] == []
        assert state(api) == before


@quick
@given(worlds(), wanted, st.integers(1, 6), st.booleans())
def test_what_is_not_restored_is_named(api: Aws, weights: Weights, number: int, landed: bool) -> None:
    """From this write on none is answered."""
    before = dict(api.rules)
    break_writes(api, lambda current: current >= number, landed)
    failure = failure_of(api, weights)
    if failure is None:
        assert len(api.writes) < number
    else:
        named = {line.split(":")[0] for line in failure.details["not_restored"]}
        assert named == {f"arena {one.where}" for arn, one in api.rules.items() if one.actions != before[arn].actions}
