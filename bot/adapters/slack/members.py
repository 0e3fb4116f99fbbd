"""Who is in a channel, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import answered

# Of a channel's members, up to 10,000 are looked at: more would cost more calls than the answer is worth.
_PAGE = 1000
_MOST_PAGES = 10


async def members(client: AsyncWebClient, channel: str) -> AsyncIterator[frozenset[str]]:
    """Yield the user ids of a channel's members, one page a call. Raises SlackUnavailable, SlackRefused."""
    cursor = ""
    for _ in range(_MOST_PAGES):
        call = client.conversations_members(channel=channel, limit=_PAGE, cursor=cursor or None)
        answer = await answered(call)
        found, after = answer.get("members"), answer.get("response_metadata")
        yield (
            frozenset(user for user in found if isinstance(user, str)) if isinstance(found, list) else _NOBODY
        )
        cursor = str(after.get("next_cursor") or "") if isinstance(after, dict) else ""
        if not cursor:
            break


_NOBODY = frozenset[str]()
