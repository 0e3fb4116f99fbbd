"""This machine's clock, compared with the time that Slack's and Vivoldi's servers give in their answers.

Slack's requests carry a time, and one that differs by more than 5 minutes is refused; deadlines too are only
as good as the clock.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from bot.adapters.network import Way, httpx_options, ways_of
from bot.operate.check import slack, vivoldi
from bot.operate.check.finding import Finding, fine, unlooked, warning
from bot.operate.check.given import Given
from bot.services.ports.outside import Clock

_NAME = "clock"
_TIMEOUT = 10.0  # seconds
_TOLERATED = timedelta(seconds=60)
# The Date header is cut to whole seconds.
_CUT = timedelta(seconds=0.5)


async def look_at_clock(given: Given, clock: Clock) -> Finding:
    """Return how far the clock is off. Neither server is sent a token or a key."""
    settings = given.settings
    ways = ways_of(settings)
    servers = {"Slack": (slack.WAY, settings.slack_api_url, ways.slack)}
    servers["Vivoldi"] = (vivoldi.WAY, settings.vivoldi_api_url, ways.vivoldi)
    asked = {name: (url, way) for name, (needed, url, way) in servers.items() if given.has(*needed)}
    if not asked:
        return unlooked(_NAME)
    agent = settings.vivoldi_user_agent
    answers = await asyncio.gather(*(_ahead(url, way, agent, clock) for url, way in asked.values()))
    known = {name: ahead for name, ahead in zip(asked, answers, strict=True) if ahead is not None}
    if not known:
        remedy = "Make sure yourself that this machine's clock is set by the network (NTP)."
        return warning(_NAME, f"{' and '.join(asked)} told no time to compare with.", remedy)
    said = "; ".join(f"{_words(ahead)} {name}'s" for name, ahead in known.items())
    if max(map(abs, known.values())) <= _TOLERATED:
        return fine(_NAME, f"It is {said}.")
    remedy = "Have the clock set by the network (NTP). Past 5 minutes, what Slack sends is refused."
    return warning(_NAME, f"It is {said}.", remedy)


async def _ahead(url: str, way: Way, agent: str, clock: Clock) -> timedelta | None:
    """Return how far this machine's clock is ahead of a server's; None if that can't be told."""
    headers = {"User-Agent": agent}
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT, **httpx_options(way)) as http:
        before = clock.now()
        try:
            told = parsedate_to_datetime((await http.head(url)).headers["Date"])
        except (httpx.HTTPError, OSError, LookupError, ValueError):
            return None
    return before + (clock.now() - before) / 2 - _aware(told) - _CUT


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _words(ahead: timedelta) -> str:
    seconds = round(abs(ahead).total_seconds())
    if seconds < 2:
        return "the same as"
    return f"{seconds} s {'ahead of' if ahead > timedelta(0) else 'behind'}"
