"""Whose Home tab is to be published: a row for each person who ever opened theirs.

`shown` is the digest of what Slack shows, NULL if that is not known; `rest_until` is when the Home may be
looked at again, so that a burst of changes ends in one publish of the last state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Case,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.store import claims
from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.engine.engine import Database
from bot.adapters.store.load import load
from bot.adapters.store.schema import Instant, homes, requests
from bot.domain.errors import LostClaim
from bot.domain.event import Event
from bot.domain.home import KEPT_FOR, LAST_OUTCOMES, PACE
from bot.services.ports.home import HomeClaim
from bot.services.ports.outside import Clock
from bot.services.ports.store import OpenRequest

# More open requests than anyone can take in; `/coupon-delete list` has the rest.
_MOST_OPEN = 100

# Nothing is going to look at these: they are idle, or were looked at before the change.
_settled = or_(homes.c.due_at.is_(None), homes.c.due_at == homes.c.lease_until)
# Locked in one order, so that two changes at once can't wait for each other.
_kept = (
    select(homes.c.person)
    .where(homes.c.opened_at > bindparam("since", type_=Instant), _settled)
    .order_by(homes.c.person)
    .with_for_update()
)


class SqlHomes:
    """Implements the port `Homes`. on_commit, on_due: as those of the store."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_commit: Callable[[Sequence[Event]], None],
        on_due: Callable[[Collection[str]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._on_commit = on_commit
        self._on_due = on_due

    async def opened(self, person: str) -> None:
        """Store that someone looks at their Home, so that it is published, whatever it showed before."""
        now = self._clock.now()
        async with self._database.write() as connection:
            again = {"opened_at": now, "due_at": _due(now), "shown": None}
            adding = _adding(connection.dialect.name).values(person=person, opened_at=now, due_at=now)
            await run(connection, adding.on_conflict_do_update(index_elements=[homes.c.person], set_=again))
        self._on_due({homes.name})
        self._on_commit(())

    async def claim(self, now: datetime, lease: timedelta) -> HomeClaim | None:
        """Take one Home that is due. None: nothing is due."""
        taken = await claims.take(self._database, homes, now, lease)
        if taken is None:
            return None
        row = taken.row
        return HomeClaim(row.person, row.shown, row.claim_token, row.attempts, taken.taken_over)

    async def keep(self, claim: HomeClaim, now: datetime, lease: timedelta) -> None:
        """Let the lease of a claim end later: at `now + lease`. Raises LostClaim if it has ended."""
        await claims.keep(self._database, claim, now, lease)

    async def board(self, person: str, *, others: bool) -> Sequence[OpenRequest]:
        """Return the open requests, and those that ended last: a person's own, and those of others too.

        A request that failed is its requester's alone.
        """
        own = requests.c.requester_id == person
        still_open = and_(requests.c.ended_at.is_(None), true() if others else own)
        seen = or_(own, requests.c.state != "failed") if others else own
        last = (
            select(requests.c.id)
            .where(requests.c.ended_at.is_not(None), seen)
            .order_by(requests.c.ended_at.desc())
            .limit(LAST_OUTCOMES)
        )
        async with self._database.read() as connection:
            return (
                *await load(connection, still_open, limit=_MOST_OPEN),
                *await load(connection, requests.c.id.in_(last)),
            )

    async def done(self, claim: HomeClaim, shown: str | None) -> None:
        """Give a claim back. Raises LostClaim if someone else has it; it is then published once more."""
        rest = self._clock.now() + PACE
        untouched = homes.c.due_at == homes.c.lease_until
        after = case((homes.c.due_at > rest, homes.c.due_at), else_=literal(rest, Instant))
        await self._give_back(
            claim,
            {
                # Made due meanwhile: what Slack shows may be behind, or not there any more.
                "shown": case((untouched, literal(shown, Text)), else_=None),
                "due_at": case((untouched, None), else_=after),
                "rest_until": rest,
                "attempts": 0,
            },
        )

    async def later(self, claim: HomeClaim, due: datetime) -> None:
        """Give a claim back, to be tried again at `due`. What Slack shows is not known until then.

        Raises LostClaim if someone else has it; it is then published once more.
        """
        await self._give_back(claim, {"due_at": due, "shown": None})

    async def all_later(self, due: datetime) -> None:
        """Let every Home that nobody works on now wait until `due`, which Slack asked for."""
        waiting = (
            select(homes.c.person)
            .where(homes.c.due_at < due, homes.c.lease_until.is_(None))
            .order_by(homes.c.person)
            .with_for_update()
        )
        async with self._database.write() as connection:
            people = (await run(connection, waiting)).scalars().all()
            if people:
                await run(connection, update(homes).where(homes.c.person.in_(people)).values(due_at=due))

    async def _give_back(self, claim: HomeClaim, values: Mapping[str, Any]) -> None:
        free = {"claim_token": None, "lease_until": None}
        async with self._database.write() as connection:
            held = update(homes).where(claims.claimed(homes)).values({**values, **free})
            lost = (await run(connection, held, claims.place_of(claim))).rowcount != 1
            if lost:
                # What this one published may have come after something newer.
                again = {"due_at": _due(self._clock.now()), "shown": None}
                await run(connection, update(homes).where(homes.c.person == claim.person).values(again))
        self._on_commit(())
        if lost:
            raise LostClaim("The lease ran out, or the work is done.")


def _adding(dialect: str) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(homes) if dialect == "sqlite" else postgresql.insert(homes)


async def make_due(connection: Connection, now: datetime) -> bool:
    """Make every Home due that is kept up to date, as soon as its pace allows. Returns whether any is."""
    people = (await run(connection, _kept, {"since": now - KEPT_FOR})).scalars().all()
    if people:
        await run(connection, update(homes).where(homes.c.person.in_(people)).values(due_at=_due(now)))
    return bool(people)


def _due(now: datetime) -> Case[datetime | None]:
    """Return when a Home that has changed is due: at its pace; if a try is put off, at that time."""
    this_moment = literal(now, Instant)
    # A rest that is longer than any began before the clock was set back.
    resting = homes.c.rest_until.between(this_moment, literal(now + PACE, Instant))
    paced: ColumnElement[datetime] = case((resting, homes.c.rest_until), else_=this_moment)
    return case((_settled, paced), else_=homes.c.due_at)
