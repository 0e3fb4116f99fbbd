"""People who play whole deletions: they ask, wait for the card, click, and see the outcome."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from benchmarks.ground import Outside
from benchmarks.load.signed import approval, command
from benchmarks.load.wire import Connection
from sandbox.slack.control.seen import Message, message_from
from sandbox.slack_client import LogEntry, SlackControl
from sandbox.vivoldi_client import VivoldiControl

_FIRST, _FINAL = "U0AMIR0000", "U0BEA00000"
_REQUEST = re.compile(rb"CG-[A-Z0-9]+")
_VERSION = re.compile(r"decide-v([0-9]+)")
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Card:
    """A card with buttons, as people see it."""

    request_id: str
    block_id: str
    ts: str

    @property
    def version(self) -> int:
        """The version of the request that it shows."""
        found = _VERSION.fullmatch(self.block_id)
        assert found is not None
        return int(found[1])


@dataclass(frozen=True)
class Deletion:
    """A deletion that came to its outcome. clicked: when the final click was sent, in epoch seconds."""

    clicked: float
    outcome: str


class NotDeleted(Exception):
    """Requests came to an outcome, but not to the deletion that was to be measured."""


class People:
    """Everyone in the incident channel."""

    def __init__(self, slack: SlackControl, vivoldi: VivoldiControl) -> None:
        self._slack = slack
        self._vivoldi = vivoldi
        self._cards: defaultdict[str, asyncio.Queue[Card]] = defaultdict(asyncio.Queue)
        self._outcomes: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)
        self._listening = asyncio.Event()

    async def coupon(self, code: str) -> None:
        """Have a coupon that is valid today."""
        await self._vivoldi.create(code)

    async def delete(self, port: int, *codes: str) -> Deletion:
        """Have existing coupons deleted, through the bot at a port, as fast as people could at best."""
        connection = await Connection.to(port)
        try:
            answer = await connection.send(command(f"{','.join(codes)} leaked"))
            found = _REQUEST.search(answer.body)
            assert found is not None, answer
            request_id = found[0].decode()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                first = await self._cards[request_id].get()
                await connection.send(approval(_FIRST, request_id, first.block_id, first.ts))
                final = await self._later_than(first)
                click = approval(_FINAL, request_id, final.block_id, final.ts)
                clicked = time.time()
                await connection.send(click)
        finally:
            connection.close()
        async with asyncio.timeout(_PATIENCE_SECONDS * max(1, len(codes))):
            outcome = await self._outcomes[first.ts].get()
        return Deletion(clicked, outcome)

    async def require_deleted(self, codes: Collection[str]) -> None:
        """Make sure that Vivoldi deleted these coupons. Raises NotDeleted."""
        deleted = {event.code for event in await self._vivoldi.deletions()}
        if left := set(codes) - deleted:
            raise NotDeleted(f"{len(left)} of {len(codes)} coupons have an outcome, and were not deleted.")

    async def _later_than(self, clicked: Card) -> Card:
        while (card := await self._cards[clicked.request_id].get()).version <= clicked.version:
            pass
        return card

    async def watch(self) -> None:
        """See what is posted from now on, until cancelled."""
        after = await self._slack.last_seq()
        self._listening.set()
        async for entry in self._slack.stream(after):
            self._see(entry)

    async def are_watching(self) -> None:
        """Wait until nothing that is posted can be missed."""
        await self._listening.wait()

    def _see(self, entry: LogEntry) -> None:
        if entry.kind not in ("posted", "updated"):
            return
        message = message_from(entry.data["message"])
        if message.thread_ts and message.broadcast:
            self._outcomes[message.thread_ts].put_nowait(message.text)
        elif card := _card(message):
            self._cards[card.request_id].put_nowait(card)


def _card(message: Message) -> Card | None:
    for block in message.blocks:
        for element in block.get("elements", ()):
            if isinstance(element, dict) and element.get("action_id") == "approve":
                return Card(element["value"], block["block_id"], message.ts)
    return None


@asynccontextmanager
async def people(outside: Outside) -> AsyncIterator[People]:
    """Let people watch a Slack, as long as they are needed."""
    async with (
        SlackControl(outside.slack_control) as slack,
        VivoldiControl(outside.vivoldi_control) as vivoldi,
    ):
        everyone = People(slack, vivoldi)
        watching = asyncio.create_task(everyone.watch())
        try:
            await everyone.are_watching()
            yield everyone
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
