"""Dialogs (Slack calls them modals) that open for a person who has clicked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.calls import Calls, measured
from bot.adapters.slack.client import answered
from bot.domain.errors import SlackUnavailable

# Slack waits 3 s for the answer to the click, and no longer does the trigger last.
_TIMEOUT = 1.0


class SlackDialogs:
    """Opens dialogs; it implements the port `Dialogs`."""

    def __init__(self, client: AsyncWebClient, calls: Calls | None = None) -> None:
        self._calls = calls or Calls()
        self._client = client

    @measured("open")
    async def open(self, trigger: str, view: Mapping[str, object]) -> None:
        """Open a dialog for who clicked, within 1 s. Raises SlackUnavailable or SlackRefused."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                await answered(self._client.views_open(trigger_id=trigger, view=dict(view)))
        except TimeoutError as error:
            raise SlackUnavailable("Slack did not open the dialog in time") from error
