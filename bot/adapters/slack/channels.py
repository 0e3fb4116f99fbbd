"""Who can read which channel: everyone a public one, its members a private one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import answered
from bot.adapters.slack.members import members
from bot.adapters.slack.shared import SharedQuestion
from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.services.ports.outside import Clock

_KEPT = timedelta(minutes=1)
_PATIENCE = 0.7  # seconds: a command has to be answered within 3 s, and may wait for other answers too
_AT_ONCE = 5  # calls
_EVER = datetime.min.replace(tzinfo=UTC)

# None: everyone in the workspace.
_Readers = frozenset[str] | None
_NOBODY: _Readers = frozenset()


class SlackChannels:
    """A memory of who can read what, a minute long; it implements the port `Channels`.

    It needs the scopes `channels:read` and `groups:read`, and of private channels it sees those alone that
    the bot is in. What it can't see counts as private, with nobody in it. patience: for how many seconds an
    answer is waited for.
    """

    def __init__(self, client: AsyncWebClient, clock: Clock, patience: float = _PATIENCE) -> None:
        self._client = client
        self._patience = patience
        self._readers = SharedQuestion(self._ask, clock, _KEPT)
        self._calls = asyncio.Semaphore(_AT_ONCE)

    async def open_to(self, person: str | None, channels: Collection[str]) -> frozenset[str]:
        """Return those of the channels that a person can read, as far as that is known in time.

        person: None: everyone in the workspace.
        """
        asked = {
            channel: asyncio.create_task(self._readers.answer(channel, _EVER)) for channel in sorted(channels)
        }
        if asked:
            _, late = await asyncio.wait(asked.values(), timeout=self._patience)
            for task in late:
                # Only the waiting ends: the question goes on, for the next who asks.
                task.cancel()
            await asyncio.wait(asked.values())
        return frozenset(channel for channel, task in asked.items() if _can_read(person, task))

    async def _ask(self, channel: str, _now: datetime) -> _Readers:
        """Return who can read a channel. Raises SlackUnavailable."""
        async with self._calls:
            try:
                info = (await answered(self._client.conversations_info(channel=channel))).get("channel")
                return None if _is_public(channel, info) else await self._members(channel)
            except SlackRefused:
                # The scope is missing, or the bot is not in there: that will not be different in a moment.
                return _NOBODY

    async def _members(self, channel: str) -> _Readers:
        return frozenset[str]().union(*[page async for page in members(self._client, channel)])


def _is_public(channel: str, info: object) -> bool:
    """Tell whether Slack says of a channel, in so many words, that it is not private."""
    if not isinstance(info, dict) or info.get("id") != channel:
        return False
    return info.get("is_private") is False and not (info.get("is_im") or info.get("is_mpim"))


def _can_read(person: str | None, asked: asyncio.Task[_Readers]) -> bool:
    if asked.cancelled():
        return False
    try:
        readers = asked.result()
    except SlackUnavailable:
        return False
    return readers is None or person in readers
