"""Claims: when stored work is due, and how one worker, of any number, takes it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    RowMapping,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.engine.engine import Database
from bot.adapters.store.engine.keeping import require_kept
from bot.adapters.store.schema import Instant, homes, items, notices, requests
from bot.adapters.store.server import Server
from bot.domain.errors import LostClaim
from bot.domain.item.deletion import AnyState, Waiting, is_final, is_gone
from bot.domain.item.freeze import Freeze, Underway
from bot.domain.rate import MANY
from bot.services.ports.home import HomeClaim
from bot.services.ports.store import LEASE, Claim, NoticeClaim


@dataclass(frozen=True)
class Taken:
    """A row as it is right after it was claimed. taken_over: from someone whose lease ran out."""

    row: Row[Any]
    taken_over: bool


async def take(database: Database, table: Table, now: datetime, lease: timedelta) -> Taken | None:
    """Claim the row of `table` that is due the longest; None: nothing is due."""
    async with database.look_up() as connection:
        # Nothing is due most of the time, and finding that out should not take the lock for writing.
        if (await run(connection, oldest_due(table), {"now": now})).first() is None:
            return None
    async with database.write() as connection:
        found = (await run(connection, _to_take(table), {"now": now})).first()
        if found is None:
            return None
        key = {f"its_{key.name}": getattr(found, key.name) for key in table.primary_key.columns}
        new = {"token": secrets.token_hex(16), "until": now + lease}
        row = (await run(connection, _taking(table), key | new)).one()
    # A worker that gives work back clears the lease, so one that is still there was never given back.
    return Taken(row, found.lease_until is not None)


@cache
def oldest_due(table: Table) -> Select[Any]:
    """Return the query for the key, and the lease, of what is to be claimed next: due the longest, if any.

    Its parameter is `now`.
    """
    now = bindparam("now", type_=Instant)
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    # What is left of a request of many codes comes after everything else.
    rank = (items.c.position >= MANY, table.c.due_at) if table is items else (table.c.due_at,)
    return (
        select(*table.primary_key.columns, table.c.lease_until)
        .where(table.c.due_at <= now, free)
        .order_by(*rank)
        .limit(1)
    )


@cache
def _to_take(table: Table) -> Select[Any]:
    oldest = oldest_due(table)
    # SQLite leaves FOR UPDATE out: there, only one transaction writes at a time anyway.
    return oldest.with_for_update(skip_locked=True)


@cache
def _taking(table: Table) -> Executable:
    until = bindparam("until", type_=Instant)
    return (
        update(table)
        .where(*_at_its_key(table))
        .values(
            # The work is due again when the lease ends; a change in between moves this to an earlier time.
            due_at=until,
            claim_token=bindparam("token"),
            lease_until=until,
            attempts=table.c.attempts + 1,
        )
        .returning(*table.c)
    )


async def overdue(connection: Connection, table: Table, now: datetime) -> timedelta:
    """Return for how long the oldest due work has been due, claimed or not; zero if none is."""
    oldest = select(func.min(table.c.due_at)).where(table.c.due_at <= now)
    return now - ((await run(connection, oldest)).scalar() or now)


AnyClaim = Claim | NoticeClaim | HomeClaim


async def keep(database: Database, claim: AnyClaim, now: datetime, lease: timedelta) -> None:
    """Let a lease end at `now + lease`. Raises LostClaim if it has ended."""
    table = table_of(claim)
    times = {"now": now, "until": now + lease}
    async with database.write() as connection:
        if (await run(connection, _keeping(table), place_of(claim) | times)).rowcount != 1:
            raise _lost()


@cache
def _keeping(table: Table) -> Update:
    until = bindparam("until", type_=Instant)
    # What became due by a change in between stays due at that time.
    due = case((table.c.due_at == table.c.lease_until, until), else_=table.c.due_at)
    return update(table).where(claimed(table), _lasts(table)).values(lease_until=until, due_at=due)


async def renew(connection: Connection, claim: Claim, now: datetime, server: Server) -> str | None:
    """Let a lease that is held end a whole lease from now, and return who the server is; None: it can't tell.

    Raises LostClaim if it is not held, and StoreUnavailable if the server may forget what is committed.
    """
    times = {"now": now, "until": now + LEASE}
    renewing = _renewing(table_of(claim), server)
    found = (await run(connection, renewing, place_of(claim) | times)).first()
    if found is None:
        raise _lost()
    require_kept(found.keeps)
    identity: str | None = found.identity
    return identity


@cache
def _renewing(table: Table, server: Server) -> Executable:
    told = (server.identity.label("identity"), server.keeps.label("keeps"))
    return _keeping(table).returning(*told)


async def wake(connection: Connection, now: datetime) -> None:
    """Make all work due, and let no lease last longer than one that is taken now.

    Work that waits for a time that a clock gave which has been set back since would wait for as long as that.
    Looked at too early, it is put off again.
    """
    # The newer before the older, and each before its items, as everyone does: see `Entry.move`.
    await run(connection, _with_later_work, {"now": now})
    for table in WORK:
        await run(connection, _waking(table), {"now": now, "until": now + LEASE})


WORK = (requests, items, notices, homes)
_later = bindparam("now", type_=Instant)
_with_later_work = (
    select(requests.c.id)
    .where(
        or_(
            requests.c.due_at > _later,
            exists().where(items.c.request_id == requests.c.id, items.c.due_at > _later),
        )
    )
    .order_by(requests.c.opened_at.desc(), requests.c.id.desc())
    .with_for_update()
)


@cache
def _waking(table: Table) -> Executable:
    now, until = (bindparam(name, type_=Instant) for name in ("now", "until"))
    lease = case((table.c.lease_until > until, until), else_=table.c.lease_until)
    return update(table).where(table.c.due_at > now).values(due_at=now, lease_until=lease)


def table_of(claim: AnyClaim) -> Table:
    """Return the table that holds what was claimed."""
    if isinstance(claim, HomeClaim):
        return homes
    if isinstance(claim, NoticeClaim):
        return notices
    return requests if claim.position is None else items


@cache
def claimed(table: Table) -> ColumnElement[bool]:
    """Return the condition for the row of a claim as long as its token is still the one.

    Its parameters are those of `place_of`.
    """
    return and_(*_at_its_key(table), table.c.claim_token == bindparam("its_token"))


def place_of(claim: AnyClaim) -> dict[str, Any]:
    """Return the values of the parameters of `claimed`."""
    token = {"its_token": claim.token}
    if isinstance(claim, HomeClaim):
        return {"its_person": claim.person, **token}
    if isinstance(claim, NoticeClaim):
        return {"its_id": claim.notice.id, **token}
    if claim.position is None:
        return {"its_id": claim.request_id, **token}
    return {"its_request_id": claim.request_id, "its_position": claim.position, **token}


def _at_its_key(table: Table) -> list[ColumnElement[bool]]:
    return [key == bindparam(f"its_{key.name}") for key in table.primary_key.columns]


def _lasts(table: Table) -> ColumnElement[bool]:
    return table.c.lease_until > bindparam("now", type_=Instant)


_request = select(requests.c.id).where(*_at_its_key(requests)).with_for_update()


async def lock_request(connection: Connection, request_id: str) -> None:
    """Lock a request. It is locked before its items, always, so that no two transactions can deadlock."""
    await run(connection, _request, {"its_id": request_id})


async def hold(connection: Connection, claim: Claim, now: datetime) -> None:
    """Lock the row of a claim. Raises LostClaim if someone else has it, or if the lease has run out."""
    if claim.position is not None:
        await lock_request(connection, claim.request_id)
    held = _held(table_of(claim))
    if (await run(connection, held, place_of(claim) | {"now": now})).first() is None:
        raise _lost()


@cache
def _held(table: Table) -> Select[Any]:
    return select(table.c.claim_token).where(claimed(table), _lasts(table)).with_for_update()


async def row_behind(connection: Connection, claim: Claim, now: datetime) -> RowMapping:
    """Return the row of the request of a claim, without a lock. Raises LostClaim as `hold` does."""
    given = place_of(claim) | {"of_request": claim.request_id, "now": now}
    row = (await run(connection, _of_held(table_of(claim)), given)).mappings().first()
    if row is None:
        raise _lost()
    return row


@cache
def _of_held(table: Table) -> Select[Any]:
    its_request = requests.c.id == bindparam("of_request")
    is_held = and_(claimed(table), _lasts(table))
    return select(requests).where(its_request, is_held if table is requests else exists().where(is_held))


def _lost() -> LostClaim:
    return LostClaim("The lease ran out, or the work is done.")


# Slack allows about one update of a message a second; while items are deleted, the card changes faster.
# Of many codes it changes for a long time, and nobody reads along that closely.
CARD_PACE, CARD_PACE_OF_MANY = timedelta(seconds=1), timedelta(seconds=5)


def paced(drawn_at: datetime | None, now: datetime, *, many: bool) -> datetime:
    """Return when the card of an approved request may be drawn again."""
    pace = CARD_PACE_OF_MANY if many else CARD_PACE
    # Drawn in the future: the clock was set back since.
    return now if drawn_at is None or drawn_at > now else max(now, drawn_at + pace)


def request_due(row: RowMapping, now: datetime) -> datetime | None:
    """Return when a request is due by its state: to be read, drawn, reminded of, expired or told.

    A failed request has no card to draw: it is due until it was told.
    """
    state, settled = row["state"], row["told"] or row["given_up"]
    if state == "submitted":
        return now
    if state == "failed":
        return None if settled else now
    if row["version"] > row["drawn_version"]:
        return paced(row["drawn_at"], now, many=row["bulk"] is not None) if state == "approved" else now
    if state == "pending":
        return _waiting_due(row)
    if row["ended_at"] is not None and not settled:
        return now
    return None


def retry_due(row: RowMapping, due: datetime) -> datetime:
    """Return when a request is due whose holder gives it back to be tried again at `due`.

    A change by someone else, which moved `due_at` off the end of the lease, is worked on first, and a
    deadline is not slept through. Nobody is reminded of a card that is out of date: that waits with it.
    """
    sooner = [due]
    if row["due_at"] is not None and row["due_at"] != row["lease_until"]:
        sooner.append(row["due_at"])
    if row["state"] == "pending":
        is_drawn = row["drawn_version"] >= row["version"]
        sooner.append(_waiting_due(row) if is_drawn else row["approve_by"])
    return min(sooner)


def _waiting_due(row: RowMapping) -> datetime:
    """Return when a request that waits for people is due: to remind them, or at its deadline."""
    times: list[datetime] = [row["approve_by"]]
    if row["remind_at"] is not None:
        times.append(row["remind_at"])
    return min(times)


def item_due(
    approved: bool, state: AnyState, freeze: Freeze, now: datetime, stop_until: datetime | None = None
) -> datetime | None:
    """Return when an item is due: only an approved request has anything to send, reconcile or confirm.

    A freeze is carried on whatever the request's state, unless the coupon is gone. stop_until: nothing is
    deleted before; a freeze under way does not wait for that.
    """
    deletion = approved and not is_final(state)
    if not deletion:
        return now if isinstance(freeze, Underway) and not is_gone(state) else None
    waits = isinstance(state, Waiting) and not isinstance(freeze, Underway)
    return max(now, stop_until) if stop_until is not None and waits else now
