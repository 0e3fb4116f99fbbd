"""How the bot runs once it is built."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bot import bootstrap
from bot.bootstrap import Bot
from bot.observe.metrics import Metrics
from bot.run.worker import Wakeup, Worker
from bot.settings import Settings
from tests.integration.bolt import Bot as Listening
from tests.integration.bolt import watched


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """Let the search for garbage see everything again afterwards."""
    yield
    gc.unfreeze()


async def test_what_is_built_is_not_searched_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the bot listens, no request waits for a search through all that its start has made."""
    bot = Bot(Listening().app, Worker([], [], Wakeup(), Metrics().taken_over), watched())

    @asynccontextmanager
    async def connected(_: Settings, stop: asyncio.Event) -> AsyncIterator[Bot]:
        yield bot

    async def migrate(_: Settings) -> None:
        pass

    kept: list[int] = []

    async def listen(_: Bot, stop: asyncio.Event) -> None:
        kept.append(gc.get_freeze_count())

    monkeypatch.setattr(bootstrap, "connected", connected)
    monkeypatch.setattr(bootstrap, "migrate", migrate)
    some = len(gc.get_objects()) // 2
    await bootstrap._run(Settings.model_construct(), listen)
    assert kept[0] > some
