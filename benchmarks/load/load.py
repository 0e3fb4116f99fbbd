"""The load, a process of its own: reads orders from standard input, sends commands, and tells how it went.

While it works, a line of JSON with other ports changes where commands are sent, as a load balancer does when
a replica comes or goes.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.figures import percentile
from benchmarks.load.orders import Order, Outcome, order_of, texts
from benchmarks.load.signed import command
from benchmarks.load.wire import Answer, Connection, Lost

_SORTS = {
    b"the card appears here": "accepted",
    b"already in an open request": "taken",
    b"database can't be reached": "unavailable",
    b"Something went wrong": "failed",
}


class Load:
    """Carries out one order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.ports = order.ports
        self._texts = texts(order.tag, order.mix)
        self._turns = 0
        self._idle: dict[int, list[Connection]] = {}
        self._late: list[float] = []
        self._latencies: defaultdict[str, list[float]] = defaultdict(list)

    async def run(self) -> Outcome:
        """Send everything, and wait for every answer."""
        began = time.perf_counter()
        await (self._closed_loop(began) if self._order.rate is None else self._open_loop(began))
        seconds = time.perf_counter() - began
        for connection in self._all():
            connection.close()
        late = percentile(self._late, 0.99) if self._late else 0.0
        return Outcome(dict(self._latencies), seconds, late)

    async def _open_loop(self, began: float) -> None:
        assert self._order.rate is not None
        amount = self._order.amount or round(self._order.rate * self._order.seconds)
        async with asyncio.TaskGroup() as under_way:
            for number in range(amount):
                due = began + number / self._order.rate
                await asyncio.sleep(due - time.perf_counter())
                self._late.append((time.perf_counter() - due) * 1000)
                under_way.create_task(self._send(due))

    async def _closed_loop(self, began: float) -> None:
        numbers = (
            iter(range(self._order.amount)) if self._order.amount else _until(began + self._order.seconds)
        )

        async def one_after_the_other() -> None:
            for _ in numbers:
                await self._send(time.perf_counter())

        async with asyncio.TaskGroup() as connections:
            for _ in range(self._order.connections):
                connections.create_task(one_after_the_other())

    async def _send(self, due: float) -> None:
        request = command(next(self._texts))
        try:
            answer = await self._answered(request)
        except (Lost, ConnectionError):
            sort = "lost"
        else:
            sort = _sort(answer)
        self._latencies[sort].append((time.perf_counter() - due) * 1000)

    async def _answered(self, request: bytes) -> Answer:
        """Send to the next server in turn. One that does not listen costs a try, as behind a proxy."""
        tries = len(self.ports)
        while True:
            self._turns += 1
            port = self.ports[self._turns % len(self.ports)]
            try:
                connection = self._kept(port) or await Connection.to(port)
                break
            except ConnectionError:
                tries -= 1
                if not tries:
                    raise
        answer = await connection.send(request)
        if connection.usable:
            self._idle.setdefault(port, []).append(connection)
        return answer

    def _kept(self, port: int) -> Connection | None:
        kept = self._idle.get(port, [])
        while kept:
            connection = kept.pop()
            if connection.usable:
                return connection
            connection.close()
        return None

    def _all(self) -> Iterator[Connection]:
        for kept in self._idle.values():
            yield from kept


def _until(end: float) -> Iterator[None]:
    while time.perf_counter() < end:
        yield


def _sort(answer: Answer) -> str:
    if answer.status != 200:
        return str(answer.status)
    found = (sort for words, sort in _SORTS.items() if words in answer.body)
    return next(found, "answered")


async def _serve() -> None:
    lines = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        load = Load(order_of(line.decode()))
        working = asyncio.create_task(load.run())
        listening = asyncio.create_task(_listen(lines, load))
        sys.stdout.write((await working).line())
        sys.stdout.flush()
        # It ends with the line that says that the outcome has arrived, so that no line is lost.
        await listening


async def _listen(lines: asyncio.StreamReader, load: Load) -> None:
    while ports := json.loads(await lines.readline() or "[]"):
        load.ports = tuple(ports)


def _precise_loop() -> asyncio.AbstractEventLoop:
    # Waits end to the microsecond with select, and with epoll to the millisecond, which is what is measured.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_precise_loop) as runner:
        runner.run(_serve())
