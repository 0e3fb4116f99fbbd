"""Deliver private notices: why a click was refused, why a request could not be shown."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.services.ports import Clock, Messenger, NoticeClaim, Store
from bot.services.timing import backoff

# A sentence about a click is of no use to anyone much later.
_WORTH_TELLING_FOR = timedelta(minutes=30)


class DeliverNotice:
    """Tells one person privately what is stored for them. At worst they read it twice."""

    def __init__(self, store: Store, messenger: Messenger, clock: Clock, random: Random) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._random = random

    async def __call__(self, claim: NoticeClaim) -> None:
        """Deliver a claimed notice, or put it back until Slack can be reached."""
        try:
            await self._messenger.tell(claim.notice)
        except SlackUnavailable as error:
            due = self._clock.now() + backoff(claim.attempts, self._random, error.retry_after)
            if due < claim.notice.at + _WORTH_TELLING_FOR:
                await self._store.finish_notice(claim, due)
                return
        except SlackRefused:
            # Nobody is there to be told: the person left, or every way to them is closed. The audit has it.
            pass
        await self._store.finish_notice(claim, None)
