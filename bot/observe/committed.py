"""What follows a commit: each observer sees the events that were committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot.domain.event import Event
from bot.logs import reference

Observer = Callable[[Sequence[Event]], None]

_log = structlog.get_logger(__name__)


class Committed:
    """Hears of every commit of the store. What fails in an observer is logged, and never reaches the store.

    The maker of the commit goes on first, as far as it can, so that no answer waits for a line of the log.
    observers: each is given the events of one commit, in their order, and never one that was rolled back.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def __call__(self, events: Sequence[Event]) -> None:
        """Pass a commit on, within the event loop. events: what was committed, maybe none."""
        if events:
            asyncio.get_running_loop().call_soon(self._pass_on, events)

    def _pass_on(self, events: Sequence[Event]) -> None:
        for observer in self._observers:
            try:
                observer(events)
            except Exception:  # noqa: BLE001  the boundary
                _log.exception("observer.failed", reference=reference())
