"""One process of the bot: the services as the bot connects them, without its loop and without real time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import Directory, SlackChannels, SlackMessenger
from bot.adapters.store import SqlStore
from bot.domain.errors import LostClaim, SlackError, StoreError
from bot.domain.policy import Policy
from bot.run.worker import KEEP_EVERY, Lane
from bot.services.ports.outside import Coupons
from bot.settings import Settings
from bot.wiring import Services
from handlers.payloads.buttons import CardButton
from handlers.payloads.commands import Command
from handlers.render.answers import Answers
from handlers.render.card import Cards
from handlers.render.home import HomeBlocks
from sandbox.slack.world import TEAM_ID
from tests.chaos.boundaries import Boundaries, BoundStore
from tests.chaos.journal import Clock

_WORKSPACE = "https://guard.slack.com/"
_REFRESH_EVERY = timedelta(minutes=1)


class Way(Protocol):
    """How a process reaches Slack and Vivoldi."""

    def connect(
        self, instance: Instance
    ) -> contextlib.AbstractAsyncContextManager[tuple[Coupons, AsyncWebClient, aiohttp.ClientSession]]:
        """Return the connections of one process."""


class Instance:
    """A running bot. Every method raises Crash where its boundaries say so; then it is dead.

    name: tells it from other processes. claims: what it works on now, each with the lane that it is from.
    """

    def __init__(
        self, name: str, url: str, settings: Settings, policy: Policy, clock: Clock, boundaries: Boundaries
    ) -> None:
        self.name = name
        self.clock = clock
        self.boundaries = boundaries
        self.claims: list[tuple[Lane[Any], Any]] = []
        self._url = url
        self._settings = settings
        self._policy = policy
        self._refreshed: datetime | None = None

    @asynccontextmanager
    async def running(self, way: Way) -> AsyncIterator[None]:
        """Start it on its database, and close its connections afterwards, dead or alive."""
        async with AsyncExitStack() as stack:
            coupons, client, session = await stack.enter_async_context(way.connect(self))
            inner = await stack.enter_async_context(SqlStore(self._url, self.clock, lambda _: None))
            grants = self._policy.approvers | self._policy.final_approvers
            self._directory = Directory(client, self.clock, TEAM_ID, grants)
            store, messenger = BoundStore(inner, self.boundaries), SlackMessenger(client, session)
            services = Services(
                store,
                coupons,
                self._directory,
                SlackChannels(client, self.clock),
                messenger,
                Cards(),
                self._policy,
                self.clock,
                inner.homes,
                HomeBlocks(_WORKSPACE),
            )
            self._submit = services.submit(TEAM_ID)
            self._decide = services.decide(TEAM_ID, self._settings)
            self._answers = Answers(_WORKSPACE)
            self._lanes = services.lanes(self._settings)
            yield

    # ------------------------------------------------------------ what a listener does

    async def command(self, payload: dict[str, Any]) -> str:
        """Carry out a command, and return what is answered."""
        await self._refresh()
        return self._answers.text(await self._submit(Command.read(payload).command()))

    async def click(self, payload: dict[str, Any]) -> None:
        """Carry out a click."""
        await self._refresh()
        await self._decide(CardButton.read(payload).click())

    # ------------------------------------------------------------ what the worker does

    async def work(self) -> bool:
        """Do one piece of work that is due. Returns whether there was any."""
        await self._refresh()
        for lane in self._lanes:
            if await self._work(lane):
                return True
        return False

    async def _work(self, lane: Lane[Any]) -> bool:
        claim = await lane.claim()
        if claim is None:
            return False
        self.claims.append((lane, claim))
        try:
            await self._done(lane, claim)
        finally:
            self.claims.remove((lane, claim))
        return True

    async def _done(self, lane: Lane[Any], claim: Any) -> None:
        """Do the work as the worker does. Any error that it would only log is raised, for it is a defect."""
        try:
            await lane.work(claim)
        except LostClaim:
            return
        except (StoreError, SlackError):
            await lane.give_back(claim)

    async def wait(self, seconds: float) -> None:
        """Wait, alive, so that leases are kept up meanwhile."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while (left := end - self.clock.now()) > timedelta():
            self.clock.time += min(left, KEEP_EVERY)
            await self.keep()

    async def keep(self) -> None:
        """Keep up the leases of what it works on."""
        for lane, claim in list(self.claims):
            with contextlib.suppress(LostClaim):
                await lane.keep(claim)

    async def _refresh(self) -> None:
        """Ask who is who, once a minute as the worker does."""
        now = self.clock.now()
        if self._refreshed is None or now - self._refreshed >= _REFRESH_EVERY:
            self._refreshed = now
            with contextlib.suppress(SlackError):
                await self._directory.refresh()
