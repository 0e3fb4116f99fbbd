"""The same town with its Slack and its Vivoldi as servers, which the bot's own clients reach over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.slack import web_session
from bot.adapters.slack.client import PostingClient
from bot.adapters.vivoldi import RateLimit, VivoldiClient
from bot.domain.coupon import CouponCode, Reading, Sealed
from bot.domain.item.answer import DeleteAnswer
from bot.domain.item.restore import Held, Unusable
from bot.services.ports.outside import Coupons, Still
from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.slack.server import LocalSlack
from sandbox.slack_client import SlackControl
from sandbox.vivoldi.faults import Fault
from sandbox.vivoldi.server import DEFAULT_API_KEY, LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl
from tests.chaos.boundaries import CREATE, DELETE, Boundaries
from tests.chaos.instance import Instance, Way
from tests.chaos.outside import SEAL
from tests.chaos.town import Town


class _Slack(PostingClient):
    """The bot's client, each call of which is a boundary."""

    def __init__(self, url: str, session: aiohttp.ClientSession, boundaries: Boundaries) -> None:
        super().__init__(token="xoxb-local", base_url=url, timeout=10, session=session, retry_handlers=[])
        self.proxy = None
        self._boundaries = boundaries

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        """Make one call."""
        async with self._boundaries.crossing(f"slack.{api_method}"):
            return await super().api_call(api_method, **call)


class _Vivoldi:
    """The bot's client, each call of which is a boundary."""

    def __init__(self, client: VivoldiClient, boundaries: Boundaries) -> None:
        self._client = client
        self._boundaries = boundaries

    async def read(self, code: CouponCode) -> Reading:
        """Read a coupon."""
        async with self._boundaries.crossing("vivoldi.read"):
            return await self._client.read(code)

    async def reserve(self) -> None:
        """Take a place in the rate limit."""
        await self._client.reserve()

    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Send DELETE."""
        async with self._boundaries.crossing(DELETE):
            return await self._client.delete(code, still)

    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Set the expiry date."""
        async with self._boundaries.crossing("vivoldi.update"):
            return await self._client.end_on(code, day, still)

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Open a sealed snapshot."""
        return self._client.held(code, sealed)

    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Create a coupon again."""
        async with self._boundaries.crossing(CREATE):
            return await self._client.create(code, sealed, still)


class ServedTown(Town):
    """A town on two servers."""

    def __init__(self, url: str, slack: LocalSlack, vivoldi: LocalVivoldi) -> None:
        super().__init__(url, slack.world, vivoldi.world)
        self._slack_url = slack.api_url
        self._vivoldi_url = vivoldi.url
        self._slack_control = SlackControl(slack.control_url)
        self._vivoldi_control = VivoldiControl(vivoldi.control_url)

    async def close(self) -> None:
        """Close every connection of the town's own."""
        async with self._slack_control, self._vivoldi_control:
            await super().close()

    @asynccontextmanager
    async def connect(
        self, instance: Instance
    ) -> AsyncIterator[tuple[Coupons, AsyncWebClient, aiohttp.ClientSession]]:
        """Connect a process over HTTP."""
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(web_session())
            client = await stack.enter_async_context(
                VivoldiClient(
                    base_url=self._vivoldi_url,
                    api_key=DEFAULT_API_KEY,
                    user_agent=instance.name,
                    language="en",
                    timeout=10.0,
                    rate=RateLimit(10_000),
                    seal=SEAL.close,
                    unseal=SEAL.open,
                )
            )
            slack = _Slack(self._slack_url, session, instance.boundaries)
            yield _Vivoldi(client, instance.boundaries), slack, session

    async def vivoldi_fault(self, fault: Fault) -> None:
        """Arm a fault at the server."""
        given = fault.model_dump(exclude_none=True)
        await self._vivoldi_control.fault(given.pop("kind"), **given)

    async def slack_fault(self, fault: SlackFault) -> None:
        """Arm a fault at the server."""
        given = asdict(fault)
        await self._slack_control.fault(given.pop("method"), given.pop("kind"), **given)


@asynccontextmanager
async def served(url: str) -> AsyncIterator[tuple[Town, Way]]:
    """Open a town on two servers."""
    async with LocalSlack() as slack, LocalVivoldi() as vivoldi:
        town = ServedTown(url, slack, vivoldi)
        try:
            yield town, town
        finally:
            await town.close()
