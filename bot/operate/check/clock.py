"""This machine's clock, compared with the time that Slack's and Vivoldi's servers give in their answers.

Slack's requests carry a time, and one that differs by more than 5 minutes is refused; deadlines too are only
as good as the clock.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

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
    servers = {"Slack": ("slack_api_url", settings.slack_api_url)}
    servers["Vivoldi"] = ("vivoldi_api_url", settings.vivoldi_api_url)
    asked = {name: url for name, (setting, url) in servers.items() if given.has(setting)}
    if not asked:
        return unlooked(_NAME)
    agent = {"User-Agent": settings.vivoldi_user_agent}
    async with httpx.AsyncClient(headers=agent, timeout=_TIMEOUT, trust_env=False) as http:
        answers = await asyncio.gather(*(_ahead(http, url, clock) for url in asked.values()))
    known = {name: ahead for name, ahead in zip(asked, answers, strict=True) if ahead is not None}
    if not known:
        remedy = "Make sure yourself that this machine's clock is set by the network (NTP)."
        return warning(_NAME, f"{' and '.join(asked)} told no time to compare with.", remedy)
    said = "; ".join(f"{_words(ahead)} {name}'s" for name, ahead in known.items())
    if max(map(abs, known.values())) <= _TOLERATED:
        return fine(_NAME, f"It is {said}.")
    remedy = "Have the clock set by the network (NTP). Past 5 minutes, what Slack sends is refused."
    return warning(_NAME, f"It is {said}.", remedy)


async def _ahead(http: httpx.AsyncClient, url: str, clock: Clock) -> timedelta | None:
    """Return how far this machine's clock is ahead of a server's; None where that can't be told."""
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
