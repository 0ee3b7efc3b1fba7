"""One round of a swap, on a load balancer that lives in a dictionary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.api import (
    Health,
    LoadBalancer,
    summarise_health,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.run import Swap, read_weights, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    TargetGroup,
    Weights,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._runs.keeper import LeaseLost


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, tz=timezone.utc)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeKeeper:
    def __init__(self) -> None:
        self.kept = 0
        self.entries: list[tuple[str, dict[str, Any]]] = []

    def keep(self) -> None:
        self.kept += 1

    def journal(self, kind: str, **data: Any) -> None:
        self.entries.append((kind, data))


class LosingKeeper(FakeKeeper):
    """Learns at its second check that somebody else has the lease."""

    def keep(self) -> None:
        super().keep()
        if self.kept > 1:
            raise LeaseLost("the lease went to somebody else")


class FakeApi:
    """A load balancer with rules of weights; `broken` rules refuse writes, `deaf` ones accept and ignore them."""

    def __init__(self, rules: int = 12, *, attached: bool = True) -> None:
        self.groups = {name: TargetGroup(name, f"arn:tg/{name}/1") for name in ("blue", "green")}
        self.healths = {"blue": Health(2, 2), "green": Health(2, 2)}
        self.cluster = ""
        self.broken: set[str] = set()
        self.broken_after: dict[str, int] = {}
        self.deaf: set[str] = set()
        self.lock = threading.Lock()
        self.writes: list[str] = []
        self.rules: dict[str, Forward] = {}
        for number in range(rules):
            arn = f"arn:rule/{number}"
            tuples = [{"TargetGroupArn": "arn:tg/blue/1", "Weight": 100}]
            if attached:
                tuples.append({"TargetGroupArn": "arn:tg/green/1", "Weight": 0})
            action: Action = {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}
            self.rules[arn] = Forward("rule", arn, "arn:listener/1", "arena", f"HTTP:80 rule {number:02}", (action,))

    def load_balancer(self, name: str) -> LoadBalancer | None:
        return LoadBalancer(name, f"arn:lb/{name}", self.cluster) if name == "arena" else None

    def target_group(self, name: str) -> TargetGroup | None:
        return self.groups.get(name)

    def forwards(self, load_balancer: LoadBalancer) -> list[Forward]:
        return list(self.rules.values())

    def health(self, group: TargetGroup) -> Health:
        return self.healths[group.name]

    def write(self, forward: Forward, actions: Sequence[Action]) -> None:
        with self.lock:
            self.writes.append(forward.arn)
            left = self.broken_after.get(forward.arn)
            if forward.arn in self.broken or left == 0:
                raise RuntimeError(f"{forward.arn} is broken")
            if left is not None:
                self.broken_after[forward.arn] = left - 1
            if forward.arn not in self.deaf:
                self.rules[forward.arn] = replace(forward, actions=tuple(deepcopy(list(actions))))

    def weights(self) -> list[dict[str, int]]:
        return [rule.weights() for rule in self.rules.values()]


def run(api: FakeApi, weights: Weights, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    want = Swap(["arena"], [("blue", "green")], weights, **options)
    return swap_round(api, want, check_mode=check_mode, clock=FakeClock(), keeper=FakeKeeper())


BEFORE = {"arn:tg/blue/1": 100, "arn:tg/green/1": 0}


def test_all_rules_change_and_read_back() -> None:
    api, keeper = FakeApi(), FakeKeeper()
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
    api = FakeApi()
    run(api, Weights(90, 10))
    api.writes.clear()

    result = run(api, Weights(90, 10))

    assert not result["changed"]
    assert api.writes == []
    assert result["diff"]["before"] == result["diff"]["after"] == ""


def test_check_mode_predicts_and_writes_nothing() -> None:
    api = FakeApi()

    result = run(api, Weights(90, 10), check_mode=True)

    assert result["changed"]
    assert api.writes == []
    assert [group["weight"] for group in result["forwards"][0]["target_groups"]] == [90, 10]


def test_check_mode_predicts_with_a_target_group_that_comes_later() -> None:
    api = FakeApi(attached=False)
    del api.groups["green"]

    result = run(api, Weights(100, 0), check_mode=True)

    assert result["forwards"][0]["target_groups"][1]["name"] == "green"
    assert result["warnings"] == ["target group green does not exist yet; the prediction assumes it"]


def test_one_failed_write_restores_all() -> None:
    api = FakeApi()
    api.broken_after = {"arn:rule/7": 0}

    with pytest.raises(BlueGreenError) as failure:
        run(api, Weights(0, 100))

    # The broken rule refuses its restoration too; every other one is back.
    assert failure.value.details["not_restored"] == ["arena HTTP:80 rule 07: arn:rule/7 is broken"]
    assert api.weights() == [BEFORE] * 12


def test_a_failure_that_can_be_taken_back_says_so() -> None:
    api = FakeApi()

    class LostAnswer(Exception):
        pass

    real = api.write

    def write(forward: Forward, actions: Sequence[Action]) -> None:
        first = forward.arn == "arn:rule/3" and "arn:rule/3" not in api.writes
        real(forward, actions)
        if first:
            raise LostAnswer("no answer")

    api.write = write  # type: ignore[method-assign]

    with pytest.raises(BlueGreenError, match="were taken back: no answer"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 12


def test_what_does_not_read_back_is_restored() -> None:
    api = FakeApi(3)
    api.deaf = {"arn:rule/1"}

    with pytest.raises(BlueGreenError, match="did not read back as written: arena HTTP:80 rule 01: blue 100, green 0"):
        run(api, Weights(0, 100))
    assert api.weights() == [BEFORE] * 3


@pytest.mark.parametrize("broken", [set(), {"arn:rule/1"}], ids=["read back", "failed write"])
def test_who_lost_the_lease_restores_nothing(broken: set[str]) -> None:
    api, rival, keeper = FakeApi(3), FakeApi(3), LosingKeeper()
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
    api = FakeApi(1)
    api.healths = {"blue": blue, "green": green}

    result = run(api, Weights(90, 10))

    assert result["round"]["finished"] is enough
    assert bool(api.writes) is enough
    if not enough:
        assert result["changed"] is False
        assert f"green: {green.healthy} of {green.total} targets healthy" in result["round"]["progress"]


def test_without_waiting_the_lack_is_an_error() -> None:
    api = FakeApi(1)
    api.healths["green"] = Health(0, 1, {"unhealthy/Target.Timeout": 1})

    with pytest.raises(BlueGreenError, match=r"0 of 1 targets healthy .1 unhealthy/Target\.Timeout., needs 2"):
        run(api, Weights(90, 10), wait=False)
    assert api.writes == []


def test_attaching_at_weight_0_needs_no_health() -> None:
    api = FakeApi(1, attached=False)
    api.healths["green"] = Health(0, 0)

    assert run(api, Weights(100, 0))["changed"]


def test_an_unattached_target_group_is_named() -> None:
    api = FakeApi(1, attached=False)

    with pytest.raises(BlueGreenError, match="green stands in no listener"):
        run(api, Weights(90, 10))


def test_the_way_back_only_warns() -> None:
    api = FakeApi(1)
    run(api, Weights(0, 100))
    api.healths["blue"] = Health(0, 2, {"unhealthy": 2})

    result = run(api, Weights(100, 0), require_healthy=False)

    assert result["warnings"] == ["target group blue gets requests with 0 of 2 targets healthy (2 unhealthy)"]
    assert api.weights() == [{"arn:tg/blue/1": 100, "arn:tg/green/1": 0}]


def test_the_way_back_survives_an_unreadable_health() -> None:
    api = FakeApi(1)
    run(api, Weights(0, 100))
    del api.healths["blue"]

    result = run(api, Weights(100, 0), require_healthy=False)

    assert "the health of target group blue is unknown" in result["warnings"][0]
    assert result["changed"]


def test_a_load_balancer_of_a_cluster_is_refused() -> None:
    api = FakeApi(1)
    api.cluster = "arena-blue"

    with pytest.raises(BlueGreenError, match="load balancer arena belongs to cluster arena-blue"):
        run(api, Weights(1, 0))


def test_names_that_do_not_exist() -> None:
    api = FakeApi(1)
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
    api = FakeApi(2)
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
