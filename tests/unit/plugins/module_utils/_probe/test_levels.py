from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._probe.levels import (
    Conduct,
    LevelFinding,
    find_level,
    needed_levels,
    objection,
    wrong_levels,
)

FLEET = ("arena", "arena")
HANDED_OVER = {"handoff": "accepted"}
DISCONNECTED = {"handoff": "refused", "disconnect": "accepted"}
UNANSWERED = {"handoff": "silent"}
DEAF = {"handoff": "silent", "disconnect": "silent"}
WENT: dict[str, Any] = {"ended": 3.2, "ended_as": "Shutdown"}


def seen(answers: dict[str, str], **more: Any) -> Conduct:
    return Conduct(answers, 3.0, **more)


@pytest.mark.parametrize(
    ("what", "level", "reason"),
    [
        (seen(HANDED_OVER, closing=3.0, **WENT), "L3", ""),
        (seen(HANDED_OVER, **WENT), "L3", ""),
        (seen(DISCONNECTED, **WENT), "L2", "refuses handoff"),
        (seen({"handoff": "silent", "disconnect": "accepted"}, **WENT), "L2", "does not answer a handoff"),
        (seen({"disconnect": "accepted"}, had_successor=False, **WENT), "L2", "no second server was free"),
        (
            seen({"handoff": "refused", "disconnect": "refused", "at_match_end": "accepted"}),
            "L2",
            "refuses disconnect and handoff",
        ),
        (seen(UNANSWERED, **WENT), "L1", "does not answer"),
        (seen(UNANSWERED, ended=2.1, ended_as="Shutdown"), "L1", "does not answer"),
        (seen(UNANSWERED, ended=0.4, ended_as="Shutdown"), "L0", "closed 0.4 s after it was asked, before its notice"),
        (seen(DEAF, ended=12.9, ended_as="Shutdown"), "L1", "does not answer"),
        (seen(DEAF, ended=13.1, ended_as="Shutdown"), "L0", "ended 10.1 s after its notice was over"),
        (seen(HANDED_OVER, ended=20.0, ended_as="Shutdown"), "L3", ""),
        (seen(HANDED_OVER, closing=0.4, **WENT), "L0", "closed 0.4 s after it was asked"),
        (seen(HANDED_OVER, ended=3.2, ended_as="Unhealthy"), "L0", "it was Unhealthy"),
        (seen(UNANSWERED, ended=3.2, ended_as="deleted"), "L0", "it was deleted"),
        (seen(HANDED_OVER), "L0", "answered, but did not call Shutdown()"),
        (seen(DEAF), "L0", "neither answered nor called Shutdown()"),
        (
            seen({"handoff": "refused", "disconnect": "refused", "at_match_end": "refused"}),
            "L0",
            "refuses every mode",
        ),
    ],
)
def test_what_was_seen_is_a_level(what: Conduct, level: str, reason: str) -> None:
    finding = find_level(FLEET, what)
    assert finding.level == level
    assert reason in finding.reason
    assert bool(finding.reason) == (level != "L3"), "below the top level there is a reason"


@pytest.mark.parametrize(
    ("mode", "interrupts", "levels"),
    [
        ("at_match_end", False, ("L0", "L2")),
        ("at_match_end", True, ("L1", "L2")),
        ("disconnect", False, ("L1", "L2")),
        ("disconnect", True, ("L1", "L2")),
        ("handoff", False, ("L3", "L3")),
    ],
)
def test_a_way_to_drain_needs_a_level(mode: str, interrupts: bool, levels: tuple[str, str]) -> None:
    assert needed_levels(Policy("run-1", mode=mode, interrupt_at_deadline=interrupts)) == levels


FINE, WARNS, FORBIDS = "fine", "warns", "forbids"


@pytest.mark.parametrize(
    ("mode", "interrupts", "level", "verdict"),
    [
        ("at_match_end", False, "L0", WARNS),
        ("at_match_end", False, "L1", WARNS),
        ("at_match_end", False, "L2", FINE),
        ("at_match_end", True, "L0", FORBIDS),
        ("at_match_end", True, "L1", WARNS),
        ("at_match_end", True, "L2", FINE),
        ("disconnect", False, "L0", FORBIDS),
        ("disconnect", False, "L1", WARNS),
        ("disconnect", False, "L2", FINE),
        ("disconnect", False, "L3", FINE),
        ("handoff", False, "L0", FORBIDS),
        ("handoff", False, "L1", FORBIDS),
        ("handoff", False, "L2", FORBIDS),
        ("handoff", False, "L3", FINE),
    ],
)
def test_a_level_is_held_against_the_policy(mode: str, interrupts: bool, level: str, verdict: str) -> None:
    policy = Policy("run-1", mode=mode, interrupt_at_deadline=interrupts)
    found = objection(LevelFinding(FLEET, level, "why"), policy, {})
    assert verdict == (FINE if found is None else FORBIDS if found[0] else WARNS)
    if found:
        assert f"Fleet arena/arena has level {level} of the drain contract (why)" in found[1]


@pytest.mark.parametrize("name", ["arena", "arena/arena"])
def test_the_operator_may_put_up_with_a_level(name: str) -> None:
    policy = Policy("run-1", mode="disconnect")
    found = objection(LevelFinding(FLEET, "L0", "why"), policy, {name: "L0"})
    assert found == (
        False,
        "Fleet arena/arena has level L0 of the drain contract (why), but mode disconnect needs L1; "
        "accepted_levels allows L0",
    )


@pytest.mark.parametrize("accepted", [{"arena": "L2"}, {"lobby": "L0"}])
def test_what_is_put_up_with_is_no_lower_level_and_no_other_fleet(accepted: dict[str, str]) -> None:
    found = objection(LevelFinding(FLEET, "L1", "why"), Policy("run-1", mode="handoff"), accepted)
    assert found is not None
    assert found[0]


@pytest.mark.parametrize(
    ("policy", "level", "remedy"),
    [
        (Policy("run-1", mode="handoff"), "L2", "mode disconnect,"),
        (Policy("run-1", mode="handoff"), "L0", "mode at_match_end with on_deadline wait,"),
        (Policy("run-1", mode="disconnect"), "L0", "mode at_match_end with on_deadline wait,"),
    ],
)
def test_an_error_names_a_gentler_way(policy: Policy, level: str, remedy: str) -> None:
    found = objection(LevelFinding(FLEET, level, "why"), policy, {})
    assert found is not None
    assert f"Or give this Fleet {remedy} or accept its level: accepted_levels arena/arena: {level}" in found[1]


def test_a_server_that_refuses_to_disconnect_is_not_drained_so() -> None:
    finding = LevelFinding(FLEET, "L2", "why", frozenset({"handoff", "disconnect"}))
    assert objection(finding, Policy("run-1"), {}) is None
    for policy in (Policy("run-1", mode="disconnect"), Policy("run-1", interrupt_at_deadline=True)):
        found = objection(finding, policy, {})
        assert found is not None
        assert found[0]
        assert "needs mode disconnect" in found[1]
        assert "give this Fleet mode at_match_end with on_deadline wait" in found[1]


def test_a_level_that_is_none_is_named() -> None:
    assert wrong_levels({"arena": "L1"}) == []
    assert wrong_levels({"lobby": "L4"}) == [
        "accepted_levels: 'L4' of Fleet lobby is not a level; use one of L0, L1, L2, L3"
    ]


def test_what_was_seen_as_a_document() -> None:
    document = seen(HANDED_OVER, acknowledged=0.1234, **WENT).to_document()
    assert document == {
        "answers": HANDED_OVER,
        "notice_over_seconds": 3.0,
        "acknowledged_seconds": 0.12,
        "closing_seconds": None,
        "ended_seconds": 3.2,
        "ended_as": "Shutdown",
    }
