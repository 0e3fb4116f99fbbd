"""Two bots at work at once, each going on only as far as it is told, from one boundary to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar

from sandbox.slack.deliver.payloads import find_element
from sandbox.slack.world import Message
from tests.chaos.boundaries import SENT, Boundaries, Place, Side
from tests.chaos.instance import Instance
from tests.chaos.stories import CODE, OTHER, UNKNOWN
from tests.chaos.town import AMIR, BEA, DANA, Town
from tests.judge.judge import judge
from tests.judge.rules import Judgement

CODES = (CODE, OTHER, UNKNOWN)
_REPLICAS = 2
_MOST_WORK = 3000
# What a listener does is one transaction, and is never held up; what the worker does is.
_by_steps: ContextVar[bool] = ContextVar("by_steps", default=False)
# What work and listeners ask together, so that the second one waits for the answer to the first.
_SHARED = ("slack.users.info", "slack.usergroups.users.list")


class Stepped:
    """One bot. paused: the boundaries at which its work waits now."""

    def __init__(self, instance: Instance, opened: AsyncExitStack) -> None:
        self.instance = instance
        self.opened = opened
        self.paused: list[tuple[asyncio.Future[None], str, Side]] = []
        self.doing: asyncio.Task[bool] | None = None
        self._moved = asyncio.Event()
        self._listens = False

    async def held(self, place: Place, name: str) -> None:
        """Wait at a boundary for the next step."""
        if _by_steps.get() and not (self._listens and name in _SHARED):
            going_on = asyncio.get_running_loop().create_future()
            self.paused.append((going_on, name, place.side))
            self._moved.set()
            await going_on

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Have Slack answer what its work has asked about people, so that no listener waits for that.

        A listener waits for a second of real time at most, in which nothing here could move.
        """
        waiting = [pause for pause in self.paused if pause[1] in _SHARED]
        self.paused = [pause for pause in self.paused if pause not in waiting]
        self._listens = True
        for going_on, _, _ in waiting:
            going_on.set_result(None)
        try:
            yield
        finally:
            self._listens = False

    @property
    def sends_next(self) -> bool:
        """Whether its next step lets a DELETE arrive."""
        return any(name in SENT and side is Side.BEFORE for _, name, side in self.paused)

    async def step(self) -> bool:
        """Go on to the next boundary, or take up new work. Returns whether there was anything to do."""
        if self.doing is None:
            self.doing = asyncio.get_running_loop().create_task(self._work())
        paused, self.paused = self.paused, []
        self._moved.clear()
        for going_on, _, _ in paused:
            going_on.set_result(None)
        moved = asyncio.ensure_future(self._moved.wait())
        await asyncio.wait({self.doing, moved}, return_when=asyncio.FIRST_COMPLETED)
        moved.cancel()
        if not self.doing.done():
            return True
        done, self.doing = self.doing, None
        return done.result()

    async def _work(self) -> bool:
        _by_steps.set(True)
        return await self.instance.work()

    async def kill(self) -> None:
        """End it as a crash does, wherever it is."""
        self.instance.boundaries.dead = True
        for going_on, _, _ in self.paused:
            going_on.set_result(None)
        if self.doing is not None:
            await asyncio.wait({self.doing})
            assert self.doing.exception() is not None, "something in the process caught its death"
        await self.opened.aclose()


class Bench:
    """A town with two bots that work by steps."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.bots: list[Stepped] = []

    async def open(self, approvals: int) -> None:
        """Start the bots, and bring a request about CODE so far that it has so many approvals."""
        for code in (CODE, OTHER):
            self.town.coupon(code, useLimit=2)
        self.bots = [await self._started() for _ in range(_REPLICAS)]
        await self.command(0, DANA, (CODE,))
        await self.drain(0)
        for user in (AMIR, BEA)[:approvals]:
            await self.drain(0)
            await self.click(0, user, self.cards()[-1], "approve")

    async def _started(self) -> Stepped:
        boundaries = Boundaries()
        instance, opened = self.town.instance(boundaries), AsyncExitStack()
        await opened.enter_async_context(instance.running(self.town))
        bot = Stepped(instance, opened)
        boundaries.held = bot.held
        return bot

    async def replace(self, which: int) -> None:
        """Kill a bot and start another one in its place."""
        self.town.journal.interrupt()
        await self.bots[which].kill()
        self.bots[which] = await self._started()

    # ------------------------------------------------------------ people

    async def command(self, which: int, user: str, codes: tuple[str, ...]) -> None:
        """Type a command, which one of the bots answers."""
        payload = self.town.command_payload(user, f"{','.join(codes)} leaked")
        data = self.town.interaction(payload)
        with self.bots[which].listening():
            answer = await self.bots[which].instance.command(payload)
        data |= {"status": 200, "body": {"text": answer}}

    async def approved(self, which: int, code: str) -> None:
        """Ask for a code, have the cards drawn as far as it goes now, and click twice, by who may."""
        await self.command(which, DANA, (code,))
        for step, user in (("Step 1 of 2", AMIR), ("Step 2 of 2", BEA)):
            await self.drain(which)
            for card in self.town.live_cards(code)[-1:]:
                if step in card.text:
                    await self.click(which, user, card, "approve")

    async def click(self, which: int, user: str, card: Message, action: str) -> None:
        """Click on a version of a card, which one of the bots carries out."""
        payload = self.town.click_payload(user, card, action)
        data = self.town.interaction(payload)
        with self.bots[which].listening():
            await self.bots[which].instance.click(payload)
        data.update(self.town.journal.here())
        self.town.follow()

    def cards(self) -> list[Message]:
        """Return every version with buttons to decide that any card ever had, oldest first."""
        return [card for card in self.every_card() if find_element(card.to_slack(), "approve", None)]

    def every_card(self) -> list[Message]:
        """Return every version that any card ever had, oldest first."""
        versions = [version for found in self.town.slack.messages.values() for version in found]
        cards = [v for v in versions if "Request CG-" in str(v.blocks[-1:]) and not v.thread_ts]
        return sorted(cards, key=lambda version: version.seq)

    # ------------------------------------------------------------ time

    async def pass_time(self, seconds: float, alive: bool) -> None:
        """Let time pass. alive: calls under way end first, and leases are kept; else the bots stand still.

        A DELETE that was about to be sent arrives first: a process that freezes in that very instant can send
        it late, which no client can rule out (decision record 2).
        """
        for bot in self.bots:
            if bot.paused and alive:
                await bot.step()
            while bot.sends_next:
                await bot.step()
        if alive:
            for bot in self.bots:
                await bot.instance.keep()
        if not alive:
            self.town.journal.interrupt()
        self.town.advance(seconds)

    async def drain(self, which: int) -> None:
        """Let one bot work until it finds nothing due."""
        while await self.bots[which].step():
            self.town.follow()

    async def settle(self) -> None:
        """Let the bots work, turn by turn, until nothing is ever due."""
        idle, turn = 0, 0
        for _ in range(_MOST_WORK):
            turn += 1
            idle = 0 if await self.bots[turn % len(self.bots)].step() else idle + 1
            if idle < len(self.bots):
                continue
            due = await self.town.next_due()
            if due is None:
                return
            self.town.set_time(max(due, self.town.clock.now()))
            idle = 0
        raise AssertionError("the bots never come to rest")

    async def close(self) -> Judgement:
        """Let everything come to its end, stop the bots, and judge."""
        try:
            self.town.vivoldi_faults.clear()
            self.town.slack_faults.pending.clear()
            await self.settle()
        finally:
            for bot in self.bots:
                await bot.kill()
            await self.town.audited()
            await self.town.close()
        return judge(self.town.journal, CODES)
