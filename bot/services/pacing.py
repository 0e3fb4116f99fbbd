"""When work is done: gaps before it is tried again, and room for small requests beside large ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random

from bot.domain.errors import NoTurn, SlackError, SlackRefused
from bot.domain.item.deletion import Waiting
from bot.domain.rate import Bulk, Plan
from bot.domain.request.request import Approved
from bot.services.ports.store import Store

# Of the places of a lane, so that slow calls leave some to others.
_AT_ONCE = 4


class Many:
    """The places of one lane that requests of many codes may take."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._taken = 0

    @asynccontextmanager
    async def place(self, bulk: Bulk | None) -> AsyncIterator[bool]:
        """Keep a place until the block ends. Yields whether there is one, which a small request always has.

        There is none if the calls are used up that requests of many codes may make together, or if
        enough of their work is under way. Raises StoreUnavailable.
        """
        if bulk is None:
            yield True
        elif self._taken >= _AT_ONCE or not await self._store.has_room(self._plan):
            yield False
        else:
            self._taken += 1
            try:
                yield True
            finally:
                self._taken -= 1


def behind_the_others(request: Approved, bulk: Bulk, now: datetime) -> datetime:
    """Return when an item is due again that found no place: after all that still wait, at their pace."""
    waiting = sum(isinstance(item.state, Waiting) for item in request.items)
    return min(now + waiting * bulk.every, request.execute_by)


_FIRST = 0.5
_LONGEST = 30.0
_LONGEST_REFUSED = 3600.0
_TRIES_LEFT = 5


def backoff(
    attempts: int, random: Random, retry_after: float | None = None, longest: float = _LONGEST
) -> timedelta:
    """Return the wait before the next try: exponential with jitter, from about 0.5 s up to 30 s.

    attempts: tries that were made, from 1. retry_after: seconds that the other side asked for, which are
    always waited. longest: seconds, if it is not 30.
    """
    longest = min(longest, _FIRST * 2 ** min(attempts - 1, 13))
    return timedelta(seconds=max(random.uniform(longest / 2, longest), retry_after or 0.0))


def backoff_after(error: Exception, attempts: int, random: Random) -> timedelta:
    """Return the wait before the next try after an error.

    If nobody was asked, nobody has to be spared: it is a short one then, however many tries there were.
    """
    return backoff(1 if isinstance(error, NoTurn) else attempts, random, getattr(error, "retry_after", None))


def telling_gap(error: SlackError, attempts: int, random: Random) -> timedelta:
    """Return the wait before Slack is given again what it did not take.

    A refusal may last until someone mends it, so the gaps grow to an hour: people hear of it at most about
    as much later as the trouble lasted. If Slack gave no answer, it is tried again within 30 s.
    """
    longest = _LONGEST_REFUSED if isinstance(error, SlackRefused) else _LONGEST
    return backoff(attempts, random, getattr(error, "retry_after", None), longest)


def is_hopeless(attempts: int, now: datetime, deadline: datetime) -> bool:
    """Tell whether work that has to end by a deadline is not worth another try.

    Past the deadline a few tries are left, since a bot that was stopped meanwhile deserves one. They run out
    if something fails in a way that nobody foresaw, so that people are told all the same.
    """
    return now >= deadline and attempts > _TRIES_LEFT


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Return the seconds from one time to a later one, as audit events keep them: to the millisecond."""
    return round((later - earlier).total_seconds(), 3)
