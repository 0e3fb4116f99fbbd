"""Whether the audit chain holds, from its first event to its head."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from bot.domain.audit import EMPTY, Fault, Head, Link, advance, fits, judge, judge_end
from bot.services.ports.store import Trail


@dataclass(frozen=True)
class Verified:
    """How far the chain holds, and what is wrong there; fault None: all of it holds.

    last: the last event that holds. head: the stored one; None: it is gone.
    """

    sound: Head
    last: Link | None
    head: Head | None
    fault: Fault | None


async def verify(trail: Trail) -> Verified:
    """Go through the whole chain up to the first place where it does not hold. Raises StoreError."""
    sound, last, head = EMPTY, None, None
    async with aclosing(trail.pages()) as pages:
        async for page in pages:
            head = page.head
            for link in page.links:
                if not fits(sound, link, head):
                    around = await trail.around(sound, link)
                    return Verified(sound, last, head, judge(sound, link, head, around))
                sound, last = advance(sound, link), link
    return Verified(sound, last, head, judge_end(sound, head))
