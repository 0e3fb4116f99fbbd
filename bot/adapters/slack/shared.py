"""Questions that several callers share, so that a burst of them costs one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
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


@dataclass(frozen=True)
class Told(Generic[Answer]):
    """An answer, and when it was asked for."""

    at: datetime
    answer: Answer


class SharedQuestion(Generic[Answer]):
    """One question about many subjects.

    put: asks it about a subject, told the time at which it is asked. kept: for how long an answer is shared.
    """

    def __init__(
        self,
        put: Callable[[str, datetime], Coroutine[Any, Any, Answer]],
        clock: Clock,
        kept: timedelta = _KEPT,
    ) -> None:
        self._put = put
        self._clock = clock
        self._kept = kept
        self._asked: dict[str, _Asked[Answer]] = {}

    async def answer(self, subject: str, since: datetime) -> Answer:
        """Return what `told` does, without the time."""
        return (await self.told(subject, since)).answer

    async def told(self, subject: str, since: datetime) -> Told[Answer]:
        """Return an answer asked for at or after `since` that is still shared; ask if there is none.

        Raises whatever asking raises; a failed answer is not kept. A caller that is cancelled leaves the
        question to the others.
        """
        now = self._clock.now()
        self._asked = {key: asked for key, asked in self._asked.items() if abs(now - asked.at) <= self._kept}
        asked = self._asked.get(subject)
        if asked is None or asked.at < since or _failed(asked.answer):
            asked = self._asked[subject] = _Asked(now, asyncio.create_task(self._put(subject, now)))
            # Looking at the outcome keeps asyncio from reporting a failure that every caller has stopped
            # waiting for.
            asked.answer.add_done_callback(_failed)
        return Told(asked.at, await asyncio.shield(asked.answer))


@dataclass(frozen=True)
class Question:
    """A question as it was put. turn: which came after which, also if the clock was set back between them."""

    turn: int
    at: datetime


class Memory(Generic[Answer]):
    """The newest answer about each subject, as long as it is not too old.

    An answer that comes late never takes the place of one to a newer question.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = 0
        self._put: dict[str, int] = {}
        self._answers: dict[str, tuple[Question, Answer]] = {}

    def question(self, subject: str, now: datetime) -> Question:
        """Return the question that is about to be put."""
        self._turn += 1
        self._put[subject] = self._turn
        return Question(self._turn, now)

    def learn(self, subject: str, question: Question, answer: Answer) -> None:
        """Keep an answer, unless a newer question is answered already."""
        known = self._answers.get(subject)
        if known is None or known[0].turn < question.turn:
            self._answers[subject] = question, answer

    def known(self, within: timedelta) -> Mapping[str, Answer]:
        """Return what is known of every subject; what was asked longer ago than `within` is not."""
        now = self._clock.now()
        return {
            subject: answer
            for subject, (question, answer) in self._answers.items()
            if abs(now - question.at) <= within
        }

    def last_put(self, subject: str) -> int:
        """Return the turn of the last question about a subject, answered or not; 0: there was none."""
        return self._put.get(subject, 0)

    def forget(self, kept: Collection[str]) -> None:
        """Forget all but these subjects."""
        self._put = {subject: turn for subject, turn in self._put.items() if subject in kept}
        self._answers = {subject: known for subject, known in self._answers.items() if subject in kept}


def _failed(task: asyncio.Task[Answer]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
