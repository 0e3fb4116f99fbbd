"""What follows a commit: the worker is woken, and whoever observes sees the events that were committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bot.domain.event import Event
from bot.logs import reference

Observer = Callable[[Sequence[Event]], None]

_log = structlog.get_logger(__name__)


class Committed:
    """Hears of every commit of the store. What fails in an observer is logged, and never reaches the store.

    wake: wakes the worker, which comes first. observers: each is given the events of one commit, in their
    order, and never an event that was rolled back.
    """

    def __init__(self, wake: Callable[[], None], *observers: Observer) -> None:
        self._wake = wake
        self._observers = observers

    def __call__(self, events: Sequence[Event]) -> None:
        """Pass a commit on. events: what was committed, maybe none."""
        self._wake()
        for observer in self._observers:
            try:
                observer(events)
            except Exception:  # noqa: BLE001  the boundary
                _log.exception("observer.failed", reference=reference())
