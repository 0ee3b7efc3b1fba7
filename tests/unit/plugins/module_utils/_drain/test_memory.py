"""What a drain remembers, and what a runner who comes later makes of it."""

from __future__ import annotations

import json

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.memory import Memory
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._drain.policy import Policies

from tests.unit.plugins.module_utils._drain.parts import POLICY, Drain, asked, drain, server
from tests.unit.plugins.module_utils._drain.world import START


def test_a_memory_of_another_run_is_not_taken() -> None:
    one = drain()
    one.sight.see_server(server(), START)
    document = json.loads(json.dumps(one.memory.to_document()))
    assert Memory.from_document(document, "run-1", START + 9) == one.memory
    assert Memory.from_document(document, "run-2", START + 9).active == {}
    assert Memory.from_document(None, "run-1", START).active == {}


def test_a_clock_that_went_back_makes_nothing_run_out_early_or_late() -> None:
    one = drain()
    one.sight.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    back = Memory.from_document(document, "run-1", START - 550)
    assert back.ledger.claims["uid-s"].opened_at == START - 560
    assert back.ledger.away == dict.fromkeys(back.ledger.away)
    assert back.active["uid-s"].seen_at == START - 560


def test_time_that_nobody_watched_does_not_free_a_seat() -> None:
    one = drain()
    one.sight.see_source("arena", [server(players=["a"], annotations=asked(answer="closing"))], START + 40)
    one.memory.watched_at = START + 50
    document = json.loads(json.dumps(one.memory.to_document()))
    later = Drain(Policies(POLICY), Memory.from_document(document, "run-1", START + 3600))
    later.sight.tick(START + 3600)
    assert later.memory.ledger.claims_by_fleet()[("arena", "arena")] == 1
