"""Messages in Slack: in channels, in threads, and to one person; and what stands on a person's Home tab."""

from __future__ import annotations

from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.calls import Calls, measured
from bot.adapters.slack import files
from bot.adapters.slack.client import answered
from bot.adapters.slack.members import members
from bot.adapters.slack.replies import SlackReplies
from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import Notice
from bot.services.ports.outside import Blocks, File, Message

_PLAIN: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}


class SlackMessenger:
    """Sends messages; it implements the port `Messenger`.

    session: for `response_url`s, which need no token. calls: measures each. Every method raises
    SlackUnavailable if Slack gave no usable answer (the message may be there all the same), and SlackRefused
    if it said no.
    """

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, calls: Calls | None = None
    ) -> None:
        self._calls = calls or Calls()
        self._client = client
        self._session = session
        self._respond = SlackReplies(session, client.base_url)

    @measured("post")
    async def post(self, channel: str, message: Message) -> str:
        """Post a message and return its ts."""
        return await self._post(channel, message)

    async def _post(self, channel: str, message: Message) -> str:
        call = self._client.chat_postMessage(channel=channel, **_PLAIN, **_content(message))
        answer = await answered(call)
        if not isinstance(ts := answer.get("ts"), str):
            raise SlackUnavailable("Slack's answer lacks the message's ts")
        return ts

    @measured("update")
    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message, its blocks included."""
        await answered(self._client.chat_update(channel=channel, ts=ts, **_content(message)))

    @measured("reply")
    async def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        """Post into the thread of a message, and to the channel as well if broadcast."""
        call = self._client.chat_postMessage(
            channel=channel, thread_ts=ts, reply_broadcast=broadcast, **_PLAIN, **_content(message)
        )
        await answered(call)

    @measured("attach")
    async def attach(self, channel: str, ts: str, file: File) -> None:
        """Add a file to the thread of a message."""
        await files.attach(self._client, self._session, channel, ts, file)

    @measured("tell")
    async def tell(self, notice: Notice) -> None:
        """Tell one person privately.

        By the `response_url` of what they did, which works if the bot is no member; else where they are;
        else in a direct message.
        """
        if notice.reply_url and await self._respond(notice.reply_url, notice.text):
            return
        call = self._client.chat_postEphemeral(channel=notice.channel, user=notice.person, text=notice.text)
        try:
            await answered(call)
        except SlackRefused as there:
            try:
                await self._post(notice.person, Message(notice.text))
            except SlackRefused as error:
                raise SlackRefused(error.name, in_channel=there.name) from error

    @measured("members")
    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether someone is in a channel. In one of more than 10,000 people they may not be found.

        Raises SlackRefused, also if the scope for it is missing.
        """
        async for page in members(self._client, channel):
            if user in page:
                return True
        return False

    @measured("person")
    async def has_left(self, user: str) -> bool:
        """Tell whether Slack says that a person is deleted, or does not know them."""
        try:
            described = (await answered(self._client.users_info(user=user))).get("user")
        except SlackRefused as error:
            if error.name != "user_not_found":
                raise
            return True
        return isinstance(described, dict) and described.get("deleted") is True

    @measured("publish")
    async def publish(self, person: str, blocks: Blocks) -> None:
        """Replace what a person sees on their Home tab. It needs no scope."""
        view = {"type": "home", "blocks": [dict(block) for block in blocks]}
        await answered(self._client.views_publish(user_id=person, view=view))


def _content(message: Message) -> dict[str, Any]:
    # An update that has a text alone removes the blocks that were there.
    blocks = [dict(block) for block in message.blocks]
    return {"text": message.text, "blocks": blocks} if blocks else {"text": message.text}
