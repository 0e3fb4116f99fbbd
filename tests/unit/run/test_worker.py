"""The supervised loop: no error ends a lane, nothing in flight is dropped, and a lease is kept up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.domain.errors import LostClaim, StoreUnavailable
from bot.run import worker as module
from bot.run.worker import Chore, Lane, Wakeup, Worker


@dataclass(frozen=True)
class Piece:
    label: str
    taken_over: bool = False


@dataclass
class Bench:
    """A lane over a list of pieces; those called `lost…` are taken over from someone.

    done, kept, given_back: what happened to them, by label. taken_over: the lanes of those that were.
    """

    pieces: list[str] = field(default_factory=list)
    work: Callable[[Piece], Awaitable[None]] = lambda _: asyncio.sleep(0)
    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    taken_over: list[str] = field(default_factory=list)
    claim_errors: list[Exception] = field(default_factory=list)
    chores: list[Chore] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def claim(self) -> Piece | None:
        if self.claim_errors:
            raise self.claim_errors.pop(0)
        if not self.pieces:
            return None
        label = self.pieces.pop(0)
        return Piece(label, taken_over=label.startswith("lost"))

    async def run_one(self, piece: Piece) -> None:
        await self.work(piece)
        self._note(self.done, piece)

    async def keep(self, piece: Piece) -> None:
        self._note(self.kept, piece)

    async def give_back(self, piece: Piece) -> None:
        self._note(self.given_back, piece)

    def _note(self, where: list[str], piece: Piece) -> None:
        where.append(piece.label)
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await self.changed.wait()
                self.changed.clear()

    def lane(self, slots: int = 2) -> Lane[Piece]:
        return Lane("bench", self.claim, self.run_one, self.keep, self.give_back, slots)


@asynccontextmanager
async def running(bench: Bench, wakeup: Wakeup | None = None, slots: int = 2) -> AsyncIterator[Worker]:
    worker = Worker([bench.lane(slots)], bench.chores, wakeup or Wakeup(), bench.taken_over.append)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 5)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_EVERY", timedelta(seconds=0.01))
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)


async def test_what_is_due_is_done_in_its_order() -> None:
    """Everything that can be claimed is worked on."""
    bench = Bench(["a", "b", "c"])
    async with running(bench, slots=1):
        await bench.until(lambda: bench.done == ["a", "b", "c"])


async def test_work_that_is_taken_over_is_counted_by_its_lane() -> None:
    """Those who watch the bot hear of each piece of work whose worker was lost, and of no other."""
    bench = Bench(["a", "lost b", "c"])
    async with running(bench, slots=1):
        await bench.until(lambda: bench.done == ["a", "lost b", "c"])
    assert bench.taken_over == ["bench"]


async def test_work_that_appears_later_is_found_without_being_told() -> None:
    """The work of other replicas wakes nobody here, and is found by looking again."""
    bench = Bench()
    async with running(bench):
        bench.pieces.append("late")
        await bench.until(lambda: bench.done == ["late"])


async def test_a_change_wakes_the_lane_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit in the same process does not wait for the next look."""
    monkeypatch.setattr(module, "_POLL_SECONDS", 60.0)
    bench, wakeup = Bench(["first"]), Wakeup()
    async with running(bench, wakeup):
        await bench.until(lambda: bench.done == ["first"])
        bench.pieces.append("second")
        wakeup(["bench"])
        await bench.until(lambda: bench.done == ["first", "second"])


async def test_a_change_wakes_no_other_lane() -> None:
    """A lane does not look into the database for what was made due for another one."""
    wakeup = Wakeup()
    one, other = wakeup.subscribe("one"), wakeup.subscribe("other")
    wakeup(["one", "nobody"])
    assert (one.is_set(), other.is_set()) == (True, False)
    one.clear()
    wakeup.everyone()
    assert (one.is_set(), other.is_set()) == (True, True)


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), RuntimeError("a defect")])
async def test_after_an_error_the_work_is_given_back_and_the_lane_goes_on(error: Exception) -> None:
    """Nobody waits for a lease to end because of an error, and no error ends a lane (I5)."""

    async def work(piece: Piece) -> None:
        if piece.label == "bad":
            raise error

    bench = Bench(["bad", "good"], work)
    async with running(bench, slots=1):
        await bench.until(lambda: bench.given_back == ["bad"] and bench.done == ["good"])


async def test_a_lost_claim_is_left_alone() -> None:
    """What someone else has taken over is not given back by the one who lost it."""

    async def work(piece: Piece) -> None:
        if piece.label == "lost":
            raise LostClaim

    bench = Bench(["lost", "good"], work)
    async with running(bench, slots=1):
        await bench.until(lambda: bench.done == ["good"])
    assert bench.given_back == []


async def test_a_claim_that_fails_is_tried_again() -> None:
    """A database that can't be reached for a while ends nothing."""
    bench = Bench(["a"], claim_errors=[StoreUnavailable("gone"), RuntimeError("a defect")])
    async with running(bench):
        await bench.until(lambda: bench.done == ["a"])


async def test_a_lease_is_kept_up_as_long_as_the_work_goes_on() -> None:
    """Slow work keeps its claim, and finished work lets go of it."""
    finish = asyncio.Event()

    async def work(_: Piece) -> None:
        await finish.wait()

    bench = Bench(["slow"], work)
    async with running(bench):
        await bench.until(lambda: len(bench.kept) >= 3)
        finish.set()
        await bench.until(lambda: bench.done == ["slow"])
        kept = len(bench.kept)
        bench.pieces.append("next")
        await bench.until(lambda: "next" in bench.done)
    assert bench.kept[kept:].count("slow") == 0


async def test_a_lease_is_kept_up_after_a_try_that_failed() -> None:
    """A database that is away for a moment costs one try to keep a lease up, and not the lease."""
    finish, tries = asyncio.Event(), list[str]()

    async def keep(piece: Piece) -> None:
        tries.append(piece.label)
        if len(tries) < 3:
            raise StoreUnavailable("gone")
        finish.set()

    async def work(_: Piece) -> None:
        await asyncio.wait_for(finish.wait(), 1)

    bench = Bench(["slow"], work)
    worker = Worker([replace(bench.lane(), keep=keep)], [], Wakeup(), bench.taken_over.append)
    task = asyncio.create_task(worker.run())
    await bench.until(lambda: bool(bench.done or bench.given_back))
    worker.stop()
    await asyncio.wait_for(task, 5)
    assert (bench.done, bench.given_back) == (["slow"], [])


async def test_stopping_takes_nothing_new_and_finishes_what_is_in_flight() -> None:
    """SIGTERM leaves nothing half done, and nothing begun that is not due any more."""
    finish, begun = asyncio.Event(), asyncio.Event()

    async def work(_: Piece) -> None:
        begun.set()
        await finish.wait()

    bench = Bench(["in flight"], work)
    worker = Worker([bench.lane()], [], Wakeup(), bench.taken_over.append)
    task = asyncio.create_task(worker.run())
    await asyncio.wait_for(begun.wait(), 5)
    worker.stop()
    bench.pieces.append("new")
    finish.set()
    await asyncio.wait_for(task, 5)
    assert (bench.done, bench.pieces) == (["in flight"], ["new"])


async def test_a_chore_is_done_again_and_again_whatever_goes_wrong() -> None:
    """What has to be done every so often is done, also after it failed."""
    done: list[int] = []
    third = asyncio.Event()

    async def do() -> None:
        done.append(len(done))
        if len(done) == 3:
            third.set()
        raise StoreUnavailable("gone") if len(done) == 1 else RuntimeError("a defect")

    async with running(Bench(chores=[Chore("sweep", do, timedelta(seconds=0.001))])):
        await asyncio.wait_for(third.wait(), 5)


async def test_no_more_pieces_at_a_time_than_slots() -> None:
    """A lane never does more at a time than it may."""
    going, most = 0, 0

    async def work(_: Piece) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await asyncio.sleep(0)
        going -= 1

    bench = Bench([str(number) for number in range(20)], work)
    async with running(bench, slots=3):
        await bench.until(lambda: len(bench.done) == 20)
    assert most == 3


async def test_a_lane_that_goes_first_says_so_while_it_is_at_it() -> None:
    """The deletions' lane goes ahead with its claims and its work, and every other lane behind it."""
    ahead = 0

    @contextmanager
    def first() -> Iterator[None]:
        nonlocal ahead
        ahead += 1
        yield
        ahead -= 1

    seen: dict[str, int] = {}

    async def work(piece: Piece) -> None:
        seen[piece.label] = ahead

    quick, other = Bench(["deletion"], work), Bench(["card"], work)
    lanes = [replace(quick.lane(), first=True), other.lane()]
    worker = Worker(lanes, [], Wakeup(), quick.taken_over.append, first)
    task = asyncio.create_task(worker.run())
    await quick.until(lambda: bool(quick.done))
    await other.until(lambda: bool(other.done))
    worker.stop()
    await asyncio.wait_for(task, 5)
    assert seen == {"deletion": 1, "card": 0}
    assert ahead == 0


async def test_a_lease_is_kept_up_ahead_of_other_work() -> None:
    """Leases don't run out because their keeping waits for work that waits for a lock."""
    ahead = 0

    @contextmanager
    def first() -> Iterator[None]:
        nonlocal ahead
        ahead += 1
        yield
        ahead -= 1

    bench, seen, free = Bench(["card"]), list[int](), asyncio.Event()

    async def work(_: Piece) -> None:
        await free.wait()

    async def keep(_: Piece) -> None:
        seen.append(ahead)
        free.set()

    bench.work = work
    worker = Worker([replace(bench.lane(), keep=keep)], [], Wakeup(), bench.taken_over.append, first)
    task = asyncio.create_task(worker.run())
    await bench.until(lambda: bool(bench.done))
    worker.stop()
    await asyncio.wait_for(task, 5)
    assert set(seen) == {1}


async def test_no_work_is_taken_while_paused() -> None:
    """A worker that may take no work now leaves it where it is, and takes it afterwards (I3)."""
    bench, asked, paused = Bench(["one"]), False, True

    def is_paused() -> bool:
        nonlocal asked
        asked = True
        bench.changed.set()
        return paused

    wakeup = Wakeup()
    worker = Worker([bench.lane()], (), wakeup, bench.taken_over.append, paused=is_paused)
    task = asyncio.create_task(worker.run())
    await bench.until(lambda: asked or bench.done == ["one"])
    assert bench.pieces == ["one"]
    paused = False
    wakeup(["bench"])
    await bench.until(lambda: bench.done == ["one"])
    worker.stop()
    await task
