"""Rounds of creation, convergence and deletion, on resources that live in memory and take their time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import (
    WantedResource,
    absent_round,
    answer,
    empty_round,
    present_round,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FakeKeeper, FakeResource

WANT = {"min_size": 3, "max_size": 6, "desired_size": 3, "labels": {"role": "game"}}
AS_WANTED = {"labels": {"role": "game"}, "tags": {"slot": "green"}}
ISSUE = {"code": "AccessDenied", "message": "no right to subnet-1"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def resource(clock: FakeClock) -> FakeResource:
    return FakeResource(clock)


def present(resource: FakeResource, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    want = WantedResource(**{"values": WANT, "tags": {"slot": "green"}, **options})
    return present_round(resource, want, check_mode=check_mode, clock=resource.clock, keeper=FakeKeeper())


def absent(resource: FakeResource, *, check_mode: bool = False, wait: bool = True) -> dict[str, Any]:
    return absent_round(resource, check_mode=check_mode, clock=resource.clock, keeper=FakeKeeper(), wait=wait)


def empty(resource: FakeResource, *, check_mode: bool = False) -> dict[str, Any]:
    return empty_round(resource, check_mode=check_mode, clock=resource.clock, keeper=FakeKeeper())


def until_finished(resource: FakeResource, **options: Any) -> list[dict[str, Any]]:
    rounds: list[dict[str, Any]] = []
    while not rounds or not rounds[-1]["round"]["finished"]:
        assert len(rounds) < 60, rounds[-1]["round"]
        rounds.append(present(resource, **options))
        resource.clock.sleep(1)
    return rounds


# creation


def test_created_and_watched_until_active(resource: FakeResource) -> None:
    result = present(resource)

    assert result["changed"]
    assert result["round"]["finished"]
    assert result["resource"]["status"] == "ACTIVE"
    assert result["resource"]["tags"] == {"slot": "green"}
    assert result["diff"]["before"] == {}
    assert result["diff"]["before_header"] == result["diff"]["after_header"] == "node group arena/game"
    assert result["diff"]["after"]["min_size"] == 3
    assert 3 <= resource.clock.seconds < 6


@pytest.mark.parametrize("seconds", [1.0, 3.0, 9.0, 12.0])
def test_the_end_is_seen_soon(resource: FakeResource, seconds: float) -> None:
    resource.seconds = seconds

    assert present(resource)["round"]["finished"]
    assert resource.clock.seconds <= 0.5 + 1.2 * seconds


def test_a_second_time_changes_nothing(resource: FakeResource) -> None:
    present(resource)
    resource.calls.clear()

    result = present(resource)

    assert not result["changed"]
    assert resource.calls == []
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_long_creation_takes_rounds(resource: FakeResource) -> None:
    resource.seconds = 40

    rounds = until_finished(resource)

    assert rounds[0]["changed"]
    assert rounds[0]["round"] == {
        "finished": False,
        "progress": "node group arena/game: CREATING",
        "retry_after_seconds": 1.0,
    }
    assert 3 <= len(rounds) <= 5
    assert resource.calls == ["create"]


@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
def test_what_is_wrong_shows_while_it_goes_on(resource: FakeResource, status: str) -> None:
    resource.exists(status=status, health={"issues": [ISSUE]}, **AS_WANTED)

    result = present(resource)

    assert result["round"]["progress"] == f"node group arena/game: {status}; AccessDenied: no right to subnet-1"


def test_what_is_wrong_shows_beside_what_is_being_changed(resource: FakeResource) -> None:
    resource.seconds = 40
    resource.exists(health={"issues": [ISSUE]}, **AS_WANTED)

    text = present(resource, values={**WANT, "max_size": 9})["round"]["progress"]

    assert text.endswith("(scaling: max_size becomes 9); AccessDenied: no right to subnet-1")


@pytest.mark.parametrize("lag", [2.0, 14.0, 40.0])
def test_what_is_found_late_is_created_once(clock: FakeClock, lag: float) -> None:
    resource = FakeResource(clock, lag=lag)
    create = resource.create

    def create_once(body: Any) -> Any:
        resource.busy = "create" in resource.calls  # as AWS refuses a name that is taken
        return create(body)

    resource.create = create_once  # type: ignore[method-assign]
    rounds = until_finished(resource)

    assert resource.calls == ["create"]
    assert rounds[-1]["resource"]["status"] == "ACTIVE"


def test_check_mode_predicts_what_is_not_there(resource: FakeResource) -> None:
    result = present(resource, check_mode=True)

    assert result["changed"]
    assert resource.calls == []
    assert result["resource"]["scalingConfig"]["desiredSize"] == 3
    assert result["resource"]["tags"] == {"slot": "green"}
    assert (result["resource"]["clusterName"], result["resource"]["nodegroupName"]) == ("arena", "game")
    assert "nodegroupName" not in result["diff"]["after"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_creation_needs_is_asked_for_before_anything_is_written(resource: FakeResource, check_mode: bool) -> None:
    with pytest.raises(BlueGreenError, match="game does not exist, and cannot be created without min_size"):
        present(resource, values={"max_size": 3}, check_mode=check_mode)
    assert resource.calls == []


def test_without_waiting_what_aws_answers_is_returned(resource: FakeResource) -> None:
    result = present(resource, wait=False)
    again = present(resource, wait=False)

    assert (result["changed"], result["round"]["finished"], result["resource"]["status"]) == (True, True, "CREATING")
    assert (again["changed"], again["round"]["finished"], again["resource"]["status"]) == (False, True, "CREATING")
    assert resource.calls == ["create"]
    assert resource.clock.seconds == 0


def test_one_that_is_being_deleted_is_waited_for_and_made_anew(resource: FakeResource) -> None:
    resource.exists(version="1.35")
    resource.delete()

    rounds = until_finished(resource)

    assert (rounds[0]["changed"], rounds[0]["round"]["finished"]) == (False, False)
    assert len(rounds) == 2
    assert resource.calls == ["delete", "create"]


def test_what_is_busy_is_tried_again(resource: FakeResource) -> None:
    resource.busy = True

    result = present(resource, wait=False)

    assert (result["changed"], result["round"]["finished"]) == (False, False)
    assert "another one is being created" in result["round"]["progress"]


def test_a_creation_that_fails_says_why_and_what_to_do(resource: FakeResource) -> None:
    resource.creation_issues = [ISSUE]

    with pytest.raises(BlueGreenError, match=r"CREATE_FAILED: AccessDenied: no right to subnet-1\. Delete it"):
        present(resource)
    with pytest.raises(BlueGreenError, match=r"CREATE_FAILED: AccessDenied: no right to subnet-1\. Delete it"):
        present(resource)
    assert resource.calls == ["create"]


# convergence


def test_check_mode_predicts_a_change(resource: FakeResource) -> None:
    resource.exists(labels={"role": "game"}, tags={"slot": "green", "old": "x"})

    result = present(resource, values={**WANT, "max_size": 9}, purge_tags=True, check_mode=True)

    assert result["changed"]
    assert result["resource"]["scalingConfig"] == {"minSize": 3, "maxSize": 9, "desiredSize": 3}
    assert (result["diff"]["before"]["max_size"], result["diff"]["after"]["max_size"]) == (6, 9)
    assert result["diff"]["after"]["tags"] == {"slot": "green"}
    assert resource.calls == []


def test_the_prediction_is_what_comes(resource: FakeResource) -> None:
    resource.exists(labels={"role": "web"}, tags={"old": "x"})
    want: dict[str, Any] = {"values": {**WANT, "max_size": 9, "subnet_ids": ["a"]}, "purge_tags": True}

    predicted = present(resource, **want, check_mode=True)
    result = until_finished(resource, **want)[-1]

    assert {key: result[key] for key in ("changed", "resource", "diff")} == {
        key: predicted[key] for key in ("changed", "resource", "diff")
    }
    assert not present(resource, **want, check_mode=True)["changed"]


def test_calls_go_one_after_the_other_each_with_what_belongs_together(resource: FakeResource) -> None:
    resource.exists(labels={"role": "web"}, tags={"slot": "green"})

    result = present(resource, values={**WANT, "min_size": 4, "max_size": 9, "subnet_ids": ["a"]})

    assert resource.calls == [
        ("scaling", {"min_size": 4, "max_size": 9}),
        ("labels", {"labels": {"role": "game"}}),
        ("network", {"subnet_ids": ["a"]}),
    ]
    ends = [ends for ends, _errors in resource.updates.values()]
    assert all(later - earlier >= resource.seconds for earlier, later in pairwise(ends))
    assert result["round"]["finished"]
    assert result["resource"]["subnets"] == ["a"]


def test_calls_that_take_long_go_on_in_later_rounds(resource: FakeResource) -> None:
    resource.seconds = 20
    resource.exists(labels={"role": "web"}, tags={"slot": "green"})

    rounds = until_finished(resource, values={**WANT, "max_size": 9})

    assert [call for call, _changes in resource.calls] == ["scaling", "labels"]
    assert "scaling: max_size becomes 9" in rounds[0]["round"]["progress"]
    assert rounds[-1]["resource"]["labels"] == {"role": "game"}


@pytest.mark.parametrize("lag", [2.0, 11.0])
def test_old_values_that_show_late_change_nothing_twice(clock: FakeClock, lag: float) -> None:
    resource = FakeResource(clock, lag=lag).exists(**AS_WANTED)

    rounds = until_finished(resource, values={**WANT, "max_size": 9})

    assert resource.calls == [("scaling", {"max_size": 9})]
    assert rounds[-1]["resource"]["scalingConfig"]["maxSize"] == 9


def test_without_waiting_the_first_call_is_made(resource: FakeResource) -> None:
    resource.exists(labels={"role": "web"})

    result = present(resource, values={**WANT, "max_size": 9}, wait=False)

    assert resource.calls == [("tag", "arn:1", {"slot": "green"}), ("scaling", {"max_size": 9})]
    assert (result["changed"], result["round"]["finished"], result["resource"]["status"]) == (True, True, "UPDATING")


def test_without_waiting_the_values_of_before_are_not_given_for_the_end(clock: FakeClock) -> None:
    resource = FakeResource(clock, lag=2.0).exists(**AS_WANTED)

    result = present(resource, values={**WANT, "max_size": 9}, wait=False)

    assert (result["round"]["finished"], result["resource"]["status"]) == (True, "UPDATING")
    assert result["round"]["progress"] == "node group arena/game is still UPDATING"


def test_without_waiting_what_is_being_updated_as_wanted_is_returned(resource: FakeResource) -> None:
    resource.exists(status="UPDATING", **AS_WANTED)

    predicted = present(resource, wait=False, check_mode=True)
    result = present(resource, wait=False)

    assert (predicted["changed"], result["changed"]) == (False, False)
    assert (result["resource"]["status"], resource.clock.seconds) == ("UPDATING", 0)
    assert result["round"]["progress"] == "node group arena/game is still UPDATING"


def test_without_waiting_a_change_still_waits_for_an_update_that_is_under_way(resource: FakeResource) -> None:
    resource.exists(labels={"role": "web"}, tags={"slot": "green"})
    resource.update("network", [], resource.now or {})
    resource.calls.clear()

    predicted = present(resource, wait=False, check_mode=True)
    result = present(resource, wait=False)

    assert (predicted["changed"], result["changed"]) == (True, True)
    assert resource.calls == [("labels", {"labels": {"role": "game"}})]


def test_an_update_that_fails_says_why(resource: FakeResource) -> None:
    resource.exists(**AS_WANTED)
    resource.update_errors = [{"errorCode": "EniLimitReached", "errorMessage": "no room", "resourceIds": ["subnet-1"]}]

    with pytest.raises(
        BlueGreenError, match=r"u1 of node group arena/game has failed: EniLimitReached: no room \(subn"
    ):
        present(resource, values={**WANT, "max_size": 9})


def test_an_update_of_an_earlier_round_that_fails_says_why(resource: FakeResource) -> None:
    resource.seconds = 20
    resource.exists(**AS_WANTED)
    resource.update_errors = [{"errorCode": "AccessDenied", "errorMessage": "no right"}]

    assert not present(resource, values={**WANT, "max_size": 9})["round"]["finished"]
    with pytest.raises(BlueGreenError, match="has failed: AccessDenied: no right"):
        present(resource, values={**WANT, "max_size": 9})
    assert resource.calls == [("scaling", {"max_size": 9})]


@pytest.mark.parametrize(
    ("have", "options", "calls"),
    [
        pytest.param({"a": "1"}, {"tags": {"a": "1"}}, [], id="as wanted"),
        pytest.param({"a": "1", "z": "9"}, {"tags": {"a": "2"}}, [("tag", "arn:1", {"a": "2"})], id="others stay"),
        pytest.param({"a": "1"}, {"tags": {"a": 1}}, [], id="numbers are text"),
        pytest.param(
            {"a": "1", "z": "9", "aws:x": "y"},
            {"tags": {"b": "2"}, "purge_tags": True},
            [("tag", "arn:1", {"b": "2"}), ("untag", "arn:1", ["a", "z"])],
            id="purged, but for AWS's own",
        ),
        pytest.param({"a": "1"}, {"tags": {}, "purge_tags": True}, [("untag", "arn:1", ["a"])], id="none at all"),
        pytest.param({"a": "1"}, {"tags": None, "purge_tags": True}, [], id="not given"),
    ],
)
def test_tags(resource: FakeResource, have: dict[str, str], options: dict[str, Any], calls: list[Any]) -> None:
    resource.exists(labels={"role": "game"}, tags=have)

    predicted = present(resource, **options, check_mode=True)
    result = present(resource, **options)

    assert resource.calls == calls
    assert result["round"]["finished"]
    assert (result["changed"], result["diff"]) == (predicted["changed"], predicted["diff"])
    assert result["changed"] is bool(calls)
    assert resource.now is not None
    assert result["resource"]["tags"] == resource.now["tags"]


def test_another_version_is_refused_before_anything_is_written(resource: FakeResource) -> None:
    resource.exists(version="1.35")

    with pytest.raises(BlueGreenError, match=r"kubernetes_version is '1.35', wanted '1.36'"):
        present(resource, values={**WANT, "kubernetes_version": "1.36", "max_size": 9})
    assert resource.calls == []


def test_what_is_degraded_is_watched_for_the_whole_round(resource: FakeResource) -> None:
    resource.exists(status="DEGRADED", **AS_WANTED, health={"issues": [ISSUE]})

    assert not present(resource)["round"]["finished"]
    assert resource.clock.seconds > 10


def test_what_was_degraded_and_recovers_is_done(resource: FakeResource) -> None:
    resource.exists(status="DEGRADED", **AS_WANTED)
    resource.history.append((4.0, {**(resource.now or {}), "status": "ACTIVE"}))

    result = present(resource)

    assert (result["round"]["finished"], result["resource"]["status"]) == (True, "ACTIVE")


@pytest.mark.parametrize("lag", [0.0, 2.0])
def test_an_update_that_failed_before_is_made_once_more(clock: FakeClock, lag: float) -> None:
    resource = FakeResource(clock, lag=lag).exists(status="UPDATE_FAILED", **AS_WANTED)
    resource.recovered = True
    values = {"max_size": 6, "min_size": 3}

    predicted = present(resource, values=values, check_mode=True)
    result = present(resource, values=values)

    assert (predicted["changed"], result["changed"]) == (True, True)
    assert resource.calls == [("scaling", values)]
    assert (result["round"]["finished"], result["resource"]["status"]) == (True, "ACTIVE")


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_update_that_failed_and_cannot_be_made_again_is_refused(resource: FakeResource, check_mode: bool) -> None:
    resource.exists(status="UPDATE_FAILED", health={"issues": [ISSUE]})

    with pytest.raises(BlueGreenError, match=r"UPDATE_FAILED: AccessDenied: no right to subnet-1\. Give the options"):
        present(resource, values={}, tags=None, check_mode=check_mode)
    assert resource.calls == []


def test_degraded_is_not_done(resource: FakeResource) -> None:
    resource.exists(status="DEGRADED", **AS_WANTED, health={"issues": [ISSUE]})

    result = present(resource)

    assert result["round"]["progress"] == "node group arena/game: DEGRADED (AccessDenied: no right to subnet-1)"
    assert not result["round"]["finished"]


def test_degraded_is_returned_without_waiting(resource: FakeResource) -> None:
    resource.exists(status="DEGRADED", **AS_WANTED)

    result = present(resource, wait=False)

    assert (result["changed"], result["round"]["finished"], result["resource"]["status"]) == (False, True, "DEGRADED")


# deletion


def test_deleted_and_watched_until_gone(resource: FakeResource) -> None:
    resource.exists()

    result = absent(resource)

    assert result["changed"]
    assert result["round"]["finished"]
    assert result["resource"] is None
    assert not absent(resource)["changed"]


def test_a_deletion_that_shows_late_is_asked_for_once(clock: FakeClock) -> None:
    resource = FakeResource(clock, lag=5.0).exists()

    assert absent(resource)["round"]["finished"]
    assert resource.calls == ["delete"]


@pytest.mark.parametrize("status", ["FAILED", "CREATE_FAILED"])
def test_what_failed_to_come_up_is_deleted_though_its_failure_shows_for_a_while(clock: FakeClock, status: str) -> None:
    resource = FakeResource(clock, lag=2.0).exists(status=status, health={"issues": [ISSUE]})

    assert absent(resource)["round"]["finished"]
    assert resource.calls == ["delete"]


def test_deletion_without_waiting(resource: FakeResource) -> None:
    result = absent(resource.exists(), wait=False)

    assert (result["changed"], result["round"]["finished"], result["resource"]["status"]) == (True, True, "DELETING")
    assert result["round"]["progress"] == "node group arena/game is still DELETING"


def test_deletion_without_waiting_that_shows_late(clock: FakeClock) -> None:
    result = absent(FakeResource(clock, lag=2.0).exists(), wait=False)

    assert result["resource"]["status"] == "DELETING"


def test_check_mode_deletes_nothing(resource: FakeResource) -> None:
    resource.exists()

    result = absent(resource, check_mode=True)

    assert result["changed"]
    assert resource.calls == []


def test_a_deletion_that_fails_says_why(resource: FakeResource) -> None:
    resource.exists().deletion_issues = [ISSUE]

    with pytest.raises(
        BlueGreenError, match=r"game is DELETE_FAILED: AccessDenied: no right to subnet-1\. Fix the cause"
    ):
        absent(resource)


def test_a_deletion_that_failed_before_is_tried_again(resource: FakeResource) -> None:
    resource.exists(status="DELETE_FAILED", health={"issues": [ISSUE]})
    assert absent(resource)["round"]["finished"]

    resource.exists(status="DELETE_FAILED", health={"issues": [ISSUE]}).deletion_issues = [ISSUE]
    result = absent(resource)
    assert "DELETE_FAILED: AccessDenied: no right to subnet-1" in result["round"]["failed_before"]
    assert not result["round"]["finished"]


def test_what_is_wrong_shows_while_it_is_deleted(resource: FakeResource) -> None:
    resource.seconds = 40
    resource.exists(health={"issues": [ISSUE]})

    text = absent(resource)["round"]["progress"]

    assert text == "node group arena/game: DELETING; AccessDenied: no right to subnet-1"


def test_what_was_wrong_with_a_deletion_is_said_once(resource: FakeResource) -> None:
    resource.seconds = 40
    resource.exists(status="DELETE_FAILED", health={"issues": [ISSUE]})

    assert absent(resource)["round"]["progress"].count("no right to subnet-1") == 1


def test_what_is_wrong_with_parts_shows_while_they_are_deleted(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    ill, well = (FakeResource(clock, f"arena/{name}", seconds=40) for name in ("game", "system"))
    cluster.parts = [ill.exists(health={"issues": [ISSUE]}), well.exists()]

    assert empty(cluster)["round"]["progress"] == (
        "deleting node group arena/game (AccessDenied: no right to subnet-1), node group arena/system"
    )


@pytest.mark.parametrize("delete", [absent, empty])
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_protected_stays_with_all_that_is_in_it(clock: FakeClock, delete: Any, check_mode: bool) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists()]
    cluster.protected = "turn it off"

    with pytest.raises(BlueGreenError, match="arena is not deleted: turn it off"):
        delete(cluster, check_mode=check_mode)
    assert cluster.calls == cluster.parts[0].calls == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_still_holds_something_is_refused_with_its_names(clock: FakeClock, check_mode: bool) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists()]

    with pytest.raises(
        BlueGreenError, match=r"it still holds node group arena/game\. Delete them first, or set delete_"
    ):
        absent(cluster, check_mode=check_mode)
    assert cluster.calls == []


def test_a_cluster_is_emptied_before_it_goes(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, f"arena/{name}").exists() for name in ("game", "system")]

    first = empty(cluster)
    assert first["contents"] == ["node group arena/game", "node group arena/system"]
    assert not first["round"]["finished"]
    assert cluster.calls == []
    last = empty(cluster)

    assert last["round"]["finished"]
    assert cluster.calls == ["delete"]
    assert [part.calls for part in cluster.parts] == [["delete"], ["delete"]]


def test_check_mode_tells_what_would_go(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists()]

    result = empty(cluster, check_mode=True)

    assert result["changed"]
    assert result["contents"] == ["node group arena/game"]
    assert cluster.parts[0].calls == []


def test_a_part_that_does_not_go_is_an_error(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists()]
    cluster.parts[0].deletion_issues = [ISSUE]

    with pytest.raises(BlueGreenError, match="node group arena/game was DELETE_FAILED: AccessDenied: no right"):
        empty(cluster)


def test_a_part_that_did_not_go_before_is_tried_again(clock: FakeClock) -> None:
    cluster = FakeResource(clock, "arena").exists()
    cluster.parts = [FakeResource(clock, "arena/game").exists(status="DELETE_FAILED", health={"issues": [ISSUE]})]

    result = empty(cluster)

    assert cluster.parts[0].calls == ["delete"]
    assert "AccessDenied: no right" in result["round"]["failed_before"]


def test_an_answer_keeps_the_keys_of_tags_and_labels() -> None:
    given = {"changed": False, "resource": {"nodegroupName": "game", "tags": {"someTag": "x"}, "labels": {"aB": "c"}}}

    assert answer("nodegroup", given) == {
        "changed": False,
        "nodegroup": {"nodegroup_name": "game", "tags": {"someTag": "x"}, "labels": {"aB": "c"}},
    }
