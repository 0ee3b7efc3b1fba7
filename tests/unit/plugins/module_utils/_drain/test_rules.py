"""Each rule of the drain on things made by hand: some that keep it, and some that break each of its assertions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import Request
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policy

from tests.unit.plugins.module_utils._drain.histories.judge import RULES, judge, kinds_of, name_of
from tests.unit.plugins.module_utils._drain.histories.seen import (
    Closed,
    DrainOver,
    PodDeleted,
    RequestsTakenBack,
    RequestWritten,
    RollbackBegun,
    RollbackOver,
    RoundOver,
    Seen,
    SessionTold,
    ShutDown,
    SuccessorAskedToGo,
    SuccessorShutDown,
    SuccessorsLetGo,
    TargetServerGone,
    TimeUp,
    Written,
)
from tests.unit.plugins.module_utils._drain.world import START

LEAVE = Policy("run-1", mode="disconnect", notice=2.0, most_at_once=2)
FINISH = Policy("run-1", mode="at_match_end", notice=2.0)
INTERRUPT = replace(FINISH, interrupt_at_deadline=True)

REQUEST = Request("run-1", 1, "requested", "disconnect", "match-1", START + 2.0, START + 60.0, 1.0)
HANDOFF = replace(REQUEST, mode="handoff", successor={"uid": "uid-seat-0", "name": "seat-0"})
CANCELLED = replace(REQUEST, state="cancelled", seq=2)
TO_THE_END = replace(REQUEST, mode="at_match_end")

ASKED = RequestWritten(
    server="s0",
    policy=LEAVE,
    before=None,
    request=REQUEST,
    match="match-1",
    is_leaving=False,
    on_their_way=frozenset({"s1"}),
    successor_states=(),
    clock_jumped=False,
)
CROWDED = replace(ASKED, on_their_way=frozenset({"s1", "s2"}))
WRITTEN = Written(server="s0", conditional=True, readable=True)
CLOSED = Closed(server="s0", policy=LEAVE, notice=2.0, players=2, successor="none", clock_jumped=False)
SHUT_DOWN = ShutDown(server="s0", policy=INTERRUPT, request=replace(REQUEST, reason="deadline"), ended="")
POD_DELETED = PodDeleted(server="s0", policy=INTERRUPT, ended="interrupted")
LET_GO = SuccessorAskedToGo(seat="seat-0", session="s0", players=0, may_come=False, on_their_way=False)
SHUT = SuccessorShutDown(seat="seat-0", session="s0", players=0, on_their_way=False)
GONE = TargetServerGone(seat="seat-0", players=0)
ROUND = RoundOver(
    states={"idle": 1, "closing": 1},
    remaining=2,
    held=1,
    progress="2 of 2 sessions left",
    is_late=True,
    write_troubled=False,
)
ALL_LET_GO = SuccessorsLetGo(in_vain=frozenset(), write_troubled=False)
FINISHED = DrainOver(
    sessions=frozenset({"s0", "s1"}),
    ended={"s0": "moved", "s1": "ended_alone"},
    told=(("s0", "moved"), ("s1", "ended_alone")),
    known=frozenset({"s0", "s1"}),
    earlier_matches={},
    total=2,
    counted=2,
    undisturbed=True,
    servers_left=frozenset(),
    pods_left=frozenset(),
    short_of_seats=-1,
    runner_died=False,
    clock_behind=0.0,
    shortest_notice=2.0,
    waiting_in_vain=frozenset(),
    text="[]",
)
# Of three sessions one came and went while no runner was there.
DISTURBED = replace(
    FINISHED,
    sessions=frozenset({"s0", "s1", "s2"}),
    ended={**FINISHED.ended, "s2": "ended_alone"},
    undisturbed=False,
)
TOLD = SessionTold(
    server="s0", policy=LEAVE, told="moved", ended="moved", answers_after=0.1, tied=False, undisturbed=True
)
WRONG = replace(TOLD, told="lost")
FINISHED_ALONE = replace(TOLD, policy=FINISH, told="ended_alone", ended="ended_alone")


@dataclass(frozen=True)
class Examples:
    """Things that keep a rule, and things that break it with the words that the rule then says."""

    kept: tuple[Seen, ...]
    broken: tuple[tuple[str, Seen], ...]


EXAMPLES = {
    "a_drain_of_an_empty_source_ends": Examples(
        kept=(TimeUp(source_was_empty=False),),
        broken=(("does not end though its source is empty", TimeUp(source_was_empty=True)),),
    ),
    "a_handoff_names_an_allocated_successor": Examples(
        kept=(ASKED, replace(ASKED, request=HANDOFF, successor_states=("Allocated",))),
        broken=(
            ("handed over to no server", replace(ASKED, request=replace(HANDOFF, successor=None))),
            ("its successor is not allocated", replace(ASKED, request=HANDOFF, successor_states=("Ready",))),
            ("its successor is not allocated", replace(ASKED, request=HANDOFF, successor_states=())),
        ),
    ),
    "a_rollback_ends": Examples(
        kept=(RollbackBegun(attempt=1), RollbackBegun(attempt=20)),
        broken=(("the rollback does not end", RollbackBegun(attempt=21)),),
    ),
    "a_round_counts_every_session_once": Examples(
        kept=(ROUND, FINISHED),
        broken=(
            ("2 sessions by state, 3 left", replace(ROUND, remaining=3)),
            ("'told': 2, 'counted': 2, 'total': 3", replace(FINISHED, total=3)),
            ("'told': 2, 'counted': 3, 'total': 2", replace(FINISHED, counted=3)),
            ("'told': 1, 'counted': 2, 'total': 2", replace(FINISHED, told=(("s0", "moved"),))),
        ),
    ),
    "at_match_end_lets_every_match_end_by_itself": Examples(
        kept=(
            ASKED,
            replace(ASKED, policy=FINISH, request=TO_THE_END),
            replace(ASKED, policy=FINISH, request=CANCELLED),
            replace(ASKED, policy=INTERRUPT),
            FINISHED_ALONE,
            replace(FINISHED_ALONE, told="lost", ended="lost"),
            replace(FINISHED_ALONE, policy=INTERRUPT, told="interrupted", ended="interrupted"),
        ),
        broken=(
            ("s0: asked to leave its match", replace(ASKED, policy=FINISH)),
            ("s0: moved, told as ended_alone", replace(FINISHED_ALONE, ended="moved")),
            ("s0: ended_alone, told as interrupted", replace(FINISHED_ALONE, told="interrupted")),
        ),
    ),
    "every_idle_session_is_told_why_it_waits": Examples(
        kept=(
            ROUND,
            replace(ROUND, held=0, is_late=False),
            replace(ROUND, held=0, write_troubled=True),
            replace(ROUND, held=0, progress="2 of 2 sessions left; paused"),
        ),
        broken=(("nothing says what the idle ones wait for", replace(ROUND, held=0)),),
    ),
    "every_request_can_be_read": Examples(
        kept=(WRITTEN,),
        broken=(("a request that no server can read", replace(WRITTEN, readable=False)),),
    ),
    "every_request_is_for_the_match_being_played": Examples(
        kept=(ASKED, replace(ASKED, request=CANCELLED, match="match-2")),
        broken=(("bound to another match", replace(ASKED, match="match-2")),),
    ),
    "every_session_ends_in_one_outcome": Examples(
        kept=(
            FINISHED,
            DISTURBED,
            replace(FINISHED, told=(*FINISHED.told, ("s0", "lost")), earlier_matches={"s0": 1}),
        ),
        broken=(
            (r"\['s0'\] have two outcomes", replace(FINISHED, told=(*FINISHED.told, ("s0", "moved")))),
            (r"\['s1'\]: known without an outcome", replace(FINISHED, told=(("s0", "moved"),))),
            (r"\['s1'\]: .* the other way round", replace(FINISHED, known=frozenset({"s0"}))),
            (r"\['s2'\] have ended without an outcome", replace(DISTURBED, undisturbed=True)),
        ),
    ),
    "every_write_has_a_condition": Examples(
        kept=(WRITTEN,),
        broken=(("a write without a condition", replace(WRITTEN, conditional=False)),),
    ),
    "everyone_handed_over_finds_their_server": Examples(
        kept=(CLOSED, replace(CLOSED, successor="there")),
        broken=(
            ("to a server that is gone", replace(CLOSED, successor="gone")),
            ("to a server that was asked to go", replace(CLOSED, successor="asked to go")),
        ),
    ),
    "never_more_on_their_way_than_seats": Examples(
        kept=(
            FINISHED,
            replace(FINISHED, short_of_seats=0),
            replace(FINISHED, short_of_seats=1, runner_died=True, clock_behind=2.0),
        ),
        broken=(
            ("1 sessions more were sent away", replace(FINISHED, short_of_seats=1)),
            ("1 sessions more were sent away", replace(FINISHED, short_of_seats=1, clock_behind=600.0)),
            ("1 sessions more were sent away", replace(FINISHED, short_of_seats=1, runner_died=True, clock_behind=1.9)),
        ),
    ),
    "never_more_on_their_way_than_the_policy_says": Examples(
        kept=(
            ASKED,
            replace(CROWDED, is_leaving=True),
            replace(CROWDED, clock_jumped=True),
            replace(CROWDED, request=CANCELLED),
            replace(CROWDED, request=TO_THE_END),
            replace(CROWDED, policy=replace(LEAVE, most_at_once=None)),
        ),
        broken=(
            (r"asked while \['s1', 's2'\] are on their way", CROWDED),
            (r"asked while \['s1', 's2'\] are on their way", replace(CROWDED, request=HANDOFF)),
        ),
    ),
    "no_drain_ends_before_its_sessions": Examples(
        kept=(FINISHED, DISTURBED),
        broken=(
            (r"the drain ended before \['s1'\]", replace(FINISHED, ended={"s0": "moved"})),
            (r"before the servers \['s1'\]", replace(FINISHED, servers_left=frozenset({"s1"}))),
            (r"before the pods of \['s1'\]", replace(FINISHED, pods_left=frozenset({"s1"}))),
        ),
    ),
    "no_one_closes_after_a_rollback": Examples(
        kept=(RollbackOver(closed_since=frozenset()),),
        broken=((r"\['s0'\] closed after the rollback", RollbackOver(closed_since=frozenset({"s0"}))),),
    ),
    "no_one_is_closed_before_notice": Examples(
        kept=(CLOSED, replace(CLOSED, notice=1.999), replace(CLOSED, notice=0.0, clock_jumped=True)),
        broken=(("closed after 1.99 s of notice", replace(CLOSED, notice=1.99)),),
    ),
    "no_player_id_leaves_the_process": Examples(
        kept=(FINISHED,),
        broken=(("a player id left the process", replace(FINISHED, text='{"players": ["player-0-1"]}')),),
    ),
    "no_request_outlives_a_rollback": Examples(
        kept=(RequestsTakenBack(still_asked=frozenset()),),
        broken=((r"\['s0'\] are still asked to go", RequestsTakenBack(still_asked=frozenset({"s0"}))),),
    ),
    "no_session_of_the_target_is_ended": Examples(
        kept=(LET_GO, SHUT, GONE),
        broken=(
            ("seat-0 asked to go, though players are in it", replace(LET_GO, players=1)),
            ("seat-0: the drain shuts it down, though players are in it", replace(SHUT, players=1)),
            ("seat-0 is gone with 1 player, though players are in it", replace(GONE, players=1)),
        ),
    ),
    "no_successor_goes_while_players_may_come": Examples(
        kept=(LET_GO, SHUT),
        broken=(
            ("before s0 has said that it stays", replace(LET_GO, may_come=True)),
            ("while the players of s0 are on the way", replace(LET_GO, on_their_way=True)),
            ("while the players of s0 are on the way", replace(SHUT, on_their_way=True)),
        ),
    ),
    "no_successor_waits_in_vain": Examples(
        kept=(FINISHED, ALL_LET_GO, replace(ALL_LET_GO, in_vain=frozenset({"seat-0"}), write_troubled=True)),
        broken=(
            ("players who do not come$", replace(FINISHED, waiting_in_vain=frozenset({"seat-0"}))),
            ("players who do not come, after a rollback", replace(ALL_LET_GO, in_vain=frozenset({"seat-0"}))),
        ),
    ),
    "nothing_is_shut_down_under_on_deadline_wait": Examples(
        kept=(SHUT_DOWN, POD_DELETED),
        broken=(
            ("s0: shut down under on_deadline wait", replace(SHUT_DOWN, policy=FINISH)),
            ("s0: its pod was deleted under on_deadline wait", replace(POD_DELETED, policy=FINISH)),
        ),
    ),
    "nothing_is_shut_down_without_a_word": Examples(
        kept=(
            SHUT_DOWN,
            replace(SHUT_DOWN, request=REQUEST, ended="moved"),
            POD_DELETED,
            replace(POD_DELETED, ended="moved"),
        ),
        broken=(
            ("s0: shut down without a request", replace(SHUT_DOWN, request=None)),
            ("s0: shut down without a word", replace(SHUT_DOWN, request=REQUEST)),
            ("s0: its pod was deleted without a word", replace(POD_DELETED, ended="")),
        ),
    ),
    "only_what_a_handoff_allocated_is_let_go": Examples(
        kept=(LET_GO, SHUT),
        broken=(
            ("no handoff has allocated it", replace(LET_GO, session="")),
            ("no handoff has allocated it", replace(SHUT, session="")),
        ),
    ),
    "outcomes_tell_the_truth": Examples(
        kept=(
            TOLD,
            replace(TOLD, told="interrupted"),
            replace(TOLD, told="lost", ended="lost"),
            replace(WRONG, undisturbed=False),
            replace(WRONG, tied=True),
            replace(WRONG, answers_after=2.0),
            replace(WRONG, answers_after=None),
        ),
        broken=(
            ("s0: moved, told as lost", WRONG),
            ("s0: interrupted, told as moved", replace(TOLD, ended="interrupted")),
        ),
    ),
    "sequence_numbers_only_grow": Examples(
        kept=(ASKED, replace(ASKED, before=REQUEST, request=CANCELLED)),
        broken=(
            ("sequence 1 after 1", replace(ASKED, before=REQUEST)),
            ("sequence 1 after 2", replace(ASKED, before=CANCELLED)),
        ),
    ),
}
BY_NAME = {rule.__name__.rpartition(".")[2]: rule for rule in RULES}


KEPT = [
    pytest.param(name, seen, id=f"{name}-{number}")
    for name, examples in EXAMPLES.items()
    for number, seen in enumerate(examples.kept)
]
BROKEN = [
    pytest.param(name, seen, words, id=f"{name}-{number}")
    for name, examples in EXAMPLES.items()
    for number, (words, seen) in enumerate(examples.broken)
]


@pytest.mark.parametrize(("name", "seen"), KEPT)
def test_a_rule_that_is_kept_says_nothing(name: str, seen: Seen) -> None:
    assert isinstance(seen, kinds_of(BY_NAME[name]))
    BY_NAME[name].judge(seen)


@pytest.mark.parametrize(("name", "seen", "words"), BROKEN)
def test_a_rule_that_is_broken_says_by_what(name: str, seen: Seen, words: str) -> None:
    assert isinstance(seen, kinds_of(BY_NAME[name]))
    with pytest.raises(AssertionError, match=words):
        BY_NAME[name].judge(seen)
    with pytest.raises(AssertionError):
        judge(seen)


def test_every_file_of_the_folder_is_a_rule_in_play_with_examples() -> None:
    files = {file.stem for file in Path(__file__).with_name("rules").glob("*.py")}
    assert files == BY_NAME.keys() == EXAMPLES.keys()
    assert all(examples.kept for examples in EXAMPLES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_assertion_of_a_rule_can_fail(name: str) -> None:
    rule, failed = BY_NAME[name], set()
    for words, seen in EXAMPLES[name].broken:
        with pytest.raises(AssertionError, match=words) as refused:
            rule.judge(seen)
        failed.add(refused.traceback[-1].lineno + 1)
    assert rule.__file__
    asserted = [node for node in ast.walk(ast.parse(Path(rule.__file__).read_text())) if isinstance(node, ast.Assert)]
    assert failed == {node.lineno for node in asserted}


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_says_in_english_what_it_guards(rule: Any) -> None:
    assert rule.__doc__
    assert rule.__doc__.partition("\n")[0].endswith(".")


def test_a_broken_rule_is_named() -> None:
    with pytest.raises(AssertionError, match=r"closed after 1\.00 s of notice") as refused:
        judge(replace(CLOSED, notice=1.0))
    [note] = refused.value.__notes__
    assert note.startswith("Broken rule: no one is closed before notice (")
    assert note.endswith("rules/no_one_is_closed_before_notice.py)")
