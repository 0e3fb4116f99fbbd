"""The event of an opened Home."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services.home import OpenHome
from handlers.ids import HOME_OPENED
from handlers.payloads.home import HomeOpened


def register(app: AsyncApp, open_home: OpenHome) -> None:
    """Connect the event to its service."""

    @app.event(HOME_OPENED)
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (opening := HomeOpened.read(body).opening()) is not None:
            await open_home(opening)
        await ack()
