"""Stop an approved request: what was not sent by then is not sent any more."""

from __future__ import annotations

from datetime import datetime

from bot.domain.event import Event, EventKind
from bot.domain.item.deletion import AnyState, Changed, Item, NotSent, Waiting, is_final
from bot.domain.people import Person
from bot.domain.request.request import Approved, stop
from bot.services.ledger import outcome_of
from bot.services.ports import Place, Transaction


async def carry_out_stop(tx: Transaction, request: Approved, actor: Person, now: datetime) -> None:
    """Store the stop, with the outcome of each item that it ended as an audit event (I7).

    Whoever works on such an item loses the claim, so nothing that was read for it leads to a DELETE. What it
    held before an attempt that was proven not executed is not kept: the coupon is still there.
    """
    after = stop(request, actor, now)
    await tx.save(after)
    for position, (before, item) in enumerate(zip(request.items, after.items, strict=True)):
        if is_final(item.state) and item.state != before.state:
            await tx.snapshots.drop(Place(request.origin.id, position))
            outcome = outcome_of(item.state)
            await tx.record(
                Event(
                    kind=EventKind.ITEM_OUTCOME,
                    at=now,
                    request=request.origin.id,
                    code=item.code,
                    data=outcome,
                )
            )


def past_stopping(request: Approved) -> tuple[Item, ...]:
    """Return the items that a stop comes too late for: what was sent already, answered or not."""
    return tuple(item for item in request.items if _was_sent(item.state))


def _was_sent(state: AnyState) -> bool:
    match state:
        case Waiting(unanswered=unanswered):
            return unanswered > 0
        case Changed() | NotSent():
            return False
        case _:
            return True
