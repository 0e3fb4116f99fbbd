"""The database's clock as a process keeps it: between answers, and when that clock jumps (I3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.adapters.store.clock import MEASURE_EVERY, DatabaseClock, Sample
from bot.domain.errors import StoreUnavailable
from bot.services.ports.store import LEASE
from tests.builders import NOW

HOUR, DAY = 3600.0, 86_400.0
# Every replica has found out about a jump, or stopped, when its last good answer is too old; and a lease.
SETTLED = 15 + LEASE.total_seconds()


@dataclass
class Database:
    """A database with its clock; `world` counts the seconds that really pass.

    ahead: by how many seconds its clock is ahead of the time. took: the seconds until the answer. told: what
    was recorded last. woken: the times at which work was made due.
    """

    world: float = 0.0
    ahead: float = 0.0
    took: float = 0.0
    told: datetime | None = None
    woken: list[datetime] = field(default_factory=list)
    down: bool = False

    @property
    def time(self) -> datetime:
        return NOW + timedelta(seconds=self.world + self.ahead)

    async def sample(self, elapsed: Callable[[], float]) -> Sample:
        if self.down:
            raise StoreUnavailable("down")
        before, time = elapsed(), self.time
        self.world += self.took
        return Sample(before, time, elapsed())

    async def newest(self) -> datetime | None:
        return self.told

    async def wake(self, now: datetime) -> None:
        if self.down:
            raise StoreUnavailable("down")
        self.woken.append(now)


async def begun(database: Database, counted_before: float = 0.0) -> DatabaseClock:
    """Return a clock that has begun on a machine that had counted so many seconds by then."""
    clock = DatabaseClock(lambda: counted_before + database.world)
    await clock.begin(database)
    return clock


async def measured(clock: DatabaseClock, database: Database, seconds: float) -> None:
    """Let time pass, and ask as often as the bot does."""
    every = MEASURE_EVERY.total_seconds()
    for _ in range(int(seconds / every)):
        database.world += every
        await clock.measure(database)


def off(clock: DatabaseClock, database: Database) -> float:
    """Return by how many seconds the clock is ahead of the database's."""
    return (clock.now() - database.time).total_seconds()


async def test_every_machine_has_the_databases_time() -> None:
    """Whatever a machine counts, its time is the database's, and goes on with it between the answers."""
    database = Database(ahead=HOUR)
    one, other = await begun(database), await begun(database, counted_before=12_345.6)
    database.world += 4.9
    assert abs(off(one, database)) < 1e-3
    assert abs(off(other, database)) < 1e-3
    assert one.trouble() is None


async def test_there_is_no_time_before_the_first_answer() -> None:
    """Nothing is leased by a time that nobody told."""
    clock = DatabaseClock()
    with pytest.raises(StoreUnavailable):
        clock.now()
    assert clock.trouble() is not None


async def test_an_answer_that_took_too_long_tells_no_time() -> None:
    """A round trip of some seconds is no ground for leases: at the start the bot says so."""
    with pytest.raises(StoreUnavailable):
        await begun(Database(took=2.1))
    database = Database()
    clock = await begun(database)
    database.took = 2.1
    await measured(clock, database, 20)
    assert clock.trouble() is not None


async def test_a_slow_answer_moves_nothing() -> None:
    """How long each way took is not known: what is known already is kept as far as the answer allows."""
    database = Database()
    clock = await begun(database)
    database.took = 1.9
    await measured(clock, database, 60)
    assert abs(off(clock, database)) < 1e-3
    assert clock.trouble() is None


async def test_of_several_answers_the_quickest_counts() -> None:
    """A slow first answer is made up for by the next ones."""
    database = Database(took=1.8)
    clock = await begun(database)
    assert abs(off(clock, database)) == pytest.approx(0.9, abs=0.01)
    database.took = 0.01
    await measured(clock, database, 5)
    assert abs(off(clock, database)) < 0.02


async def test_a_drift_is_made_up_for() -> None:
    """A clock that is a little fast or slow is followed, and no work waits for that."""
    database = Database()
    clock = await begun(database)
    for _ in range(100):
        database.ahead += 0.05
        await measured(clock, database, 5)
        assert clock.trouble() is None
        assert abs(off(clock, database)) < 1e-3


async def test_a_time_that_is_no_longer_told_is_no_time() -> None:
    """Where the database has not answered for a while, no work is taken until it does."""
    database = Database()
    clock = await begun(database)
    database.world += 15.1
    assert clock.trouble() is not None
    await clock.measure(database)
    assert clock.trouble() is None


@pytest.mark.parametrize("seconds", [12, -12, HOUR, -HOUR, DAY, -DAY])
async def test_nothing_is_taken_until_everyone_knows_of_a_jump(seconds: float) -> None:
    """After a jump no work is taken, by the old time or the new one, until all leases from before ended."""
    database = Database()
    clock = await begun(database)
    database.ahead += seconds
    await measured(clock, database, 5)
    for _ in range(int(SETTLED / 5) - 1):
        assert clock.trouble() is not None
        assert off(clock, database) == pytest.approx(-seconds)
        await measured(clock, database, 5)
    await measured(clock, database, 10)
    assert clock.trouble() is None
    assert abs(off(clock, database)) < 1e-3


@pytest.mark.parametrize(("seconds", "wakes"), [(HOUR, 0), (-HOUR, 1)])
async def test_work_does_not_wait_for_as_long_as_the_clock_was_set_back(seconds: float, wakes: int) -> None:
    """What was due soon is due an hour later by a clock that was set back: it is made due."""
    database = Database()
    clock = await begun(database)
    database.ahead += seconds
    await measured(clock, database, 40)
    assert len(database.woken) == wakes
    assert all(abs((database.time - woken).total_seconds()) < 20 for woken in database.woken)


async def test_a_wake_that_failed_is_made_up_for() -> None:
    """Without the database nothing can be made due; until then the jump is not over."""
    database = Database()
    clock = await begun(database)
    database.ahead -= HOUR
    await measured(clock, database, 25)
    waking = database.wake

    async def fails(now: datetime) -> None:
        raise StoreUnavailable("down")

    database.wake = fails  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await measured(clock, database, 20)
    assert clock.trouble() is not None
    database.wake = waking  # type: ignore[method-assign]
    await measured(clock, database, 5)
    assert (clock.trouble(), len(database.woken)) == (None, 1)


async def test_a_jump_that_is_taken_back_changes_nothing() -> None:
    """A day ahead for a few seconds: the time goes on as it was, and so does the work."""
    database = Database()
    clock = await begun(database)
    database.ahead += DAY
    await measured(clock, database, 10)
    database.ahead -= DAY
    await measured(clock, database, 5)
    assert clock.trouble() is None
    assert abs(off(clock, database)) < 1e-3
    assert not database.woken


async def test_a_jump_after_a_jump_is_waited_for_as_well() -> None:
    """The wait begins anew with each jump."""
    database = Database()
    clock = await begun(database)
    for _ in range(3):
        database.ahead += 60
        await measured(clock, database, 20)
        assert clock.trouble() is not None
    await measured(clock, database, 30)
    assert clock.trouble() is None


@pytest.mark.parametrize(("later", "wakes"), [(None, 0), (-5.0, 0), (0.5, 0), (HOUR, 1)])
async def test_a_clock_that_was_set_back_while_no_bot_ran(later: float | None, wakes: int) -> None:
    """Where something was recorded at a later time than now, what waits is made due at the start."""
    told = None if later is None else NOW + timedelta(seconds=later)
    database = Database(told=told)
    await begun(database)
    assert len(database.woken) == wakes


@dataclass
class Failing(Database):
    """A database that fails after the start. asked: whether it was asked again three times by then."""

    error: Exception = field(default_factory=Exception)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def sample(self, elapsed: Callable[[], float]) -> Sample:
        self.world += 1
        if self.world == 6:
            self.asked.set()
        if self.world > 3:
            raise self.error
        return await super().sample(elapsed)


async def test_the_time_is_asked_for_until_the_end() -> None:
    """Whatever the database answers, it is asked again; nothing but the end stops that."""
    database, ended = Failing(error=StoreUnavailable("down")), asyncio.Event()
    clock = DatabaseClock(lambda: 0.0)
    async with clock.kept(database, ended.set, every=timedelta(0)):
        await database.asked.wait()
        assert not ended.is_set()


async def test_a_clock_that_can_ask_no_more_ends_the_bot() -> None:
    """An error that nobody expected is not passed over: the bot is told to stop, and says why at its end."""
    database, ended = Failing(error=ZeroDivisionError()), asyncio.Event()
    with pytest.raises(ZeroDivisionError):
        async with DatabaseClock(lambda: 0.0).kept(database, ended.set, every=timedelta(0)):
            await ended.wait()
