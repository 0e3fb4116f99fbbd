"""Remove what is of no use any more: what deleted coupons held, and addresses for answers.

What happened stays in the audit for good.
"""

from __future__ import annotations

from datetime import timedelta

from bot.domain.event import Event, EventKind
from bot.services.ports.outside import Clock
from bot.services.ports.store import Store

# For so long Slack takes answers by the `response_url` of a command.
REPLIES_TAKEN_FOR = timedelta(minutes=30)


class ForgetReplyUrls:
    """Forgets the `response_url`s that Slack takes nothing by any more."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> None:
        """Forget them. Raises StoreUnavailable."""
        before = self._clock.now() - REPLIES_TAKEN_FOR
        async with self._store.transaction() as tx:
            await tx.forget_reply_urls(before)


class RemoveOldSnapshots:
    """Removes the snapshots that were stored longer ago than `kept_for`."""

    def __init__(self, store: Store, clock: Clock, kept_for: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._kept_for = kept_for

    async def __call__(self) -> None:
        """Remove them, with an audit event if there were any. Raises StoreUnavailable."""
        now = self._clock.now()
        before = now - self._kept_for
        async with self._store.transaction() as tx:
            removed = await tx.snapshots.remove_before(before)
            if removed:
                data = {"snapshots": removed, "kept_before": before.isoformat()}
                await tx.record(Event(kind=EventKind.SNAPSHOTS_REMOVED, at=now, data=data))
