"""Questions that several callers share, so that a burst of them costs one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from bot.services.ports.outside import Clock

Answer = TypeVar("Answer")

_KEPT = timedelta(seconds=30)


@dataclass(frozen=True)
class _Asked(Generic[Answer]):
    at: datetime
    answer: asyncio.Task[Answer]


class SharedQuestion(Generic[Answer]):
    """One question about many subjects. put: asks it about a subject, told the time at which it is asked."""

    def __init__(self, put: Callable[[str, datetime], Coroutine[Any, Any, Answer]], clock: Clock) -> None:
        self._put = put
        self._clock = clock
        self._asked: dict[str, _Asked[Answer]] = {}

    async def answer(self, subject: str, since: datetime) -> Answer:
        """Return an answer that was asked for at or after `since` and at most 30 s ago; ask if there is none.

        Raises whatever asking raises; a failed answer is not kept. A caller that is cancelled leaves the
        question to the others.
        """
        now = self._clock.now()
        self._asked = {key: asked for key, asked in self._asked.items() if abs(now - asked.at) <= _KEPT}
        asked = self._asked.get(subject)
        if asked is None or asked.at < since or _failed(asked.answer):
            asked = self._asked[subject] = _Asked(now, asyncio.create_task(self._put(subject, now)))
            # Looking at the outcome keeps asyncio from reporting a failure that every caller has stopped
            # waiting for.
            asked.answer.add_done_callback(_failed)
        return await asyncio.shield(asked.answer)


def _failed(task: asyncio.Task[Answer]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
