"""Several ways of listening at once, which end together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(stop: asyncio.Event, *listeners: Coroutine[Any, Any, None]) -> None:
    """Run what listens until `stop` is set. If one ends or fails, the others are told to stop as well.

    Raises what the first one raised, as itself.
    """
    running = [asyncio.create_task(each) for each in listeners]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        await asyncio.wait(running)
    for each in running:
        each.result()
