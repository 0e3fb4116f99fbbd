"""The supervised loop: looks at stored state for what is due, and does it.

A click, a restart and a lost message all lead here. There are four lanes, each with its own kind of claim,
so that slow Slack calls never hold up a deletion. A lane wakes at once on work for it from its own process,
and otherwise looks about once a second, which is how the work of other replicas and of the past is found.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog

from bot.domain.errors import LostClaim, SlackError, StoreError
from bot.logs import reference
from bot.services.ports.store import LEASE

_log = structlog.get_logger(__name__)

KEEP_EVERY = LEASE / 3

_POLL_SECONDS = 1.0
# About as long as a lease: afterwards the work is due by itself.
_GIVE_BACK_TRIES = 10

Result = TypeVar("Result")


class AnyClaim(Protocol):
    """What was taken to be worked on."""

    @property
    def label(self) -> str:
        """A short name for the log."""

    @property
    def taken_over(self) -> bool:
        """Whether someone else had it, whose lease ran out."""


ClaimT = TypeVar("ClaimT", bound=AnyClaim)


@dataclass(frozen=True)
class Lane(Generic[ClaimT]):
    """One kind of work.

    claim: takes what is due, or None. work: does it. keep: keeps up the lease while the work goes on.
    give_back: makes it due again after an error, so that nobody has to wait for the lease to end.
    slots: how many pieces at a time. first: whether it goes ahead of other lanes.
    """

    name: str
    claim: Callable[[], Awaitable[ClaimT | None]]
    work: Callable[[ClaimT], Awaitable[None]]
    keep: Callable[[ClaimT], Awaitable[None]]
    give_back: Callable[[ClaimT], Awaitable[None]]
    slots: int
    first: bool = False


@dataclass(frozen=True)
class Chore:
    """Something that is done again and again, whether or not anything changed. every: the time between."""

    name: str
    do: Callable[[], Awaitable[None]]
    every: timedelta


class Wakeup:
    """Wakes lanes. Call it after a commit that made work due, from the loop that the worker runs in.

    A lane that is woken looks into the database, which costs a good part of what storing a command does. So
    only those are woken for which there may be something; work that nobody announced is found by looking
    once a second.
    """

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    def __call__(self, lanes: Collection[str]) -> None:
        """Tell the lanes of these names that there may be work."""
        for name in lanes:
            if event := self._events.get(name):
                event.set()

    def everyone(self) -> None:
        """Wake every lane."""
        self(self._events)

    def subscribe(self, lane: str) -> asyncio.Event:
        """Return the event that is set by every wake-up of a lane; its owner clears it."""
        return self._events.setdefault(lane, asyncio.Event())


class Worker:
    """Runs lanes, and chores beside them, until it is told to stop.

    taken_over: called with a lane's name when work is taken over from someone whose lease ran out. ahead:
    surrounds what goes first. paused: tells whether no work may be taken now.
    """

    def __init__(
        self,
        lanes: Sequence[Lane[Any]],
        chores: Sequence[Chore],
        wakeup: Wakeup,
        taken_over: Callable[[str], None],
        ahead: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self._lanes = lanes
        self._chores = chores
        self._wakeup = wakeup
        self._taken_over = taken_over
        self._ahead = ahead
        self._paused = paused
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more work. `run` returns when what is in flight has ended."""
        self._stopping.set()
        self._wakeup.everyone()

    async def run(self) -> None:
        """Work until `stop` is called and everything in flight has ended."""
        async with asyncio.TaskGroup() as group:
            for chore in self._chores:
                group.create_task(self._again_and_again(chore))
            for lane in self._lanes:
                group.create_task(self._run(lane))

    async def _run(self, lane: Lane[ClaimT]) -> None:
        woken = self._wakeup.subscribe(lane.name)
        slots = asyncio.Semaphore(lane.slots)
        async with asyncio.TaskGroup() as in_flight:
            while not self._stopping.is_set():
                await slots.acquire()
                woken.clear()
                claim = None
                if not self._stopping.is_set() and not self._paused():
                    with self._in_order(lane):
                        _, claim = await self._guarded(f"{lane.name}.claim", lane.claim)
                if claim is not None:
                    in_flight.create_task(self._work(lane, claim, slots))
                    continue
                slots.release()
                await _wait(woken, _POLL_SECONDS)

    async def _work(self, lane: Lane[ClaimT], claim: ClaimT, slots: asyncio.Semaphore) -> None:
        """Do one piece of work. After an error it is given back; its stored state says how far it came."""
        # Whatever is logged on the way, in this task and those that it starts, can be found together.
        structlog.contextvars.bind_contextvars(correlation=reference())
        if claim.taken_over:
            _log.warning("worker.taken_over", work=f"{lane.name}.{claim.label}")
            self._taken_over(lane.name)
        try:
            done, _ = await self._guarded(f"{lane.name}.{claim.label}", lambda: self._kept(lane, claim))
            for _ in range(_GIVE_BACK_TRIES):
                if done or self._stopping.is_set():
                    return
                await _wait(self._stopping, _POLL_SECONDS)
                done, _ = await self._guarded(f"{lane.name}.{claim.label}", lambda: lane.give_back(claim))
        finally:
            slots.release()

    async def _kept(self, lane: Lane[ClaimT], claim: ClaimT) -> None:
        """Work, and keep up the lease meanwhile; a process that is frozen or killed no longer does."""
        keeping = asyncio.create_task(self._keep(lane, claim))
        try:
            with self._in_order(lane):
                await lane.work(claim)
        finally:
            keeping.cancel()

    def _in_order(self, lane: Lane[Any]) -> AbstractContextManager[None]:
        return self._ahead() if lane.first else contextlib.nullcontext()

    async def _keep(self, lane: Lane[ClaimT], claim: ClaimT) -> None:
        kept = True
        while kept:
            await asyncio.sleep(KEEP_EVERY.total_seconds())
            try:
                # Waiting for others who wait for a lock, it would come too late.
                with self._ahead():
                    await lane.keep(claim)
            except LostClaim:
                # The work on it notices at the next commit, which is refused.
                kept = False
            except StoreError as error:
                _log.warning("worker.lease_not_kept", work=claim.label, error=str(error))

    async def _again_and_again(self, chore: Chore) -> None:
        while not self._stopping.is_set():
            await _wait(self._stopping, chore.every.total_seconds())
            if not self._stopping.is_set():
                await self._guarded(chore.name, chore.do)

    async def _guarded(self, what: str, work: Callable[[], Awaitable[Result]]) -> tuple[bool, Result | None]:
        """Do some work; this is the worker's one boundary, so that nothing can end a lane.

        Returns whether it went well (a lost claim did: someone else has the work), and its result.
        """
        try:
            return True, await work()
        except LostClaim:
            _log.warning("worker.claim_lost", work=what)
            return True, None
        except (StoreError, SlackError) as error:
            _log.warning("worker.held_up", work=what, error=str(error))
        except Exception:  # noqa: BLE001  the boundary
            _log.exception("worker.failed", work=what, reference=reference())
        return False, None


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
