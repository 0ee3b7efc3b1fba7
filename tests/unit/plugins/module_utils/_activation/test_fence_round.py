from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence import (
    GRANT,
    Gate,
    Subject,
    grants,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._activation.fence_round import SlotFence
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._activation.test_fence import POLICY, READ, ROLE, policy, role
from tests.unit.plugins.module_utils._agones.kube import FakeKube, TickingClock
from tests.unit.plugins.module_utils._drain.world import FakeKeeper

Json = dict[str, Any]
MATCHMAKERS = Subject("Group", "matchmakers")


def cluster() -> FakeKube:
    kube = FakeKube()
    kube.put(ROLE.path, role(READ, GRANT))
    kube.allows = lambda _spec: any(map(grants, kube.objects[ROLE.path]["rules"]))
    return kube


def fence(kube: FakeKube, clock: TickingClock | None = None, gates: tuple[Gate, ...] = (ROLE,)) -> SlotFence:
    subjects = [] if POLICY in gates else [MATCHMAKERS]
    keeper = FakeKeeper()
    return SlotFence(kube, gates, subjects, ["arena"], "run-1", DEFAULT_DOMAIN, keeper, clock or TickingClock())  # type: ignore[arg-type]


def test_fence_and_open() -> None:
    kube, clock = cluster(), TickingClock()
    result = fence(kube, clock).run(fenced=True, check_mode=False)
    assert result["changed"]
    assert result["gates"] == [{"kind": "Role", "namespace": "arena", "name": "allocate", "open": False}]
    assert result["diff"]["after"] == {"Role arena/allocate": {"rules": [READ]}}
    # Two looks.
    assert clock.seconds == 1
    assert not fence(kube).run(fenced=True, check_mode=False)["changed"]
    opening = fence(kube)
    assert opening.run(fenced=False, check_mode=False)["changed"]
    assert (kube.objects[ROLE.path]["rules"], opening.warnings) == ([READ, GRANT], [])
    assert not fence(kube).run(fenced=False, check_mode=False)["changed"]


def test_the_authoriser_may_hear_of_it_later() -> None:
    kube, clock = cluster(), TickingClock()
    kube.allows = lambda _spec: clock.seconds < 4
    fence(kube, clock).run(fenced=True, check_mode=False)
    assert clock.seconds == 5


def test_a_fence_that_does_not_hold_names_who_may_still() -> None:
    kube = cluster()
    kube.allows = lambda _spec: True
    with pytest.raises(BlueGreenError, match="still allowed for Group matchmakers in namespace arena"):
        fence(kube).run(fenced=True, check_mode=False)


def test_opening_waits_for_nothing_and_says_what_is_not_so_yet() -> None:
    kube, clock = cluster(), TickingClock()
    fence(kube).run(fenced=True, check_mode=False)
    kube.allows = lambda _spec: False
    opening = fence(kube, clock)
    opening.run(fenced=False, check_mode=False)
    assert opening.warnings == ["allocations are not yet allowed for Group matchmakers in namespace arena"]
    assert clock.seconds == 0


def test_policies() -> None:
    kube = FakeKube()
    kube.put(POLICY.path, policy(100))
    fence(kube, gates=(POLICY,)).run(fenced=True, check_mode=False)
    assert kube.objects[POLICY.path]["spec"] == {"weight": 0, "priority": 1}
    fence(kube, gates=(POLICY,)).run(fenced=False, check_mode=False)
    assert kube.objects[POLICY.path]["spec"] == {"weight": 100, "priority": 1}


def test_a_policy_that_somebody_weighs_again_at_once_is_no_fence() -> None:
    kube, clock = FakeKube(), TickingClock()
    kube.put(POLICY.path, policy(100))
    clock.on_sleep = lambda _seconds: kube.touch(POLICY.path, {"spec": {"weight": 5}})
    with pytest.raises(BlueGreenError, match="GameServerAllocationPolicy arena/blue"):
        fence(kube, clock, (POLICY,)).run(fenced=True, check_mode=False)


def test_a_lost_race_is_planned_again() -> None:
    kube = cluster()
    changes = [{"rules": [READ, READ, GRANT]}]

    def change(_verb: str, path: str) -> None:
        if path == ROLE.path and changes:
            kube.touch(path, changes.pop())

    kube.before_write = change
    fence(kube).run(fenced=True, check_mode=False)
    assert kube.objects[ROLE.path]["rules"] == [READ, READ]
    fence(kube).run(fenced=False, check_mode=False)
    assert kube.objects[ROLE.path]["rules"] == [READ, READ, GRANT]


def test_what_is_not_there_cannot_be_fenced_and_does_not_stop_a_way_back() -> None:
    kube = cluster()
    other = Gate("Role", "other", "arena")
    with pytest.raises(BlueGreenError, match="Role arena/other: not in this cluster"):
        fence(kube, gates=(ROLE, other)).run(fenced=True, check_mode=False)
    assert kube.log == []
    opening = fence(kube, gates=(ROLE, other))
    opening.run(fenced=False, check_mode=False)
    assert opening.warnings == ["Role arena/other: not in this cluster, so there is nothing to open"]


def test_missing_permissions_are_named_at_once_before_the_first_write() -> None:
    kube = cluster()
    kube.denied = {
        ("patch", "roles"),
        ("create", "subjectaccessreviews"),
        ("escalate", "roles"),
        ("create", "gameserverallocations"),
    }
    with pytest.raises(BlueGreenError) as caught:
        fence(kube).run(fenced=True, check_mode=False)
    assert caught.value.details["missing"] == [
        "create subjectaccessreviews.authorization.k8s.io",
        "patch roles.rbac.authorization.k8s.io in namespace arena",
        "create gameserverallocations.allocation.agones.dev in namespace arena",
    ]
    assert kube.log == []
    # Who may escalate needs not have what he gives.
    kube.denied = {("create", "gameserverallocations")}
    assert fence(kube).run(fenced=True, check_mode=False)["changed"]


def test_what_the_fence_took_must_be_givable_too() -> None:
    kube = cluster()
    fence(kube).run(fenced=True, check_mode=False)
    kube.denied = {("escalate", "roles"), ("create", "gameserverallocations")}
    with pytest.raises(BlueGreenError, match="may not create gameserverallocations"):
        fence(kube).run(fenced=False, check_mode=False)
    kube.denied = {("get", "roles"), ("escalate", "roles")}
    with pytest.raises(BlueGreenError, match="may not get roles"):
        fence(kube).run(fenced=False, check_mode=False)


def test_check_mode_predicts_and_writes_nothing() -> None:
    kube = cluster()
    result = fence(kube).run(fenced=True, check_mode=True)
    assert (result["changed"], result["gates"][0]["open"], kube.log) == (True, False, [])
