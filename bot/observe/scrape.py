"""The metrics as Prometheus asks for them, with what only the database knows looked up at that moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sized
from datetime import datetime, timedelta

from prometheus_client import generate_latest

from bot.domain.errors import StoreError
from bot.observe.metrics import Metrics
from bot.services.ports.outside import Clock

# Until then an outcome is only late, as when Slack does not answer for a moment.
_LONG = timedelta(minutes=5)


class Scrape:
    """Answers `GET /metrics`.

    overdue: returns for how long the oldest due work of each lane has been due at a given time. untold:
    returns the outcomes of requests that ended before a given time, and wait to be told.
    """

    def __init__(
        self,
        metrics: Metrics,
        overdue: Callable[[datetime], Awaitable[Mapping[str, timedelta]]],
        untold: Callable[[datetime], Awaitable[Sized]],
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._overdue = overdue
        self._untold = untold
        self._clock = clock

    async def __call__(self) -> bytes:
        """Return all metrics in Prometheus's text format, also if the database does not answer."""
        now = self._clock.now()
        try:
            self._metrics.queue(await self._overdue(now))
            self._metrics.untold(len(await self._untold(now - _LONG)))
        except StoreError:
            self._metrics.queue(None)
            self._metrics.untold(None)
        return generate_latest(self._metrics.registry)
