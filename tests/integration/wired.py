"""The services as the bot connects them, on a real SQLite file, with fakes in place of Slack and Vivoldi."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.adapters.store import SqlStore, SqlTrail, migrate
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.coupon import CouponCode
from bot.domain.event import Event, EventKind
from bot.domain.item.deletion import AnyState
from bot.domain.people import Person
from bot.domain.policy import Policy, Verdict
from bot.domain.request.request import Failed, Request, Submitted
from bot.run.worker import Lane
from bot.services.asked.click import Action, Click
from bot.services.asked.command import Accepted, Answer, SlashCommand
from bot.services.ports.store import LEASE, Delivery
from bot.settings import Settings
from bot.wiring import Services
from handlers.render.card import Cards
from handlers.render.home import HomeBlocks
from sandbox.audit import recorded
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CHANNEL,
    CODE,
    DANA,
    RIKA,
    TEAM,
    a_coupon,
    a_policy,
    on_call,
    standing,
)
from tests.fakes import FakeChannels, FakeCoupons, FakeMessenger, FakePeople, FixedClock, Fuse

LEASE_SECONDS = LEASE.total_seconds()
# More than any test gives the worker to do at once.
_MOST_WORK = 200
SETTINGS = Settings.model_construct(vivoldi_timezone=UTC, vivoldi_timeout_seconds=10.0)


def _nothing() -> None:
    """What happens at a commit unless a test says otherwise."""


@dataclass
class Commits:
    """Hears of every commit. heard: its events. fuse: burns with each. then: what else happens after it."""

    fuse: Fuse = field(default_factory=Fuse)
    heard: list[Event] = field(default_factory=list)
    then: Callable[[], None] = _nothing

    def __call__(self, committed: Sequence[Event]) -> None:
        """Hear of a commit."""
        self.heard += committed
        self.fuse.burn()
        self.then()


@dataclass
class Wired:
    """The services, and what they work with. Dana may give step 2; Amir, Bea and Rika are on call."""

    folder: Path
    store: SqlStore
    policy: Policy = field(default_factory=a_policy)
    committed: Commits = field(default_factory=Commits)
    clock: FixedClock = field(default_factory=FixedClock)
    coupons: FakeCoupons = field(default_factory=FakeCoupons)
    people: FakePeople = field(default_factory=FakePeople)
    channels: FakeChannels = field(default_factory=FakeChannels)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    def __post_init__(self) -> None:
        self.coupons.fuse = self.messenger.fuse = self.fuse
        self.coupons.store(a_coupon())
        self.people.put(on_call(AMIR), on_call(BEA), on_call(RIKA), standing(DANA), standing(CARL))

    @property
    def fuse(self) -> Fuse:
        """What kills the program."""
        return self.committed.fuse

    @property
    def services(self) -> Services:
        """Return the services by the policy as it is now."""
        return Services(
            self.store,
            self.coupons,
            self.people,
            self.channels,
            self.messenger,
            Cards("https://guard.slack.com/"),
            self.policy,
            self.clock,
            self.store.homes,
            HomeBlocks("https://guard.slack.com/"),
        )

    @property
    def lanes(self) -> Sequence[Lane[Any]]:
        """Return the worker's lanes."""
        return self.services.lanes(SETTINGS)

    # ------------------------------------------------------------ what people do

    async def command(self, text: str, by: Person = RIKA, channel: str = CHANNEL, team: str = TEAM) -> Answer:
        """Type a command."""
        typed = SlashCommand(
            user=by.id, team=team, channel=channel, text=text, reply_url="https://reply.example"
        )
        return await self.services.submit(TEAM)(typed)

    async def ask(self, text: str = CODE, by: Person = RIKA) -> str:
        """Ask for a deletion, and return the id of the request once its card is up."""
        answer = await self.command(text, by)
        assert isinstance(answer, Accepted), answer
        await self.drain()
        return answer.request_id

    async def click(self, action: Action, by: Person, request_id: str, **changes: Any) -> Verdict:
        """Click a button on the card as it stands; changes: what is otherwise about the click."""
        found = await self.store.find(request_id)
        click: dict[str, Any] = {
            "action": action,
            "user": by.id,
            "team": TEAM,
            "channel": CHANNEL,
            "request_id": request_id,
            "version": found.request.version if found else 1,
            "message_ts": found.card_ts if found else None,
        }
        return await self.services.decide(TEAM, SETTINGS)(Click(**{**click, **changes}))

    async def approve(self, request_id: str, first: Person = AMIR, final: Person = BEA) -> None:
        """Give both approvals; nothing is deleted before `drain`."""
        for person in (first, final):
            assert await self.click(Action.APPROVE, person, request_id) is Verdict.ALLOWED

    async def approved(self, text: str = CODE) -> str:
        """Ask for a deletion and approve it."""
        request_id = await self.ask(text)
        await self.approve(request_id)
        return request_id

    # ------------------------------------------------------------ what the worker does

    async def drain(self) -> None:
        """Do everything that is due now, and what becomes due by it. Fails where that has no end."""
        lanes, busy, left = self.lanes, True, _MOST_WORK
        while busy:
            busy = False
            for lane in lanes:
                while (claim := await lane.claim()) is not None:
                    await lane.work(claim)
                    busy, left = True, left - 1
                    assert left, f"the work never ends: {lane.name}.{claim.label}"

    async def run(self, seconds: float, step: float = 5) -> None:
        """Let time pass, and do what is due."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            await self.drain()

    # ------------------------------------------------------------ what came of it

    async def request(self, request_id: str) -> Request:
        """Return a request as it is stored."""
        found = await self.store.find(request_id)
        assert found is not None
        return found.request

    async def states(self, request_id: str) -> dict[CouponCode, AnyState]:
        """Return the state of each item."""
        request = await self.request(request_id)
        assert not isinstance(request, Submitted | Failed)
        return {item.code: item.state for item in request.items}

    async def state(self, request_id: str, code: CouponCode = CODE) -> AnyState:
        """Return the state of one item."""
        return (await self.states(request_id))[code]

    async def delivery(self, request_id: str) -> Delivery:
        """Return how far a request has been shown."""
        async with self.store.transaction() as tx:
            return await tx.delivery(request_id)

    async def sql(self, statement: str) -> None:
        """Change what is stored, past every rule of the program."""
        database = connect(url_in(self.folder))
        try:
            async with database.write() as connection:
                await run(connection, text(statement))
        finally:
            await database.close()

    async def events(self, kind: EventKind | None = None) -> list[Event]:
        """Return the audit events, of one kind or all."""
        async with SqlTrail(url_in(self.folder)) as trail:
            return [event for event in await recorded(trail) if kind in (None, event.kind)]

    async def kinds(self) -> list[EventKind]:
        """Return the kinds of all audit events, in their order."""
        return [event.kind for event in await self.events()]


def url_in(folder: Path) -> str:
    """Return the URL of the database in a folder."""
    return f"sqlite:///{folder / 'coupons.db'}"


@asynccontextmanager
async def wired_on(folder: Path, **policy: Any) -> AsyncIterator[Wired]:
    """Connect the services on a new database; policy: what is otherwise about the rules."""
    url, committed, clock = url_in(folder), Commits(), FixedClock()
    await migrate(url)
    async with SqlStore(url, clock, committed) as store:
        yield Wired(folder, store, a_policy(**policy), committed, clock)
