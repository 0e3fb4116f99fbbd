"""End a request that could not even be shown. Its requester is told privately why, as any outcome is told."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.errors import SlackRefused
from bot.domain.event import Event, EventKind
from bot.domain.request.request import FailureReason, Pending, Submitted, fail, is_untouched
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Store, Transaction
from bot.services.refused import noted


class FailRequest:
    """Takes a request that nobody has seen to failed. Nothing was sent."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, claim: Claim, reason: FailureReason, detail: str) -> bool:
        """Fail the claimed request, and give it back. detail: what was observed.

        Returns False, and changes nothing, if someone has clicked a card of it by now, which Slack has taken
        without the bot's knowledge: what they did stands, and they are told how it ends.
        """
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            request = await tx.get(claim.request_id)
            if isinstance(request, Pending) and await _was_shown(tx, request):
                return False
            if isinstance(request, Submitted | Pending):
                now = self._clock.now()
                failed = fail(request, reason, detail, now)
                await tx.save(failed)
                await tx.record(
                    Event(
                        kind=EventKind.REQUEST_FAILED,
                        at=now,
                        request=failed.origin.id,
                        data={"reason": reason, "detail": detail},
                    )
                )
                delivery = replace(await tx.delivery(failed.origin.id), drawn_version=failed.version)
                if reason is FailureReason.NO_CARD:
                    delivery = noted(delivery, SlackRefused(detail), now)
                await tx.deliver(failed.origin.id, delivery)
            await tx.release(claim, None)
        return True


async def _was_shown(tx: Transaction, request: Pending) -> bool:
    return not is_untouched(request) or (await tx.delivery(request.origin.id)).was_shown
