"""Give a request back that Slack did not take something of, to be tried again however long that lasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from bot.domain.errors import SlackError, SlackRefused
from bot.services.pacing import telling_gap
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.refused import noted


def _as_it_is(delivery: Delivery) -> Delivery:
    return delivery


class Later:
    """Puts a claimed request back after Slack's trouble."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    def due(self, claim: Claim, error: SlackError) -> datetime:
        """Return when something is tried again that Slack did not take: after a gap that grows."""
        return self._clock.now() + telling_gap(error, claim.attempts, self._random)

    async def __call__(
        self,
        claim: Claim,
        error: SlackError,
        change: Callable[[Delivery], Delivery] = _as_it_is,
        due: datetime | None = None,
    ) -> bool:
        """Give the request back, and keep what the error shows. Returns False: the work does not go on now.

        change: what else is stored about how far the request was shown. due: when it is tried again; None:
        after a gap that grows with the tries. Raises LostClaim.
        """
        now = self._clock.now()
        due = due or self.due(claim, error)
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            before = await tx.delivery(claim.request_id)
            after = change(noted(before, error, now) if isinstance(error, SlackRefused) else before)
            if after != before:
                await tx.deliver(claim.request_id, after)
            await tx.release(claim, due)
        return False
