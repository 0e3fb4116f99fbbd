"""A play in a town: what people do, and bots that are crashed, frozen and replaced meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from bot.services.ports.store import LEASE
from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.slack.deliver.payloads import find_element
from sandbox.slack.world import Message
from sandbox.vivoldi.faults import Fault
from tests.chaos.boundaries import SENT, Boundaries, Place, Side
from tests.chaos.instance import Instance, Way
from tests.chaos.town import INCIDENT, RIKA, Town

Result = TypeVar("Result")

# What is due later than this is a deadline, and not something that a bot is about to do.
_SOON = timedelta(minutes=2)
_AT_ONCE = timedelta(seconds=2)
_MOST_WORK = 600
_MOST_CLICKS = 4


@dataclass(frozen=True)
class Plan:
    """What goes wrong. crashes: where each process dies, by the order in which they are started, from 1.

    freezes: where the first process stands still until its lease has run out and others have done its work;
    and, where there are two, where the second one stands still just as long as the first one then goes on.
    stop: where the first process is when someone stops what the newest card is about.
    """

    crashes: Mapping[int, Place] = field(default_factory=dict)
    freezes: tuple[Place, ...] = ()
    vivoldi: tuple[Fault, ...] = ()
    slack: tuple[SlackFault, ...] = ()
    stop: Place | None = None

    def __str__(self) -> str:
        parts = [f"process {number} dies {place}" for number, place in self.crashes.items()]
        parts += [f"process {number} freezes {place}" for number, place in enumerate(self.freezes, start=1)]
        parts += [f"Vivoldi {fault.kind} after {fault.skip} calls" for fault in self.vivoldi]
        parts += [f"Slack {fault.kind} {fault.error} after {fault.skip} calls" for fault in self.slack]
        parts += [f"stopped {self.stop}"] if self.stop else []
        return ", ".join(parts) or "nothing goes wrong"


def can_be_frozen(place: Place, name: str) -> bool:
    """Return whether freezing a process here has to be harmless.

    Between its last look at the clock and the arrival of what it sends, no client could rule out that it has
    been frozen for long (decision record 2).
    """
    return not (name in SENT and place.side is Side.BEFORE)


@dataclass
class Replica:
    """A place where one process runs at a time. opened: closes the process's connections."""

    instance: Instance
    opened: AsyncExitStack
    froze: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)


class Play:
    """People act, bots work, and the plan goes wrong. started: the boundaries of every process, in order."""

    def __init__(self, town: Town, way: Way, plan: Plan, replicas: int) -> None:
        self.town = town
        self.started: list[Boundaries] = []
        self._way = way
        self._plan = plan
        self._count = replicas
        self._replicas: list[Replica] = []
        self._frozen: list[tuple[Replica, asyncio.Future[Any]]] = []
        self._turn = 0
        self._meanwhile: dict[tuple[str, Side], tuple[str, tuple[str, ...]]] = {}

    async def begin(self) -> None:
        """Arm the faults and start the bots."""
        self.town.journal.troubled += sum(fault.times for fault in self._plan.vivoldi)
        self.town.journal.troubled += sum(fault.times for fault in self._plan.slack)
        for fault in self._plan.vivoldi:
            await self.town.vivoldi_fault(fault)
        for trouble in self._plan.slack:
            await self.town.slack_fault(trouble)
        self._replicas = [await self._started() for _ in range(self._count)]

    async def end(self) -> None:
        """Stop all bots."""
        for replica in [*self._replicas, *(frozen for frozen, _ in self._frozen)]:
            await replica.opened.aclose()

    # ------------------------------------------------------------ people

    async def ask(self, user: str, *codes: str, reason: str = "leaked", channel: str = INCIDENT) -> None:
        """Type the command, and type it once more where no answer comes; then let the bots work."""
        for _ in range(2):
            payload = self.town.command_payload(user, f"{','.join(codes)} {reason}", channel)
            data = self.town.interaction(payload)
            text = await self._try(lambda instance: instance.command(payload))  # noqa: B023  awaited at once
            if text is not None:
                data |= {"status": 200, "body": {"text": text}}
                break
            data["error"] = "dispatch_failed"
        await self.settle()

    async def decide(self, user: str, action: str, *codes: str) -> None:
        """Click on the oldest live card about these codes until it shows that it counts."""
        for _ in range(_MOST_CLICKS):
            cards = self.town.live_cards(*codes)
            if not cards or any(f"Approved by <@{user}>" in card.text for card in cards):
                return
            await self.click(user, cards[0], action)
            await self.settle()

    async def click(self, user: str, card: Message, action: str) -> bool:
        """Click on a version of a card, and return whether that was answered."""
        payload = self.town.click_payload(user, card, action)
        data = self.town.interaction(payload)

        async def carried_out(instance: Instance) -> bool:
            await instance.click(payload)
            # A bot that was frozen meanwhile answers late, when nobody waits for it any more.
            data.update(self.town.journal.here())
            return True

        answered = await self._try(carried_out)
        data |= {"status": 200} if answered else {"error": "dispatch_failed"}
        return answered is not None

    async def stop(self, user: str, *codes: str) -> None:
        """Click Stop on the card about these codes, where there is one, for as long as it has that button."""
        for _ in range(_MOST_CLICKS):
            if not self.town.has_card(*codes):
                return
            card = self.town.newest_card(*codes)
            if find_element(card.to_slack(), "stop", None) is None:
                return
            await self.click(user, card, "stop")
            await self.settle(_AT_ONCE)

    async def press(self, user: str, action: str, *codes: str) -> None:
        """Click on a button of the card about these codes, where it has one, until that is answered."""
        for _ in range(_MOST_CLICKS):
            cards = self.town.cards_with(action, *codes)
            answered = not cards or await self.click(user, cards[-1], action)
            await self.settle()
            if answered:
                return

    def stop_meanwhile(self, name: str, side: Side, user: str, *codes: str) -> None:
        """Have someone click Stop when a bot comes to such a boundary for the first time."""
        self._meanwhile[name, side] = (user, codes)

    async def _stopped_by(self, instance: Instance, user: str, codes: tuple[str, ...]) -> None:
        """Click Stop while the bot that carries it out is at something else."""
        payload = self.town.click_payload(user, self.town.newest_card(*codes), "stop")
        data = self.town.interaction(payload)
        data["error"] = "dispatch_failed"
        await instance.click(payload)
        data |= {"status": 200, "error": None, **self.town.journal.here()}

    # ------------------------------------------------------------ bots

    async def settle(self, soon: timedelta | None = _SOON) -> None:
        """Let the bots work until nothing is due soon. soon None: until nothing will ever be due."""
        for _ in range(_MOST_WORK):
            if await self._try(Instance.work) is not False or await self._others_work():
                continue
            due = await self.town.next_due()
            now = self.town.clock.now()
            if due is not None and (soon is None or due <= now + soon):
                self.town.set_time(max(due, now))
            elif self._frozen:
                await self._thaw()
            else:
                return
        raise AssertionError("the bots never come to rest")

    async def _others_work(self) -> bool:
        """Return whether any of the bots after the one that found nothing has something to do."""
        for _ in self._replicas[1:]:
            if await self._try(Instance.work) is not False:
                return True
        return False

    async def _try(self, act: Callable[[Instance], Awaitable[Result]]) -> Result | None:
        """Have the next bot do something, and return its answer; None: it crashed or froze meanwhile."""
        self._turn = (self._turn + 1) % len(self._replicas)
        replica = self._replicas[self._turn]
        doing = asyncio.ensure_future(act(replica.instance))
        await _until_done_or(replica.froze, doing)
        if not doing.done() and self._frozen:
            await self._thaw()
            replica.thawed.set()
            await asyncio.wait({doing})
        self.town.follow()
        if not doing.done():
            self._frozen.append((replica, doing))
            self.town.advance((LEASE + timedelta(seconds=1)).total_seconds())
            await self._replaced()
            return None
        if not replica.instance.boundaries.dead:
            return doing.result()
        # A task group wraps the crash, so it is the process that tells whether it has died.
        assert doing.exception() is not None, "something in the process caught its death"
        await replica.opened.aclose()
        await self._replaced()
        return None

    async def _replaced(self) -> None:
        """Start another bot in place of the one whose turn it was."""
        self.town.journal.interrupt()
        self._replicas[self._turn] = await self._started()

    async def _started(self) -> Replica:
        self.started.append(Boundaries(self._plan.crashes.get(len(self.started) + 1)))
        number, boundaries = len(self.started), self.started[-1]
        instance, opened = self.town.instance(boundaries), AsyncExitStack()
        await opened.enter_async_context(instance.running(self._way))
        replica = Replica(instance, opened)

        async def held(place: Place, name: str) -> None:
            if meanwhile := self._meanwhile.pop((name, place.side), None):
                await self._stopped_by(instance, *meanwhile)
                if name in SENT and place.side is Side.BEFORE:
                    boundaries.about_to_send |= {*range(place.number + 1, len(boundaries.crossed) + 1)}
            if number == 1 and place == self._plan.stop and self.town.has_card():
                await self._stopped_by(instance, RIKA, ())
            if place in self._plan.freezes[number - 1 : number]:
                replica.froze.set()
                await replica.thawed.wait()

        boundaries.held = held
        return replica

    async def _thaw(self) -> None:
        """Let a frozen bot go on, late, with what it was about to do; then it is stopped."""
        replica, doing = self._frozen.pop()
        replica.thawed.set()
        await doing
        await replica.opened.aclose()


async def _until_done_or(event: asyncio.Event, doing: asyncio.Future[Any]) -> None:
    waiting: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
