"""The handle on the load process."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from benchmarks.load.orders import Order, Outcome, outcome_of
from sandbox.stage import ROOT

_LONGEST_LINE = 2**26


class Loader:
    """Has commands sent. One order at a time."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._orders, self._outcomes = process, process.stdin, process.stdout
        self._is_sending = False

    async def run(self, order: Order) -> Outcome:
        """Have an order carried out, and return how it went."""
        self._tell(order.line())
        self._is_sending = True
        line = await self._outcomes.readline()
        self._is_sending = False
        self._tell("[]\n")
        return outcome_of(line.decode())

    def send_to(self, ports: Sequence[int]) -> None:
        """Have the order that is under way go on with these servers, unless it has just ended."""
        if self._is_sending:
            self._tell(json.dumps(list(ports)) + "\n")

    def _tell(self, line: str) -> None:
        self._orders.write(line.encode())

    async def stop(self) -> None:
        """End the process."""
        self._orders.close()
        await self._process.wait()


@asynccontextmanager
async def loader() -> AsyncIterator[Loader]:
    """Start the load process, and end it afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load.load", cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE
    )
    handle = Loader(process)
    try:
        yield handle
    finally:
        await handle.stop()
