"""End a request that could not even be shown, and tell its requester privately why."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.event import Event, EventKind, Notice
from bot.domain.request.request import FailureReason, Pending, Submitted, fail
from bot.services.ports.outside import Clock, Renderer
from bot.services.ports.store import Claim, Delivery, Store


class FailRequest:
    """Takes a request that nobody has seen to failed. Nothing was sent."""

    def __init__(self, store: Store, renderer: Renderer, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store = store
        self._renderer = renderer
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, claim: Claim, reason: FailureReason, detail: str) -> None:
        """Fail the claimed request. detail: what was observed. The private notice is stored with it."""
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            request = await tx.get(claim.request_id)
            if isinstance(request, Submitted | Pending):
                now = self._clock.now()
                failed = fail(request, reason, detail, now)
                # It goes with the end.
                reply_url = await tx.reply_url(failed.origin.id)
                await tx.save(failed)
                await tx.record(
                    Event(
                        kind=EventKind.REQUEST_FAILED,
                        at=now,
                        request=failed.origin.id,
                        data={"reason": reason, "detail": detail},
                    )
                )
                notice = Notice(
                    id=self._new_id(),
                    at=now,
                    person=failed.origin.requester.id,
                    channel=failed.origin.channel,
                    text=self._renderer.failure(failed),
                    reply_url=reply_url,
                )
                await tx.notify(notice)
                await tx.deliver(failed.origin.id, Delivery(drawn_version=failed.version, told=True))
            await tx.release(claim, None)
