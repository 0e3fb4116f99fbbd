"""Deliver private notices: answers to what someone clicked."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.services.pacing import telling_gap
from bot.services.ports.outside import Clock, Messenger
from bot.services.ports.store import NoticeClaim, Store

# A sentence about what someone just did is of no use to them much later: it lasts as long as its reply_url.
_WORTH_TELLING_FOR = timedelta(minutes=30)


class DeliverNotice:
    """Tells one person privately what is stored for them. At worst they read it twice."""

    def __init__(self, store: Store, messenger: Messenger, clock: Clock, random: Random) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._random = random

    async def __call__(self, claim: NoticeClaim) -> None:
        """Deliver a claimed notice, or put it back until Slack takes it."""
        try:
            await self._messenger.tell(claim.notice)
        except (SlackUnavailable, SlackRefused) as error:
            await self._later(claim, error)
        else:
            await self._store.finish_notice(claim, None)

    async def _later(self, claim: NoticeClaim, error: SlackError) -> None:
        """Put a notice back; an outcome, which answers nobody's click, is kept until it can be told (I5)."""
        due = self._clock.now() + telling_gap(error, claim.attempts, self._random)
        worth = claim.notice.outcome or due < claim.notice.at + _WORTH_TELLING_FOR
        await self._store.finish_notice(claim, due if worth else None)
