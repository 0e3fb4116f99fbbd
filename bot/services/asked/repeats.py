"""Refusals that come again and again: recorded and told once a minute, and counted (decision record 21).

So nobody fills the audit by clicking or typing, and it has each refusal all the same: as itself, or in a
count (I7). Commands that opened nothing, refused or not, are counted in the same way.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from bot.domain.event import Event, EventKind
from bot.domain.people import Person
from bot.services.ports.outside import Clock
from bot.services.ports.store import Clicked, Refusal, Repeated, Store, Transaction, Typed

# The same refusal of the same person is recorded and told once in so long; what comes after it is counted.
REPEATS_WITHIN = timedelta(minutes=1)

# So many different texts of one person, answered alike, are recorded within a minute.
_TEXTS = 16


async def is_repeated(tx: Transaction, refusal: Refusal | None, now: datetime) -> bool:
    """Tell whether the same was refused a moment ago; then it is counted. None: nothing was refused."""
    return refusal is not None and await tx.is_repeated(refusal, now, now + REPEATS_WITHIN)


def of_command(person: Person, answer: str, text: str) -> Refusal:
    """Return a command that opened nothing, as one that may be repeated. answer: its name in the audit."""
    return Refusal(person, None, answer, Typed(zlib.crc32(text.encode()) % _TEXTS))


class CountRefusals:
    """Records how often refusals were repeated after the one that was recorded, so that none is lost (I7)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> None:
        """Record all that are over, an event for each that came again. Raises StoreUnavailable."""
        now, left = self._clock.now(), True
        while left:
            async with self._store.transaction() as tx:
                over = await tx.repeated(now)
                for event in filter(None, (_counted(each, now) for each in over)):
                    await tx.record(event)
            left = bool(over)


def _counted(repeated: Repeated, now: datetime) -> Event | None:
    """Return the event that says how often something was repeated; None: it was not, or is not recorded."""
    refusal = repeated.refusal
    if not repeated.times or refusal.what is None:
        return None
    if isinstance(refusal.what, Clicked):
        kind = EventKind.DECISION_REFUSED
        clicked = {"action": refusal.what.action, "version": refusal.what.version}
        data: dict[str, object] = {**clicked, "verdict": refusal.verdict}
    else:
        kind, data = kind_of(refusal.verdict), {"answer": refusal.verdict}
    data["repeats"] = repeated.times
    return Event(kind=kind, at=now, request=refusal.request_id, actor=refusal.person, data=data)


# The answers to commands that asked for nothing but an answer.
_LOOKED = frozenset({"usage", "listing", "history", "form"})


def kind_of(answer: str) -> EventKind:
    """Return what a command was that was answered so. answer: its name in the audit."""
    return EventKind.COMMAND if answer in _LOOKED else EventKind.COMMAND_REFUSED
