"""Remove what deleted coupons held once it is old. What happened stays in the audit for good."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.event import Event, EventKind
from bot.services.ports.outside import Clock
from bot.services.ports.store import Store


class RemoveOldSnapshots:
    """Removes the snapshots that were stored longer ago than `kept_for`."""

    def __init__(self, store: Store, clock: Clock, kept_for: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._kept_for = kept_for

    async def __call__(self) -> None:
        """Remove them, with an audit event where there were any. Raises StoreUnavailable."""
        now = self._clock.now()
        before = now - self._kept_for
        async with self._store.transaction() as tx:
            removed = await tx.snapshots.remove_before(before)
            if removed:
                data = {"snapshots": removed, "kept_before": before.isoformat()}
                await tx.record(Event(kind=EventKind.SNAPSHOTS_REMOVED, at=now, data=data))
