"""What people see in Slack, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from sandbox.slack_client import LogEntry, Message, SlackControl
from tests.judge import sentences
from tests.scenario.playing import is_card, message_of
from tests.scenario.told import NO_CARD


class Watch:
    """The local Slack's log from some entry on. entries: how many there are so far."""

    def __init__(self, slack: SlackControl, since: int) -> None:
        self._slack = slack
        self._since = since
        self._grown = asyncio.Condition()
        self._cards: dict[str, list[Message]] = {}
        self._threads: set[str] = set()
        self._private: list[Message] = []
        self.entries = 0

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the log until the end of the block."""
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        async with aclosing(self._slack.stream(self._since)) as stream:
            async for entry in stream:
                self._see(entry)
                async with self._grown:
                    self._grown.notify_all()

    def _see(self, entry: LogEntry) -> None:
        self.entries += 1
        if entry.kind not in ("posted", "updated", "ephemeral"):
            return
        message = message_of(entry)
        if is_card(entry):
            self._cards.setdefault(message.ts, []).append(message)
        elif message.thread_ts:
            self._threads.add(message.thread_ts)
        else:
            self._private.append(message)

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds, at most so long; return whether it does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._grown:
                await self._grown.wait_for(holds)
        return holds()

    def cards(self, code: str) -> list[list[Message]]:
        """Return the versions of each card about a code, copies included, in their order."""
        return [versions for versions in self._cards.values() if versions[0].contains(code)]

    def live(self, codes: Sequence[str]) -> list[Message]:
        """Return the cards about any of these codes that can be used now, each request's newest one last."""
        return [
            versions[-1]
            for versions in self._cards.values()
            if _is_live(versions[-1]) and any(map(versions[0].contains, codes))
        ]

    def is_over(self, code: str) -> bool:
        """Return whether every request about a code, of which there is one, was told how it ended."""
        requests: dict[str, list[str]] = {}
        for versions in self.cards(code):
            requests.setdefault(sentences.request_of(list(versions[0].blocks)) or "", []).append(
                versions[0].ts
            )
        if not requests:
            return any(m.contains(NO_CARD) and m.contains(code) for m in self._private)
        privately = any(_names_an_outcome(message, code) for message in self._private)
        return privately or all(self._threads.intersection(copies) for copies in requests.values())


def _is_live(card: Message) -> bool:
    """Return whether a card has buttons that decide, other than what may stay after the end."""
    return any(not sentences.stays(button["action_id"]) for button in card.buttons())


def _names_an_outcome(message: Message, code: str) -> bool:
    """Return whether a private message tells how a request ended for a code."""
    return any(line.startswith("*") for line in sentences.told_lines(message.text, code))
