"""What a refusal by Slack proves. Few names prove anything: every other one is a passing trouble (I5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.errors import SlackRefused
from bot.domain.request.request import Approved, Shown
from bot.services.ports.outside import Message
from bot.services.ports.store import Delivery

# The channel is not there, or nobody can write there any more. Only if it stays so: see `GONE_FOR`.
GONE = frozenset({"channel_not_found", "is_archived"})
# This channel does not take a card from the bot.
CLOSED = GONE | {
    "method_not_supported_for_channel_type",
    "not_in_channel",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
}
# The card is not there any more, or was never this bot's.
LOST = frozenset({"cant_update_message", "message_not_found", "thread_not_found"})
# The app has no Home tab, or nobody is there to look at it.
NO_HOME = frozenset({"not_enabled", "user_not_found", "user_not_visible"})

# Slack does not take what is in a message, and would not from any sender: the bot's own fault.
MALFORMED = frozenset(
    {
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "markdown_text_conflict",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)

# For how long a channel has to be gone until nobody there can be told any more.
GONE_FOR = timedelta(days=7)

# How long a card has to resist every change until another one takes its place, and how often that happens.
STUCK_FOR = timedelta(seconds=10)
MOST_REPLACED = 3

# Tries that a message is given as it is; from then on another way is tried as well.
TRIES = 2

Result = TypeVar("Result")


def noted(delivery: Delivery, refusal: SlackRefused, now: datetime) -> Delivery:
    """Return a delivery with what a refusal shows: its name, and since when the channel is gone."""
    is_gone = refusal.name in GONE or refusal.in_channel in GONE
    since = delivery.gone_since or now if is_gone else delivery.gone_since
    return replace(delivery, refused_by=refusal.name, gone_since=since)


def taken(delivery: Delivery) -> Delivery:
    """Return a delivery after Slack took a message in its channel: nothing stands in the way."""
    return replace(delivery, refused_by=None, gone_since=None)


def may_replace(request: Shown, delivery: Delivery) -> bool:
    """Tell whether another card may take the place of the one that can't be used.

    While a request is carried out its card changes often, and nobody has to decide: the last replacement is
    left to the end.
    """
    return delivery.replaced < MOST_REPLACED - isinstance(request, Approved)


def replaced(delivery: Delivery, card_ts: str | None) -> Delivery:
    """Return a delivery with another card, already posted or (None) to be posted.

    The one before counts as a copy: whatever Slack said of it, it may be there, with its buttons.
    """
    before = () if delivery.card_ts is None else (delivery.card_ts,)
    times, copies = delivery.replaced + 1, tuple(dict.fromkeys((*delivery.copies, *before)))
    return replace(delivery, card_ts=card_ts, copies=copies, replaced=times, stuck_since=None)


async def or_plainer(send: Callable[[Message], Awaitable[Result]], message: Message, attempts: int) -> Result:
    """Send a message; if Slack has refused it some times, and does again, send its text alone.

    Blocks that Slack does not take are the bot's own fault, which must not keep anyone from hearing it. The
    text is not cut: it is short enough for Slack (see `Message`), and names every code.
    attempts: how often this was tried, this time included. Raises SlackUnavailable and SlackRefused.
    """
    try:
        return await send(message)
    except SlackRefused:
        if attempts <= TRIES:
            raise
        return await send(Message(message.text))
