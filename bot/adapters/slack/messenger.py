"""Messages in Slack: in channels, in threads, and to one person; and what stands on a person's Home tab."""

from __future__ import annotations

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import files
from bot.adapters.slack.client import ask, send
from bot.adapters.slack.replies import SlackReplies
from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import Notice
from bot.services.ports.outside import Blocks, File, Message

_PLAIN = {"unfurl_links": False, "unfurl_media": False}
# Of a channel's members, up to 10,000 are looked at: more would cost more calls than the answer is worth.
_PAGE = 1000
_MOST_PAGES = 10


class SlackMessenger:
    """Sends messages; it implements the port `Messenger`.

    session: for `response_url`s, which need no token. Every method raises SlackUnavailable where Slack gave
    no usable answer (the message may be there all the same), and SlackRefused where it said no.
    """

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session
        self._respond = SlackReplies(session, client.base_url)

    async def post(self, channel: str, message: Message) -> str:
        """Post a message and return its ts."""
        answer = await send(
            self._client, "chat.postMessage", {"channel": channel, **_PLAIN, **_content(message)}
        )
        if not isinstance(ts := answer.get("ts"), str):
            raise SlackUnavailable("Slack's answer lacks the message's ts")
        return ts

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message, its blocks included."""
        await send(self._client, "chat.update", {"channel": channel, "ts": ts, **_content(message)})

    async def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        """Post into the thread of a message, and to the channel as well where broadcast."""
        thread = {"channel": channel, "thread_ts": ts, "reply_broadcast": broadcast}
        await send(self._client, "chat.postMessage", {**thread, **_PLAIN, **_content(message)})

    async def attach(self, channel: str, ts: str, file: File) -> None:
        """Add a file to the thread of a message."""
        await files.attach(self._client, self._session, channel, ts, file)

    async def tell(self, notice: Notice) -> None:
        """Tell one person privately.

        By the `response_url` of what they did, which works where the bot is no member; else where they are;
        else in a direct message.
        """
        if notice.reply_url and await self._respond(notice.reply_url, notice.text):
            return
        place = {"channel": notice.channel, "user": notice.person}
        try:
            await send(self._client, "chat.postEphemeral", {**place, "text": notice.text})
        except SlackRefused as there:
            try:
                await self.post(notice.person, Message(notice.text))
            except SlackRefused as error:
                raise SlackRefused(error.name, in_channel=there.name) from error

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether someone is in a channel. In one of more than 10,000 people they may not be found.

        Raises SlackRefused, also where the scope for it is missing.
        """
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = {"channel": channel, "limit": _PAGE, **({"cursor": cursor} if cursor else {})}
            answer = await send(self._client, "conversations.members", page)
            if user in _texts(answer.get("members")):
                return True
            cursor = _cursor(answer.get("response_metadata"))
            if not cursor:
                break
        return False

    async def has_left(self, user: str) -> bool:
        """Tell whether Slack says that a person is deleted, or does not know them."""
        try:
            described = (await ask(self._client, "users.info", user=user)).get("user")
        except SlackRefused as error:
            if error.name != "user_not_found":
                raise
            return True
        return isinstance(described, dict) and described.get("deleted") is True

    async def publish(self, person: str, blocks: Blocks) -> None:
        """Replace what a person sees on their Home tab. It needs no scope."""
        view = {"type": "home", "blocks": [dict(block) for block in blocks]}
        await send(self._client, "views.publish", {"user_id": person, "view": view})


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _cursor(metadata: object) -> str:
    cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
    return cursor if isinstance(cursor, str) else ""


def _content(message: Message) -> dict[str, object]:
    # An update that has a text alone removes the blocks that were there.
    blocks = [dict(block) for block in message.blocks]
    return {"text": message.text, "blocks": blocks} if blocks else {"text": message.text}
