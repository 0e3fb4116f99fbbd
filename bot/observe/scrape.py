"""The metrics as Prometheus asks for them, with what only the database knows looked up at that moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from prometheus_client import generate_latest

from bot.domain.errors import StoreError
from bot.observe.metrics import Metrics
from bot.services.ports.outside import Clock


class Scrape:
    """Answers `GET /metrics`.

    overdue: returns for how long the oldest due work of each lane has been due at a given time.
    """

    def __init__(
        self,
        metrics: Metrics,
        overdue: Callable[[datetime], Awaitable[Mapping[str, timedelta]]],
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._overdue = overdue
        self._clock = clock

    async def __call__(self) -> bytes:
        """Return all metrics in Prometheus's text format, also where the database does not answer."""
        try:
            self._metrics.queue(await self._overdue(self._clock.now()))
        except StoreError:
            self._metrics.queue(None)
        return generate_latest(self._metrics.registry)
