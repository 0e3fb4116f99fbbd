"""The work on one claimed item: whatever its stored state asks for, until it is done or has to wait.

Every step ends in a commit before the next one begins, so the process can be killed anywhere (I5).
"""

from __future__ import annotations

from bot.domain.item.deletion import Deleted, Item, Sending, Unknown, Waiting
from bot.domain.item.freeze import Underway
from bot.domain.request.freeze import comes_first
from bot.domain.request.request import Approved
from bot.services.items.deletion import Execute, Reconcile
from bot.services.items.freeze import FreezeCoupon
from bot.services.items.ledger import Ledger
from bot.services.items.restore import Restore
from bot.services.pacing import Many, behind_the_others
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim


class WorkOnItem:
    """Carries a claimed item on, step by step."""

    def __init__(
        self,
        ledger: Ledger,
        execute: Execute,
        reconcile: Reconcile,
        freeze: FreezeCoupon,
        restore: Restore,
        many: Many,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._execute = execute
        self._reconcile = reconcile
        self._freeze = freeze
        self._restore = restore
        self._many = many
        self._clock = clock

    async def __call__(self, claim: Claim) -> None:
        """Bring the claimed item as far as it goes now.

        Raises LostClaim if the lease ran out meanwhile, and StoreUnavailable; neither loses anything.
        """
        while await self._step(claim):
            pass

    async def _step(self, claim: Claim) -> bool:
        found = await self._ledger.look(claim)
        item = found.item
        if found.has_deletion and item.draft is not None:
            return await self._restore(claim, found.approved, item, item.draft)
        underway = item.freeze if isinstance(item.freeze, Underway) else None
        # A deletion that was never sent waits for a freeze under way, a minute at most.
        if underway is not None and (comes_first(item) or not found.has_deletion):
            return await self._freeze(claim, found.request, item, underway)
        if found.has_deletion:
            return await self._delete(claim, found.approved, item)
        raise AssertionError(f"{claim.label} has nothing left to do, so it can't be claimed")

    async def _delete(self, claim: Claim, request: Approved, item: Item) -> bool:
        match item.state:
            case Waiting() as waiting:
                return await self._in_turn(claim, request, item, waiting)
            case Sending() as sending:
                # Only a lease that ran out brings such an item here.
                return await self._reconcile.lost(claim, sending)
            case Unknown() as unknown:
                return await self._reconcile.settle(claim, request, item, unknown)
            case Deleted() as deleted:
                return await self._reconcile.confirm(claim, item, deleted)
            case final:
                raise AssertionError(f"{final} is an end, so it can't be claimed")

    async def _in_turn(self, claim: Claim, request: Approved, item: Item, waiting: Waiting) -> bool:
        bulk, now = request.origin.bulk, self._clock.now()
        async with self._many.place(bulk) as free:
            if bulk is None or free or request.stopped is not None or now >= request.execute_by:
                return await self._execute(claim, request, item, waiting)
        return await self._ledger.put_back(claim, behind_the_others(request, bulk, now))
