"""All changes of a plan are written and proved, or put back and that is proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import (
    Action,
    Forward,
    Plan,
    Weights,
    plan_swap,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import read_world
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.write import Writer, Written
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

AFTER = {"arn:tg/blue/1": 0, "arn:tg/green/1": 100}
TO_GREEN = Weights(0, 100)


def carry_out(
    api: FakeApi,
    weights: Weights = TO_GREEN,
    *,
    clock: FakeClock | None = None,
    keeper: FakeKeeper | None = None,
    keep: bool = False,
) -> Written:
    """Read, plan and write, as a round does."""
    clock, keeper = clock or FakeClock(), keeper or FakeKeeper()
    began = clock.monotonic()
    world = read_world(api, ["arena"], [("blue", "green")], may_lack=False, first=keeper.keep)

    def replan(forwards: Sequence[Forward]) -> Plan:
        return plan_swap(forwards, world.pairs, weights)

    writer = Writer(api, world, clock, keeper.keep, replan, began, keep)
    return writer.carry_out(replan(world.forwards).changes)


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
        carry_out(api)

    # The broken rule refuses its restoration too, but reads back as it was.
    assert e.value.details == {"not_restored": [], "changed_by_others": []}
    assert api.weights() == [BEFORE] * 12


def test_a_lost_answer_is_taken_back_too() -> None:
    api = arena()
    api.after_write = fail_once(4, TimeoutError("no answer"))

    with pytest.raises(BlueGreenError, match=r"were taken back: .* no answer"):
        carry_out(api)
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
        carry_out(api)
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
        carry_out(api)
    assert api.weights() == [BEFORE] * 2


def test_a_rule_that_may_not_be_modified_names_the_remedy() -> None:
    api = arena(3)
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "ModifyRule")
    api.before_write = fail_once(3, refusal)

    with pytest.raises(BlueGreenError, match=r"may not be modified .* allow elasticloadbalancing:ModifyRule on it"):
        carry_out(api)
    assert api.weights() == [BEFORE] * 3


def test_a_listener_that_may_not_be_modified_names_the_right_that_it_needs() -> None:
    (default,) = weighted_rules(1)
    api = FakeApi([replace(default, kind="listener", where="HTTP:80 default")])
    refusal = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ModifyListener")
    api.before_write = fail_once(1, refusal)

    with pytest.raises(BlueGreenError, match="allow elasticloadbalancing:ModifyListener on it"):
        carry_out(api)


def stuck_reading(api: FakeApi, first: int) -> None:
    """From this reading on, listeners and rules cannot be read."""

    def before_read(number: int) -> None:
        if number >= first:
            raise TimeoutError("no answer")

    api.before_read = before_read


def test_what_cannot_be_read_back_stays_written_and_says_so() -> None:
    api = arena(2)
    stuck_reading(api, 2)

    with pytest.raises(BlueGreenError, match="all 2 changes were accepted, but could not be read back: no answer") as e:
        carry_out(api)
    assert api.weights() == [AFTER] * 2
    assert e.value.details == {"changed": True}


def test_a_restoration_that_cannot_be_read_back_is_not_called_one() -> None:
    api = arena(2)
    stuck_reading(api, 2)
    api.after_write = fail_once(2, TimeoutError("lost"))

    with pytest.raises(BlueGreenError) as failure:
        carry_out(api)
    assert len(failure.value.details["not_restored"]) == 2
    assert failure.value.details["not_restored"][0].endswith("it could not be read back")


FOREIGN: Action = {"Type": "forward", "TargetGroupArn": "arn:tg/other/1"}


def test_a_rule_that_somebody_else_changed_before_our_write_is_left_alone() -> None:
    api, clock = arena(60), FakeClock()
    api.before_read = lambda number: api.rules.update({"arn:rule/55": rule(55, FOREIGN)}) if number == 2 else None
    api.after_write = lambda _number: clock.sleep(0.1)

    with pytest.raises(BlueGreenError, match="someone else changed arena HTTP:80 rule 55 during the swap"):
        carry_out(api, clock=clock)
    assert api.rules["arn:rule/55"].actions == (FOREIGN,)
    assert "arn:rule/55" not in api.writes
    assert [weights for weights in api.weights() if weights == BEFORE] == [BEFORE] * 59


def test_what_is_long_read_is_read_again_while_writing() -> None:
    api, clock = arena(60), FakeClock()
    api.after_write = lambda _number: clock.sleep(0.1)

    assert carry_out(api, clock=clock) == Written([], [])
    assert api.weights() == [AFTER] * 60
    # The plan's reading, one every two seconds of six, the verification.
    assert 4 <= api.readings <= 5


@pytest.mark.parametrize(("keep", "after"), [(False, BEFORE), (True, AFTER)])
def test_a_look_that_fails_while_writing_takes_all_back_unless_what_is_done_is_kept(
    keep: bool, after: dict[str, int]
) -> None:
    api, clock = arena(60), FakeClock()

    def before_read(number: int) -> None:
        if number == 2:
            raise TimeoutError("no answer")

    api.before_read = before_read
    api.after_write = lambda _number: clock.sleep(0.1)

    if keep:
        assert carry_out(api, clock=clock, keep=keep) == Written([], [])
    else:
        with pytest.raises(BlueGreenError, match=r"were taken back: reading again failed: no answer$"):
            carry_out(api, clock=clock, keep=keep)
    assert api.weights() == [after] * 60


def test_a_rule_that_somebody_adds_meanwhile_is_told_and_left_alone() -> None:
    api = arena(2)
    api.before_read = lambda number: api.rules.update({"arn:rule/55": other_weights()}) if number == 2 else None

    assert carry_out(api) == Written([], ["arena HTTP:80 rule 55"])
    assert sorted(api.writes) == ["arn:rule/0", "arn:rule/1"]


def test_a_rule_that_somebody_else_changed_after_us_is_left_alone() -> None:
    api = arena(3)
    foreign_weights = weighted_rules(2)[1]
    sticky = {"Enabled": True, "DurationSeconds": 9}
    foreign_weights.actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky
    api.before_read = lambda number: api.rules.update({"arn:rule/1": foreign_weights}) if number == 2 else None

    with pytest.raises(BlueGreenError, match="left alone: arena HTTP:80 rule 01") as failure:
        carry_out(api)
    assert failure.value.details["changed_by_others"] == ["arena HTTP:80 rule 01"]
    assert api.weights() == [BEFORE] * 3
    assert api.rules["arn:rule/1"] == foreign_weights


def test_somebody_elses_change_with_the_wanted_weights_is_a_warning() -> None:
    api = arena(2)

    make_sticky_before_second_reading(api)

    assert carry_out(api).warnings == [
        "someone else changed arena HTTP:80 rule 01 during the swap; the weights there are as asked for"
    ]


def test_what_does_not_read_back_is_restored() -> None:
    api = arena(3)
    api.deaf = {"arn:rule/1"}

    with pytest.raises(BlueGreenError, match="did not read back as written: arena HTTP:80 rule 01: blue 100, green 0"):
        carry_out(api)
    assert api.weights() == [BEFORE] * 3


@pytest.mark.parametrize("broken", [set(), {"arn:rule/1"}], ids=["read back", "failed write"])
def test_who_lost_the_lease_restores_nothing(broken: set[str]) -> None:
    api, rival, keeper = arena(3), arena(3), LosingKeeper()
    carry_out(rival, Weights(50, 50))
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

    with pytest.raises(LeaseLost):
        carry_out(api, keeper=keeper)
    assert api.weights() == [{"arn:tg/blue/1": 50, "arn:tg/green/1": 50}] * 3
    assert keeper.kept == 2


@pytest.mark.parametrize("keep", [False, True])
def test_who_loses_the_lease_while_writing_stops_and_leaves_the_rollback_alone(keep: bool) -> None:
    api, clock, keeper = arena(60), FakeClock(), LosingKeeper()
    back = dict(api.rules)

    def after_write(number: int) -> None:
        clock.sleep(0.1)
        if number == 15:
            api.rules = dict(back)

    api.after_write = after_write

    with pytest.raises(LeaseLost):
        carry_out(api, clock=clock, keeper=keeper, keep=keep)
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

    with pytest.raises(LeaseLost):
        carry_out(api, clock=clock, keeper=Overtaken())
    assert AFTER in api.weights()


def test_a_reading_that_took_long_is_done_again_before_the_first_write() -> None:
    api, clock, keeper = arena(1), FakeClock(), FakeKeeper()
    api.before_read = lambda number: clock.sleep(9.0 if number == 1 else 0.0)

    assert carry_out(api, clock=clock, keeper=keeper) == Written([], [])
    assert (keeper.kept, api.readings) == (2, 3)


def test_the_way_back_keeps_what_it_has_achieved() -> None:
    api = arena(12)
    carry_out(api)
    api.broken = {"arn:rule/3", "arn:rule/7"}

    with pytest.raises(BlueGreenError, match=r"^10 of 12 listeners and rules are as asked for and stay so") as failure:
        carry_out(api, Weights(100, 0), keep=True)

    assert [line.split(":")[1] for line in failure.value.details["not_changed"]] == ["80 rule 03", "80 rule 07"]
    assert failure.value.details["changed"] is True
    assert api.weights().count(BEFORE) == 10
    api.broken = set()
    assert carry_out(api, Weights(100, 0), keep=True) == Written([], [])
    assert api.weights() == [BEFORE] * 12


def test_the_way_back_with_a_lost_answer_is_none_the_worse() -> None:
    api = arena(3)
    api.after_write = fail_once(2, TimeoutError("no answer"))

    assert carry_out(api, keep=True) == Written([], [])
    assert api.weights() == [AFTER] * 3


def test_the_way_back_leaves_somebody_elses_change_alone_and_goes_on() -> None:
    api, clock = arena(60), FakeClock()
    api.before_read = lambda number: api.rules.update({"arn:rule/55": other_weights()}) if number == 2 else None
    api.after_write = lambda _number: clock.sleep(0.1)

    with pytest.raises(BlueGreenError, match=r"59 of 60 .* rule 55: someone else changed"):
        carry_out(api, clock=clock, keep=True)
    assert "arn:rule/55" not in api.writes
