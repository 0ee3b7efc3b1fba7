"""What protects a session, rule by rule, over game servers as a real API server showed them."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import (
    AT_MATCH_END,
    CLOSING,
    DEFAULT_DOMAIN,
    DISCONNECT,
    REASON_DEADLINE,
    REQUESTED,
    Request,
    cancelled_request,
    drain_annotation,
    successor_annotation,
    synthetic_label,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.may_end import (
    ASK,
    DELETE_POD,
    FILTERS,
    REMOVE,
    SHUT_DOWN,
    Case,
    OnDeadline,
    OwnSession,
    Protected,
    Resize,
    Spare,
    Word,
    protected,
    protects,
    protects_size,
    refuse,
    refuse_size,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.sessions import (
    NO_PREDICATE,
    Predicate,
    Server,
    format_time,
    parse_time,
    read_server,
)

Json = dict[str, Any]
OBJECTS = Path(__file__).with_name("objects")
ALLOCATED = json.loads((OBJECTS / "gameserver-allocated.json").read_text())
READY = json.loads((OBJECTS / "gameserver-ready.json").read_text())
# The same server, allocated for another match since.
AGAIN = "2026-11-22T23:10:00.000000000Z"
ALLOCATION = ALLOCATED["metadata"]["annotations"]["agones.dev/last-allocated"]
BEGAN = parse_time(ALLOCATION) or 0.0
# Long after the match began.
NOW = BEGAN + 3600
LABEL, MARK = synthetic_label(DEFAULT_DOMAIN), "run-1"
TO_GO = Request("run-1", 2, REQUESTED, DISCONNECT, ALLOCATION, NOW - 10, NOW, 10.0, reason=REASON_DEADLINE)


def seen(
    obj: Json,
    state: str = "",
    *,
    deleting: bool = False,
    annotations: Json | None = None,
    labels: Json | None = None,
    players: list[str] | None = None,
    predicate: Predicate = NO_PREDICATE,
) -> Server:
    """A real game server, with other values in some places."""
    found = copy.deepcopy(obj)
    found["metadata"]["annotations"] |= annotations or {}
    found["metadata"]["labels"] |= labels or {}
    found["status"]["state"] = state or found["status"]["state"]
    if deleting:
        found["metadata"]["deletionTimestamp"] = "2026-11-22T23:02:09Z"
    if players is not None:
        found["status"]["lists"]["players"]["values"] = players
    return read_server(found, predicate=predicate)


def asked(request: Request = TO_GO, answer: str = "", seq: int = 2, run: str = "run-1") -> Json:
    annotations = {drain_annotation(DEFAULT_DOMAIN): request.to_json()}
    if answer:
        annotations["agones.dev/sdk-drain-ack"] = json.dumps({"run": run, "seq": seq, "phase": answer})
    return annotations


def allocated(**changes: Any) -> Server:
    return seen(ALLOCATED, **changes)


def case(act: str, server: Server | None, word: Word | None = None, **more: Any) -> Case:
    meant = server or allocated()
    return Case(act, meant.namespace, meant.name, more.pop("uid", meant.uid), server, word, **more)


# Which game servers are sessions


ROOMS, GUESTS = Predicate(counter="rooms"), Predicate(list_name="players")


@pytest.mark.parametrize(
    ("server", "has_pod", "stays"),
    [
        (allocated(), True, True),
        (allocated(), False, True),
        (allocated(state="Reserved"), True, True),
        (seen(READY, "Reserved"), True, True),
        (seen(READY), True, False),
        (seen(READY, "Scheduled"), True, False),
        # It was a session: Agones leaves the allocation where it is.
        (allocated(state="Ready"), True, False),
        (allocated(state="Ready", predicate=ROOMS), True, True),
        (allocated(state="Ready", predicate=GUESTS), True, True),
        (allocated(state="Ready", predicate=GUESTS, players=[]), True, False),
        (seen(READY, predicate=ROOMS), True, False),
        # On its way out, while the pod is there.
        (allocated(state="Shutdown"), True, True),
        (allocated(state="Shutdown"), False, False),
        (allocated(state="Unhealthy"), True, True),
        (allocated(state="Unhealthy"), False, False),
        (allocated(state="Error"), True, True),
        (allocated(deleting=True), True, True),
        (allocated(deleting=True), False, False),
        (allocated(state="Shutdown", predicate=ROOMS), True, True),
        # No one was ever in it.
        (seen(READY, "Shutdown"), True, False),
        (seen(READY, deleting=True), True, False),
    ],
)
def test_a_cluster_stays_for_every_game_server_in_which_players_may_be(
    server: Server, has_pod: bool, stays: bool
) -> None:
    pods = {server.key} if has_pod else set()
    reason = "players may be in it; it ends by itself or by the drain contract"
    assert protected([seen(READY), server], pods, NOW) == ([(server, reason)] if stays else [])


# On whose word a session may end


INTERRUPT = OnDeadline("run-1", DEFAULT_DOMAIN, interrupts=True)
FORCE = replace(INTERRUPT, shut_down_at=NOW - 60, grace_seconds=30.0)
OURS = OwnSession(LABEL, MARK)
IN_VAIN = Spare(DEFAULT_DOMAIN, ALLOCATION, connect_grace=60.0)
SUCCESSOR = {successor_annotation(DEFAULT_DOMAIN): "uid-of-a-session/run-1"}
TOLD = allocated(annotations=asked())
ENDING = allocated(state="Shutdown", annotations=asked())
SYNTHETIC = allocated(labels={LABEL: MARK})
EMPTY = allocated(annotations=SUCCESSOR, players=[])
EMPTY_AND_ENDING = allocated(state="Shutdown", annotations=SUCCESSOR, players=[])
OWN_TIME = replace(TO_GO, reason="drain", mode=AT_MATCH_END, seq=1)


@pytest.mark.parametrize(
    "one",
    [
        case(SHUT_DOWN, TOLD, INTERRUPT),
        case(SHUT_DOWN, allocated(state="Reserved", annotations=asked()), INTERRUPT),
        case(SHUT_DOWN, allocated(annotations=asked(replace(TO_GO, allocation="*"))), INTERRUPT),
        # It said that it closes, and did not go by the deadline of its match.
        case(SHUT_DOWN, allocated(annotations=asked(OWN_TIME, CLOSING, seq=1)), INTERRUPT),
        case(SHUT_DOWN, allocated(annotations=asked(replace(OWN_TIME, seq=3), CLOSING, seq=1)), INTERRUPT),
        case(DELETE_POD, ENDING, FORCE),
        case(DELETE_POD, allocated(deleting=True), FORCE),
        case(DELETE_POD, None, FORCE),
        case(SHUT_DOWN, SYNTHETIC, OURS),
        case(ASK, SYNTHETIC, OURS),
        case(SHUT_DOWN, EMPTY, IN_VAIN),
        case(ASK, EMPTY, replace(IN_VAIN, connect_grace=0.0)),
    ],
)
def test_with_the_word_and_on_its_terms_a_session_may_end(one: Case) -> None:
    assert one.is_session
    assert protects(one, NOW) is None
    refuse(one, NOW)


LATER = format_time(NOW + 1)


# The rule, a case against which it alone has a reason, and how that begins.
TABLE: list[tuple[str, Case, str]] = [
    ("is_another_server", case(SHUT_DOWN, TOLD, INTERRUPT, uid="uid-before"), "another game server has its name"),
    ("is_another_server", case(DELETE_POD, ENDING, FORCE, uid="uid-before"), "another game server has its name"),
    *(("has_no_word", case(act, SYNTHETIC), "players may be in it") for act in (ASK, SHUT_DOWN, REMOVE)),
    ("has_no_word", case(DELETE_POD, ENDING), "players may be in it"),
    ("has_no_word", case(REMOVE, SYNTHETIC, OURS), "players may be in it"),
    ("has_no_word", case(DELETE_POD, EMPTY_AND_ENDING, IN_VAIN), "players may be in it"),
    ("has_no_word", case(ASK, TOLD, INTERRUPT), "players may be in it"),
    ("has_no_word", case(DELETE_POD, None), "players may be in it"),
    ("was_told_to_wait", case(SHUT_DOWN, TOLD, replace(INTERRUPT, interrupts=False)), "on_deadline is wait"),
    ("was_told_to_wait", case(DELETE_POD, ENDING, replace(FORCE, interrupts=False)), "on_deadline is wait"),
    *(
        ("was_not_asked", case(SHUT_DOWN, server, INTERRUPT), "the run has not asked this match to leave")
        for server in (
            allocated(),
            allocated(annotations=asked(replace(TO_GO, run="run-0"))),
            allocated(annotations=asked(cancelled_request(TO_GO))),
            allocated(annotations={**asked(), "agones.dev/last-allocated": AGAIN}),
            allocated(annotations={drain_annotation(DEFAULT_DOMAIN): "{"}),
        )
    ),
    (
        "has_notice_left",
        case(SHUT_DOWN, allocated(annotations=asked(replace(TO_GO, not_before=NOW + 1))), INTERRUPT),
        f"its notice runs until {LATER}",
    ),
    (
        "has_time_left",
        case(SHUT_DOWN, allocated(annotations=asked(replace(TO_GO, deadline=NOW + 1))), INTERRUPT),
        f"its deadline is {LATER}",
    ),
    *(
        ("was_not_warned", case(SHUT_DOWN, allocated(annotations=annotations), INTERRUPT), "it was not told that")
        for annotations in (
            asked(OWN_TIME),
            asked(OWN_TIME, "accepted", seq=1),
            asked(OWN_TIME, CLOSING, seq=1, run="run-0"),
            asked(OWN_TIME, CLOSING, seq=2),
        )
    ),
    ("is_in_use", case(DELETE_POD, TOLD, FORCE), "it is Allocated, and not on its way out"),
    ("is_in_use", case(DELETE_POD, allocated(state="Reserved"), FORCE), "it is Reserved, and not on its way out"),
    (
        "was_not_shut_down",
        case(DELETE_POD, ENDING, replace(FORCE, shut_down_at=None)),
        "the runner has not shut it down",
    ),
    (
        "was_not_shut_down",
        case(DELETE_POD, ENDING, replace(FORCE, shut_down_at=NOW - 59)),
        f"it has until {LATER} to go by itself",
    ),
    ("was_not_shut_down", case(DELETE_POD, None, replace(FORCE, grace_seconds=31.0)), f"it has until {LATER}"),
    *(
        ("is_not_ours", case(act, server, OURS), f"its label {LABEL} is not run-1")
        for act in (ASK, SHUT_DOWN)
        for server in (allocated(), allocated(labels={LABEL: "run-0"}), allocated(annotations={LABEL: MARK}))
    ),
    ("is_no_successor", case(SHUT_DOWN, allocated(players=[]), IN_VAIN), "no handoff allocated it"),
    (
        "was_played_on",
        case(SHUT_DOWN, allocated(annotations={**SUCCESSOR, "agones.dev/last-allocated": AGAIN}, players=[]), IN_VAIN),
        "it was played on, or allocated again",
    ),
    ("was_played_on", case(ASK, EMPTY, replace(IN_VAIN, allocation="played")), "it was played on, or allocated"),
    ("may_hold_players", case(SHUT_DOWN, allocated(annotations=SUCCESSOR), IN_VAIN), "it is not known to be empty"),
    (
        "may_hold_players",
        case(SHUT_DOWN, allocated(annotations=SUCCESSOR, players=[], predicate=ROOMS), IN_VAIN),
        "it is not known to be empty",
    ),
    # It publishes nothing.
    (
        "may_hold_players",
        case(
            ASK,
            seen(READY, "Allocated", annotations={**SUCCESSOR, "agones.dev/last-allocated": ALLOCATION}),
            IN_VAIN,
        ),
        "it is not known to be empty",
    ),
    (
        "may_be_joined",
        case(SHUT_DOWN, EMPTY, replace(IN_VAIN, connect_grace=3601.0)),
        "its players may be connecting",
    ),
]


@pytest.mark.parametrize(("rule", "one", "reason"), TABLE)
def test_each_rule_protects_by_itself(rule: str, one: Case, reason: str) -> None:
    assert [look.__name__ for look in FILTERS if look(one, NOW)] == [rule]
    told = protects(one, NOW)
    assert told is not None
    assert told.startswith(reason)
    with pytest.raises(Protected) as refused:
        refuse(one, NOW)
    assert refused.value.message == f"game server {one.namespace}/{one.name} is not {one.act}: {told}"


def test_every_rule_is_in_the_table() -> None:
    assert {rule for rule, _one, _reason in TABLE} == {look.__name__ for look in FILTERS}


@pytest.mark.parametrize("act", [ASK, SHUT_DOWN, DELETE_POD, REMOVE])
@pytest.mark.parametrize("server", [seen(READY), allocated(state="Ready"), seen(READY, "Shutdown")])
def test_what_is_no_session_needs_no_word(act: str, server: Server) -> None:
    assert protects(case(act, server), NOW) is None


def test_a_pod_that_is_gone_too_needs_no_word() -> None:
    assert protects(case(DELETE_POD, None, has_pod=False), NOW) is None


def test_the_clock_of_another_machine_keeps_no_successor() -> None:
    early = replace(IN_VAIN, connect_grace=1e9)
    assert protects(case(SHUT_DOWN, EMPTY, early), BEGAN - 5) is None
    assert protects(case(SHUT_DOWN, EMPTY, early), BEGAN) == "its players may be connecting"


# Sizes


@pytest.mark.parametrize(
    ("has", "gets", "is_owners", "reason"),
    [
        (10, 60, False, None),
        (10, 10, False, None),
        (None, 5, False, None),
        (0, None, False, None),
        (60, 59, False, "it is 60, and sessions may be in the game servers that 59 would take away"),
        (60, 0, False, "it is 60, and sessions may be in the game servers that 0 would take away"),
        (60, None, False, "it is 60, and sessions may be in the game servers that 0 would take away"),
        # What its owner had set comes back.
        (60, 2, True, None),
        (60, None, True, None),
    ],
)
def test_a_size_falls_to_its_owners_and_no_further(
    has: int | None, gets: int | None, is_owners: bool, reason: str | None
) -> None:
    resize = Resize("the size", "arena", "lobby", has, gets, is_owners)
    assert protects_size(resize) == reason
    if reason is None:
        refuse_size(resize)
        return
    with pytest.raises(Protected, match=f"^the size of arena/lobby is not set to {gets}: it is 60"):
        refuse_size(resize)
