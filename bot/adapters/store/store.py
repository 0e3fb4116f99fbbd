"""The store: what the services know as the port `Store`, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, true, update

from bot.adapters.store.claims import WORK, claimed, keep, overdue, place_of, row_behind, take, wake
from bot.adapters.store.clock import Sample
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Courtesy, connect
from bot.adapters.store.engine.pooler import require_own_process
from bot.adapters.store.homes import SqlHomes
from bot.adapters.store.load import from_row, load, load_one
from bot.adapters.store.rate import SqlRate
from bot.adapters.store.room import Room
from bot.adapters.store.rows import delivery_of, notice_of
from bot.adapters.store.schema import events, items, notices, requests
from bot.adapters.store.server import SQLITE, server_of
from bot.adapters.store.transaction import SqlTransaction
from bot.adapters.store.untold import refused_are_due, untold
from bot.domain.coupon import CouponCode, code_key
from bot.domain.event import Event
from bot.domain.policy import Sight
from bot.domain.rate import Plan
from bot.domain.request.request import Request
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Delivery, Holder, NoticeClaim, OpenRequest, Untold

_drop_notice = delete(notices).where(claimed(notices))
_put_back_notice = update(notices).where(claimed(notices))
_time = select(func.clock_timestamp())
_newest = select(events.c.at).order_by(events.c.id.desc()).limit(1)
# What holds work, in the order in which rows are locked.


def _with_code(code: CouponCode) -> Select[tuple[str]]:
    return select(items.c.request_id).where(items.c.code_key == code_key(code))


# Where the card of a request is: Slack may have given its channel another id since it was asked there.
_channel = func.coalesce(requests.c.card_moved_to, requests.c.channel)


def _covered(sight: Sight | None) -> ColumnElement[bool]:
    """Return what `Sight.covers` says, as a condition on `requests`."""
    if sight is None or sight.channels is None:
        return true()
    return or_(requests.c.requester_id == sight.person, _channel.in_(sight.channels))


class SqlStore:
    """Requests, their items, audit events and private notices, kept durably.

    url: `sqlite:///file.db`, `postgres://` or `postgresql://`, migrated before. on_commit: called after every
    transaction that changed something, unless its maker was cancelled meanwhile, with the audit events that
    were committed in it, maybe none; a claim
    by itself is no change, since it makes nothing due. on_due: called before that with the sorts of work
    (`requests`, `items`, `notices`, `homes`) that the transaction made due, now or later, if there are
    any. Raises StoreError for a URL that can't be used. homes: whose Home tab is to be published. rate: the
    calls to Vivoldi that all replicas share. courtesy: who comes first; None: nobody. uncertain: returns why
    the clock can't be relied on now, so that nothing may be sent; None: it can.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        on_commit: Callable[[Sequence[Event]], None],
        on_due: Callable[[Collection[str]], None] = lambda _: None,
        courtesy: Courtesy | None = None,
        uncertain: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._database = connect(url, courtesy)
        self._clock = clock
        self._uncertain = uncertain
        self._server = SQLITE
        self._on_commit = on_commit
        self._on_due = on_due
        self.homes = SqlHomes(self._database, clock, on_commit, on_due)
        self.rate = SqlRate(self._database, clock)
        self._room = Room(self._database)

    async def open(self) -> None:
        """Make sure that the database can be reached and worked with, and see which one it is.

        Raises StoreUnavailable, and StoreError behind a pooler that can't be worked with.
        """
        await self.ping()
        if self._database.file is None:
            await require_own_process(self._database)
        self._server = await server_of(self._database)

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction. It rolls back unless the block ends without an exception.

        Raises StoreUnavailable if the database can't be reached or stays locked.
        """
        async with self._database.write() as connection:
            transaction = SqlTransaction(connection, self._clock, self._server, self._uncertain)
            yield transaction
            await transaction.finish()
        if transaction.due:
            self._on_due(transaction.due)
        if transaction.changed:
            self._on_commit(transaction.recorded)

    async def claim_request(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one request that is due: to be read, drawn, expired or told. None: nothing is due."""
        taken = await take(self._database, requests, now, lease)
        if taken is None:
            return None
        row = taken.row
        return Claim(row.id, None, row.claim_token, row.attempts, taken.taken_over)

    async def claim_item(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one item that is due: to be sent, reconciled or confirmed. None: nothing is due."""
        taken = await take(self._database, items, now, lease)
        if taken is None:
            return None
        row = taken.row
        return Claim(row.request_id, row.position, row.claim_token, row.attempts, taken.taken_over)

    async def claim_notice(self, now: datetime, lease: timedelta) -> NoticeClaim | None:
        """Take one private notice that is due. None: nothing is due."""
        taken = await take(self._database, notices, now, lease)
        if taken is None:
            return None
        row = taken.row
        return NoticeClaim(notice_of(row._mapping), row.claim_token, row.attempts, taken.taken_over)

    async def keep(self, claim: Claim | NoticeClaim, now: datetime, lease: timedelta) -> None:
        """Let the lease of a claim end later: at `now + lease`. Raises LostClaim if it has ended."""
        await keep(self._database, claim, now, lease)

    async def finish_notice(self, claim: NoticeClaim, due: datetime | None) -> None:
        """Drop a delivered (or hopeless) notice, or make it due again at `due`.

        If someone else took the notice over meanwhile, nothing happens.
        """
        mine = place_of(claim)
        later = {"due_at": due, "claim_token": None, "lease_until": None}
        async with self._database.write() as connection:
            if due is None:
                await run(connection, _drop_notice, mine)
            else:
                await run(connection, _put_back_notice, mine | later)
        self._on_commit(())

    async def channels(self, code: CouponCode | None = None) -> Collection[str]:
        """Return where the open requests were asked, or those, open or not, that a code was ever in."""
        chosen = requests.c.ended_at.is_(None) if code is None else requests.c.id.in_(_with_code(code))
        async with self._database.look_up() as connection:
            return set((await run(connection, select(_channel).where(chosen).distinct())).scalars())

    async def open_requests(self, limit: int, within: Sight | None = None) -> Sequence[OpenRequest]:
        """Return the open requests, oldest first, at most `limit`. within: see the port."""
        chosen = and_(requests.c.ended_at.is_(None), _covered(within))
        async with self._database.read() as connection:
            return await load(connection, chosen, limit=limit)

    async def find(self, request_id: str) -> OpenRequest | None:
        """Return a request, open or not, with the place of its card, without locking it."""
        async with self._database.read() as connection:
            return await load_one(connection, request_id)

    async def look(self, claim: Claim, now: datetime) -> tuple[Request, Delivery]:
        """Return the claimed request, and how far it has been shown, without locking it.

        Raises LostClaim if the claim is not held at `now`.
        """
        async with self._database.read() as connection:
            row = await row_behind(connection, claim, now)
            return (await from_row(connection, row)).request, delivery_of(row)

    async def history(
        self, code: CouponCode, limit: int, within: Sight | None = None
    ) -> Sequence[OpenRequest]:
        """Return the requests, open or not, that a code was ever in, in whatever case; the newest first.

        within: see the port.
        """
        newest = (
            select(requests.c.id)
            .where(requests.c.id.in_(_with_code(code)), _covered(within))
            .order_by(requests.c.opened_at.desc(), requests.c.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = await load(connection, requests.c.id.in_(newest))
        return tuple(reversed(found))

    async def overdue(self, now: datetime) -> Mapping[str, timedelta]:
        """Return for how long the oldest due work of each lane has been due; zero if none is."""
        async with self._database.read() as connection:
            return {table.name: await overdue(connection, table, now) for table in WORK}

    async def untold(self, before: datetime) -> Sequence[Untold]:
        """Return the outcomes of requests that ended before a time and wait to be told, the oldest first."""
        async with self._database.read() as connection:
            return await untold(connection, before)

    async def taken(self, codes: Sequence[CouponCode]) -> Mapping[CouponCode, Holder]:
        """Return which of the codes are in open requests, in whatever case, and in which."""
        keys = {code_key(code): code for code in codes}
        held = (
            select(items.c.code_key, requests.c.id, _channel.label("channel"), requests.c.requester_id)
            .join(requests, items.c.request_id == requests.c.id)
            .where(items.c.open, items.c.code_key.in_(keys))
        )
        async with self._database.look_up() as connection:
            found = (await run(connection, held)).all()
        return {keys[row.code_key]: Holder(row.id, row.channel, row.requester_id) for row in found}

    async def has_room(self, plan: Plan) -> bool:
        """Tell whether requests of many codes have calls left now, of those that all replicas make."""
        return await self.rate.has_room(plan)

    async def sample(self, elapsed: Callable[[], float]) -> Sample:
        """Ask for the database's time. elapsed: counts seconds in this process. Raises StoreUnavailable.

        On SQLite that is the time of the machine.
        """
        async with self._database.look_up() as connection:
            postgres, before = connection.dialect.name == "postgresql", elapsed()
            time = (await run(connection, _time)).scalar_one() if postgres else datetime.now(UTC)
            return Sample(before, time.astimezone(UTC), elapsed())

    async def newest(self) -> datetime | None:
        """Return the time of the audit event that was written last, if there is any."""
        async with self._database.look_up() as connection:
            newest: datetime | None = (await run(connection, _newest)).scalar()
        return newest

    async def wake(self, now: datetime) -> None:
        """Make all work due that waits for a later time, and let leases that last too long end in time."""
        async with self._database.write() as connection:
            await wake(connection, now)
        self._on_due({table.name for table in WORK})

    async def retry_refused(self) -> None:
        """Make due what Slack did not take, at the pace of telling: it may be mended by now."""
        async with self._database.write() as connection:
            await refused_are_due(connection, self._clock.now())
        self._on_due({requests.name, notices.name})

    async def ping(self) -> None:
        """Make sure that the database answers. Raises StoreUnavailable."""
        async with self._database.look_up() as connection:
            await run(connection, select(1))

    async def require_room(self) -> None:
        """Make sure that a command could be stored now. Raises StoreError; its text says why it could not."""
        await self._room.require()
