"""How long to wait before work is tried again."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bot.domain.errors import NoTurn, VivoldiUnavailable
from bot.services.pacing import backoff_after

_MANY = 9


def test_waiting_for_a_turn_does_not_grow() -> None:
    """A caller that found no call left is back within a second each time: half a minute would waste calls."""
    assert backoff_after(NoTurn("no call left"), _MANY, Random(1)) < timedelta(seconds=1)


def test_who_does_not_answer_is_asked_ever_more_rarely() -> None:
    """An outside system in trouble is spared."""
    assert backoff_after(VivoldiUnavailable("timed out"), _MANY, Random(1)) >= timedelta(seconds=15)


def test_a_wait_that_was_asked_for_is_kept() -> None:
    """Retry-After holds, also where it is longer than any wait of the bot's own."""
    error = VivoldiUnavailable("too many calls", retry_after=100)
    assert backoff_after(error, 1, Random(1)) == timedelta(seconds=100)
