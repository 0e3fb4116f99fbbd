"""The one place from which something leaves that changes a coupon: a DELETE, a creation, an expiry date.

That it is sent was committed before, and a connection is made after. Both take time, so whatever has to be
fresh when it leaves is looked at once, when the connection is there and before its first byte is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.coupon import CouponCode, Sealed
from bot.domain.item.answer import DeleteAnswer
from bot.services.ports.outside import Clock, Coupons, Still

# What was read longer ago than this is no ground to send on: the process was frozen, or the others were slow.
# It is well within a lease, which is renewed after the read.
SEND_WITHIN = timedelta(seconds=3)


@dataclass(frozen=True)
class Basis:
    """What something is sent on. read_at: when the read before it was answered.

    until: when it is too late to send on it, for whatever reason.
    """

    read_at: datetime
    until: datetime


def basis(read_at: datetime, *ends: datetime) -> Basis:
    """Return what something is sent on. ends: what it may not outlast besides the read's age."""
    return Basis(read_at, min((read_at + SEND_WITHIN, *ends)))


class Sender:
    """Sends, if it is not too late for that; nothing else in the services does."""

    def __init__(self, coupons: Coupons, clock: Clock) -> None:
        self._coupons = coupons
        self._clock = clock

    async def delete(self, code: CouponCode, on: Basis) -> DeleteAnswer:
        """Send a DELETE, and return what the answer proves. It is NotExecuted if it was too late."""
        return await self._coupons.delete(code, self._still(on))

    async def create(self, code: CouponCode, sealed: Sealed, on: Basis) -> DeleteAnswer:
        """Send a creation, and return what the answer proves. It is NotExecuted if it was too late."""
        return await self._coupons.create(code, sealed, self._still(on))

    async def end_on(self, code: CouponCode, day: str, on: Basis) -> DeleteAnswer:
        """Send an expiry date, and return what the answer proves. It is NotExecuted if it was too late."""
        return await self._coupons.end_on(code, day, self._still(on))

    def _still(self, on: Basis) -> Still:
        def still() -> bool:
            # Should the clock have been set back since the read, nobody knows how old that is.
            return on.read_at <= self._clock.now() < on.until

        return still
