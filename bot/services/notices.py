"""Deliver private notices: why a click was refused, how a request ended that its channel can't be told."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.services.pacing import backoff
from bot.services.ports.outside import Clock, Messenger
from bot.services.ports.store import NoticeClaim, Store
from bot.services.requests.card import OPERATORS_MATTER

# A sentence about what someone just did is of no use to them much later: it lasts as long as its reply_url.
_WORTH_TELLING_FOR = timedelta(minutes=30)
# A refusal may be about a moment: what may be all that someone hears of an end is tried again.
_TRIES = 3


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
            await self._later(claim, error.retry_after)
        except SlackRefused as error:
            if error.name in OPERATORS_MATTER or claim.attempts < _TRIES:
                await self._later(claim, None)
                return
            # Nobody is there to be told: the person left, or every way to them is closed. The audit has it.
            await self._store.finish_notice(claim, None)
        else:
            await self._store.finish_notice(claim, None)

    async def _later(self, claim: NoticeClaim, retry_after: float | None) -> None:
        """Put a notice back; an outcome, which answers nobody's click, is kept until it can be told (I5)."""
        due = self._clock.now() + backoff(claim.attempts, self._random, retry_after)
        outcome = claim.notice.reply_url is None
        worth = outcome or due < claim.notice.at + _WORTH_TELLING_FOR
        await self._store.finish_notice(claim, due if worth else None)
