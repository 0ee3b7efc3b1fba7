# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What any routing provider must keep: subclass RoutingKit, and give it the provider.

    from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit, command_provider

    class TestOurRouter(RoutingKit):
        @pytest.fixture
        def provider(self):
            return command_provider(["./router", "--staging"])

The tests move the destination to and fro many times: give them one that no players use. See docs/routing-providers.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.command import CommandProvider, Subprocess
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.http_endpoint import (
    HttpProvider,
    UrlSender,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import (
    CONDITIONAL,
    NO_QUEUE,
    NOTHING,
    PER_SLOT,
    Moved,
    Provider,
    Reading,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.round import (
    SessionDestination,
    WantedRouting,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.wire import GRANULARITIES, QUEUES, WRITES
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper

WRITERS = 4
FLIPS = 5

Weights = dict[str, int]


def command_provider(argv: Sequence[str], timeout_seconds: float = 10.0) -> Provider:
    """A program of yours."""
    return CommandProvider(argv, Subprocess(timeout_seconds))


def http_provider(url: str, headers: Mapping[str, str] | None = None, timeout_seconds: float = 10.0) -> Provider:
    """An endpoint of yours."""
    return HttpProvider(url, UrlSender(headers or {}, timeout_seconds), SystemClock())


def all_to(slot: str, slots: Sequence[str]) -> Weights:
    return {one: 100 if one == slot else 0 for one in slots}


class RoutingKit:
    """The tests. Each begins with all of the weight on the first slot."""

    slots: Sequence[str] = ("blue", "green")
    # How long to wait for the evidence that a move has taken effect.
    patience_seconds = 30.0

    @pytest.fixture
    def provider(self) -> Provider:
        """The provider under test."""
        raise pytest.UsageError("override the fixture provider")

    def move(self, weights: Weights) -> None:
        """For a provider that writes nothing: move the weights with whatever does."""
        raise pytest.UsageError(f"override move, which must move the weights to {weights}")

    def follow(self, provider: Provider) -> None:
        """If the evidence comes from readers that a test has to play: let them follow. Does nothing by default."""

    @pytest.fixture(autouse=True)
    def start(self, provider: Provider) -> Reading:
        able = provider.capabilities()
        weights = all_to(self.slots[0], self.slots)
        if able.writes == NOTHING:
            self.move(weights)
        elif dict(provider.read().weights) != weights:
            provider.set(weights, None, "kit-start")
        if able.queue != NO_QUEUE:
            for slot in self.slots:
                provider.open(slot)
        return provider.read()

    @property
    def there(self) -> Weights:
        """All of the weight on the other slot."""
        return all_to(self.slots[1], self.slots)

    def set(self, provider: Provider, weights: Weights, if_revision: str | None, token: str) -> str:
        if provider.capabilities().writes == NOTHING:
            self.move(weights)
        return provider.set(weights, if_revision, token)

    def ensure(self, provider: Provider, weights: Weights, *, check_mode: bool = False) -> dict[str, Any]:
        """One round of the module."""
        if provider.capabilities().writes == NOTHING and not check_mode:
            self.move(weights)
        want = WantedRouting(weights=weights, token="kit-ensure", wait=False)
        return SessionDestination(provider, SystemClock()).ensure(want, NullKeeper(), check_mode=check_mode)

    # Reading

    def test_a_reading_tells_weights_revision_and_evidence(self, start: Reading) -> None:
        assert set(start.weights) == set(self.slots)
        assert all(isinstance(weight, int) and weight >= 0 for weight in start.weights.values())
        assert isinstance(start.revision, str)
        assert start.revision
        assert start.evidence.text
        json.dumps([dict(start.evidence.details), dict(start.holds)])

    def test_a_second_reading_is_the_same(self, provider: Provider, start: Reading) -> None:
        again = provider.read()
        assert (again.weights, again.revision, again.token) == (start.weights, start.revision, start.token)

    def test_the_capabilities_are_known_words(self, provider: Provider) -> None:
        able = provider.capabilities()
        assert able.granularity in GRANULARITIES
        assert able.queue in QUEUES
        assert able.writes in WRITES
        assert able.endpoint_ttl_seconds >= 0

    # Writing

    def test_what_was_set_is_read_back(self, provider: Provider, start: Reading) -> None:
        revision = self.set(provider, self.there, start.revision, "kit-1")
        found = provider.read()
        assert dict(found.weights) == self.there
        assert found.revision == revision != start.revision

    def test_the_token_is_read_back(self, provider: Provider, start: Reading) -> None:
        _need_writes(provider)
        provider.set(self.there, start.revision, "kit-token")
        assert provider.read().token == "kit-token"

    def test_a_stale_revision_is_refused_and_changes_nothing(self, provider: Provider, start: Reading) -> None:
        _need_writes(provider)
        provider.set(self.there, start.revision, "kit-first")
        before = provider.read()
        with pytest.raises(Moved) as refusal:
            provider.set(dict(start.weights), start.revision, "kit-stale")
        assert provider.where in refusal.value.message or start.revision in refusal.value.message
        after = provider.read()
        assert (after.weights, after.revision, after.token) == (before.weights, before.revision, "kit-first")

    def test_without_a_revision_any_state_is_written_over(self, provider: Provider, start: Reading) -> None:
        _need_writes(provider)
        provider.set(self.there, start.revision, "kit-first")
        provider.set(dict(start.weights), None, "kit-over")
        assert (provider.read().weights, provider.read().token) == (start.weights, "kit-over")

    def test_a_share_is_set_or_refused_as_the_capabilities_say(self, provider: Provider) -> None:
        able = provider.capabilities()
        half = dict.fromkeys(self.slots, 50)
        if able.weighted and able.queue != PER_SLOT:
            self.ensure(provider, half)
            assert dict(provider.read().weights) == half
        else:
            with pytest.raises(BlueGreenError, match="all of the"):
                self.ensure(provider, half)

    def test_of_concurrent_writers_exactly_one_wins(self, provider: Provider, start: Reading) -> None:
        _need_writes(provider)
        together = Barrier(WRITERS)

        def write(number: int) -> str | None:
            together.wait()
            try:
                provider.set(self.there, start.revision, f"kit-{number}")
            except Moved:
                return None
            return f"kit-{number}"

        with ThreadPoolExecutor(WRITERS) as pool:
            won = [token for token in pool.map(write, range(WRITERS)) if token]
        if provider.capabilities().writes == CONDITIONAL:
            assert len(won) == 1
            assert provider.read().token == won[0]
        else:
            # The store has no condition: a loser's write may remain, but no one is told that two have won.
            assert len(won) <= 1
        assert dict(provider.read().weights) == self.there

    def test_both_slots_move_in_one_write_if_it_says_so(self, provider: Provider, start: Reading) -> None:
        if not provider.capabilities().atomic:
            pytest.skip("it says that it is not atomic")
        done = Event()

        def watch() -> list[Weights]:
            seen = []
            while not done.is_set():
                seen.append(dict(provider.read().weights))
            return seen

        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(watch)
            for number in range(FLIPS):
                provider.set(self.there if number % 2 == 0 else dict(start.weights), None, f"kit-{number}")
            done.set()
            assert all(weights in (self.there, dict(start.weights)) for weights in seen.result())

    def test_a_provider_that_writes_nothing_refuses_what_is_not_there(self, provider: Provider) -> None:
        if provider.capabilities().writes != NOTHING:
            pytest.skip("it writes")
        before = provider.read()
        with pytest.raises(BlueGreenError):
            provider.set(self.there, None, "kit")
        assert provider.read() == before

    # As the module uses it

    def test_a_second_round_writes_nothing(self, provider: Provider) -> None:
        self.ensure(provider, self.there)
        before = provider.read()
        assert not self.ensure(provider, self.there)["changed"]
        assert provider.read().revision == before.revision

    def test_check_mode_writes_nothing(self, provider: Provider, start: Reading) -> None:
        result = self.ensure(provider, self.there, check_mode=True)
        assert result["changed"] == (provider.capabilities().writes != NOTHING)
        assert provider.read().revision == start.revision

    @pytest.mark.parametrize("wrong", [0, -1])
    def test_weights_that_send_sessions_nowhere_are_refused(
        self, provider: Provider, start: Reading, wrong: int
    ) -> None:
        want = WantedRouting(weights=dict.fromkeys(self.slots, wrong), token="kit")
        with pytest.raises(BlueGreenError, match="nowhere"):
            SessionDestination(provider, SystemClock()).ensure(want, NullKeeper(), check_mode=False)
        assert provider.read().revision == start.revision

    def test_a_slot_that_is_left_out_is_refused_by_name(self, provider: Provider, start: Reading) -> None:
        want = WantedRouting(weights={self.slots[1]: 100}, token="kit")
        with pytest.raises(BlueGreenError) as refusal:
            SessionDestination(provider, SystemClock()).ensure(want, NullKeeper(), check_mode=False)
        assert self.slots[0] in refusal.value.message
        assert provider.where in refusal.value.message
        assert provider.read().revision == start.revision

    def test_a_move_is_followed_in_the_end(self, provider: Provider) -> None:
        self.set(provider, self.there, None, "kit")
        until = time.monotonic() + self.patience_seconds
        self.follow(provider)
        evidence = provider.read().evidence
        while not evidence.followed and time.monotonic() < until:
            time.sleep(0.2)
            evidence = provider.read().evidence
        assert evidence.followed, evidence.text

    # Queues

    def test_queues_are_told_opened_and_closed_or_not_there_at_all(self, provider: Provider) -> None:
        slot = self.slots[0]
        if provider.capabilities().queue == NO_QUEUE:
            verbs: Sequence[Callable[[str], object]] = (provider.queue, provider.open, provider.close)
            for verb in verbs:
                with pytest.raises(BlueGreenError):
                    verb(slot)
            return
        assert provider.queue(slot).is_open
        provider.close(slot)
        provider.close(slot)
        assert not provider.queue(slot).is_open
        assert provider.queue(self.slots[1]).is_open
        provider.open(slot)
        found = provider.queue(slot)
        assert found.is_open
        assert found.depth is None or found.depth >= 0
        assert found.oldest_seconds >= 0

    def test_a_queue_of_an_unknown_slot_is_refused(self, provider: Provider) -> None:
        with pytest.raises(BlueGreenError):
            provider.close("no-such-slot")

    def test_a_queue_does_not_move_the_weights(self, provider: Provider, start: Reading) -> None:
        if provider.capabilities().queue == NO_QUEUE:
            pytest.skip("it says that it has no queue")
        provider.close(self.slots[0])
        assert dict(provider.read().weights) == dict(start.weights)


def _need_writes(provider: Provider) -> None:
    if provider.capabilities().writes == NOTHING:
        pytest.skip("it says that it writes nothing")
