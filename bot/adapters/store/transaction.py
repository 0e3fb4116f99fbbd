"""One transaction: what a service reads and writes together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, RowMapping, Table, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.store import claims, refusals
from bot.adapters.store import rows as mapping
from bot.adapters.store.audit import append, last_trouble
from bot.adapters.store.claims import item_due, paced, request_due, retry_due
from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.homes import make_due
from bot.adapters.store.load import load_one, load_row
from bot.adapters.store.schema import UNTOLD, Instant, decisions, homes, items, notices, requests
from bot.adapters.store.server import Server
from bot.adapters.store.snapshots import SqlSnapshots
from bot.adapters.store.states import freeze_of
from bot.adapters.store.untold import refused_by_are_due
from bot.domain.coupon import CouponCode, code_key
from bot.domain.errors import CodeTaken, StoreError, StoreUnavailable
from bot.domain.event import Event, Notice
from bot.domain.item.deletion import Item, fate_of, is_final, may_be_gone
from bot.domain.item.freeze import Freeze, Frozen, LaterRequest, NotDone, Underway, can_be_unfrozen, has_date
from bot.domain.request.request import Approved, Failed, Request, Submitted, decisions_of, is_ended
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Delivery, Place, Refusal, Repeated

_add_request, _add_notice = insert(requests), insert(notices)


def _unless_taken(adding: sqlite.Insert | postgresql.Insert) -> Executable:
    # A refused row is left out and not an error, which on PostgreSQL would end the whole transaction.
    free = adding.on_conflict_do_nothing(index_elements=[items.c.code_key], index_where=items.c.open)
    return free.returning(items.c.position)


_add_codes = {
    "sqlite": _unless_taken(sqlite.insert(items)),
    "postgresql": _unless_taken(postgresql.insert(items)),
}

_change_item = update(items).where(
    items.c.request_id == bindparam("of_request"), items.c.position == bindparam("at_position")
)
_free_codes = update(items).where(items.c.request_id == bindparam("of_request"))
_with_code_later = (
    select(
        items.c.request_id, items.c.open, items.c.freeze, items.c.state, items.c.detail, requests.c.channel
    )
    .join(requests, requests.c.id == items.c.request_id)
    .where(
        items.c.code_key == bindparam("key"),
        requests.c.id != bindparam("its_id"),
        or_(items.c.open, requests.c.opened_at > bindparam("since", type_=Instant)),
    )
    .order_by(requests.c.opened_at.desc(), requests.c.id.desc())
)
_with_code_before = (
    select(items.c.request_id, items.c.freeze)
    .join(requests, requests.c.id == items.c.request_id)
    .where(
        items.c.code_key == bindparam("key"),
        requests.c.id != bindparam("its_id"),
        requests.c.opened_at <= bindparam("since", type_=Instant),
    )
    .order_by(requests.c.opened_at.desc(), requests.c.id.desc())
)
_change_request = update(requests).where(requests.c.id == bindparam("its_id"))
# What is locked is looked at again in a moment.
_with_old_url = (
    select(requests.c.id)
    .where(
        or_(requests.c.ended_at.is_(None), UNTOLD),
        requests.c.reply_url.is_not(None),
        requests.c.opened_at < bindparam("before", type_=Instant),
    )
    .with_for_update(skip_locked=True)
)
_forget_url = _change_request.values(reply_url=None)
_drop_outcome = delete(notices).where(notices.c.id == bindparam("its_id"), notices.c.outcome)
_change_same = _change_request.where(requests.c.version == bindparam("its_version"))


@cache
def _add_decision(server: Server) -> Executable:
    return insert(decisions).values(server=server.identity)


@cache
def _identity(server: Server) -> Executable:
    return select(server.identity)


@cache
def _mine(table: Table) -> Executable:
    return select(table).where(claims.claimed(table)).with_for_update()


@cache
def _change_mine(table: Table) -> Executable:
    return update(table).where(claims.claimed(table))


_IDLE = {"due_at": None, "claim_token": None, "lease_until": None, "attempts": 0}


class SqlTransaction:
    """Implements the port `Transaction` on one connection.

    server: what is asked about who commits it. uncertain: see `SqlStore`. changed: whether anything was
    written. due: the tables in which it made work due. recorded: its audit events, in their order.
    """

    def __init__(
        self, connection: Connection, clock: Clock, server: Server, uncertain: Callable[[], str | None]
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._server = server
        self._uncertain = uncertain
        self._loaded: dict[str, Request] = {}
        self._held: set[str] = set()
        self._locked: set[str] = set()
        self._shown_anew = False
        self._taken_again: set[str] = set()
        self._rows: dict[str, RowMapping] = {}
        self.snapshots = SqlSnapshots(connection)
        self.changed = False
        self.due: set[str] = set()
        self.recorded: list[Event] = []

    # ------------------------------------------------------------ requests

    async def add(self, request: Submitted, reply_url: str | None) -> None:
        """Store a new request. Raises CodeTaken if one of its codes is in an open request."""
        self.changed = True
        self.due.add(requests.name)
        row = mapping.origin_row(request.origin, reply_url) | mapping.request_row(request)
        await run(self._connection, _add_request, row | {"due_at": self._clock.now()})
        await self._add_codes([mapping.code_row(request, position) for position in range(len(request.codes))])

    async def _add_codes(self, rows: list[dict[str, Any]]) -> None:
        # The holder of a code may let go of it between the refusal and the look, hence the second try.
        for _ in range(2):
            adding = _add_codes[self._connection.dialect.name]
            added = set((await run(self._connection, adding, rows)).scalars())
            rows = [row for row in rows if row["position"] not in added]
            if not rows:
                return
            code = rows[0]["code"]
            holder = select(items.c.request_id).where(items.c.code_key == code_key(code), items.c.open)
            found = (await run(self._connection, holder)).scalar()
            if found is not None:
                raise CodeTaken(code, found)
        raise StoreError("The codes could not be reserved.")

    async def get(self, request_id: str) -> Request | None:
        """Return the request, locked until the transaction ends, or None."""
        found = await load_one(self._connection, request_id, lock=True)
        if found is None:
            return None
        self._loaded[request_id] = found.request
        return found.request

    async def save(self, request: Request) -> None:
        """Store the next state of a request that `get` returned, and make what follows due now.

        Raises StoreError if the request was not read in this transaction, or was changed since.
        """
        self.changed = True
        now = self._clock.now()
        request_id = request.origin.id
        before = self._loaded.get(request_id)
        if before is None:
            raise StoreError(f"The request {request_id} is saved without having been read.")
        row = mapping.request_row(request)
        if request_id not in self._held:
            row["due_at"] = await self._changed_due(request, now)
            self.due.add(requests.name)
        same = {"its_id": request_id, "its_version": before.version}
        self._rows.pop(request_id, None)
        if (await run(self._connection, _change_same, row | same)).rowcount != 1:
            raise StoreError(f"The request {request_id} was changed by someone else meanwhile.")
        await self._save_decisions(before, request)
        await self._save_items(before, request, now)
        self._loaded[request_id] = request

    async def _changed_due(self, request: Request, now: datetime) -> datetime:
        if not isinstance(request, Approved):
            return now
        drawn_at = (await self._row(request.origin.id))["drawn_at"]
        return paced(drawn_at, now, many=request.origin.bulk is not None)

    async def _save_decisions(self, before: Request, after: Request) -> None:
        known = decisions_of(before)
        rows = [
            mapping.decision_row(after.origin.id, decision)
            for decision in decisions_of(after)
            if decision not in known
        ]
        if rows:
            await run(self._connection, _add_decision(self._server), rows)

    async def _save_items(self, before: Request, after: Request, now: datetime) -> None:
        changes = _changes(before, after, now)
        if any(row.get("due_at") is not None for row in changes.values()):
            self.due.add(items.name)
        # Many at a time, since each statement by itself would hold up everyone else for its round trip.
        by_columns = defaultdict(list)
        for position, row in changes.items():
            place = {"of_request": after.origin.id, "at_position": position}
            by_columns[frozenset(row)].append(row | place)
        for rows in by_columns.values():
            await run(self._connection, _change_item, rows)
        if is_ended(after) and not is_ended(before):
            await run(
                self._connection,
                _free_codes,
                {"of_request": after.origin.id, "open": False},
            )
            # What a freeze had kept is of no use if the coupon was not deleted after all.
            for position, item in enumerate(_items(after)):
                if not may_be_gone(item.state) and isinstance(item.freeze, Underway | Frozen | NotDone):
                    await self.snapshots.drop(Place(after.origin.id, position))

    async def taken_over(self, code: CouponCode, request: Request) -> LaterRequest | None:
        """Return the newest later request that holds a code of `request`, or froze or ended its coupon."""
        for row in await run(self._connection, _with_code_later, _about(code, request)):
            fate = None if row.open else fate_of(mapping.item_state_of(row.state, row.detail))
            if row.open or fate is not None or has_date(freeze_of(row.freeze)):
                return LaterRequest(row.request_id, fate, row.channel != request.origin.channel)
        return None

    async def frozen_before(self, code: CouponCode, request: Request) -> Sequence[str]:
        """Return the ids of the earlier requests that froze the coupon of a code; the newest first."""
        earlier = await run(self._connection, _with_code_before, _about(code, request))
        return [row.request_id for row in earlier if can_be_unfrozen(freeze_of(row.freeze))]

    # ------------------------------------------------------------ what people were shown

    async def delivery(self, request_id: str) -> Delivery:
        """Return how far the request has been shown. Raises StoreError if there is no such request."""
        return mapping.delivery_of(await self._row(request_id))

    async def deliver(self, request_id: str, delivery: Delivery) -> None:
        """Store how far the request has been shown. A drawn_version below the request's makes it due now."""
        self.changed = True
        now = self._clock.now()
        row = mapping.delivery_row(delivery) | {"drawn_at": now}
        if delivery.is_settled or delivery.was_shown:
            # It is for what ends without a card, and anyone who has it could write in the bot's name.
            row["reply_url"] = None
        stored = await self._row(request_id)
        self._shown_anew |= delivery.drawn_version > stored["drawn_version"]
        if stored["refused_by"] is not None and delivery.refused_by is None:
            self._taken_again.add(stored["refused_by"])
        if delivery.drawn_version < stored["version"] and request_id not in self._held:
            row["due_at"] = now
            self.due.add(requests.name)
        self._rows.pop(request_id, None)
        await run(self._connection, _change_request, row | {"its_id": request_id})

    async def reply_url(self, request_id: str) -> str | None:
        """Return the `response_url` of the command that opened the request."""
        url: str | None = (await self._row(request_id))["reply_url"]
        return url

    async def forget_reply_urls(self, before: datetime) -> None:
        """Forget the `response_url`s of requests that were opened before a time."""
        old = {"before": before}
        ids = (await run(self._connection, _with_old_url, old)).scalars().all()
        if ids:
            self._rows.clear()
            await run(self._connection, _forget_url, [{"its_id": each} for each in ids])

    async def _row(self, request_id: str) -> RowMapping:
        """Return the row of a request as it stands in this transaction."""
        if request_id not in self._rows:
            row = await load_row(self._connection, request_id)
            if row is None:
                raise StoreError(f"There is no request {request_id}.")
            self._rows[request_id] = row
        return self._rows[request_id]

    # ------------------------------------------------------------ claims

    async def hold(self, claim: Claim) -> None:
        """Lock the claimed row. Raises LostClaim if the lease ran out or someone took over."""
        await claims.hold(self._connection, claim, self._clock.now())
        self._locked.add(claim.request_id)
        if claim.position is None:
            self._held.add(claim.request_id)

    async def renew(self, claim: Claim) -> str | None:
        """Let the lease of a claim last for its whole length from now, and return who the server is.

        Raises LostClaim, and StoreUnavailable if the time is not certain, or a commit may be forgotten.
        """
        if (why := self._uncertain()) is not None:
            raise StoreUnavailable(why)
        self.changed = True
        return await claims.renew(self._connection, claim, self._clock.now(), self._server)

    async def server(self) -> str | None:
        """Return who the server is; None: it does not tell."""
        told: str | None = (await run(self._connection, _identity(self._server))).scalar()
        return told

    async def release(self, claim: Claim, due: datetime | None, *, anew: bool = False) -> None:
        """Give the claim back, to be looked at again at `due`, or when its state says so.

        anew: see the port.
        """
        table = claims.table_of(claim)
        if table is not requests and claim.request_id not in self._locked:
            await claims.lock_request(self._connection, claim.request_id)
        mine = claims.place_of(claim)
        row = (await run(self._connection, _mine(table), mine)).mappings().first()
        if row is None:
            return
        self.changed = True
        values: dict[str, Any] = {"claim_token": None, "lease_until": None, "due_at": due}
        if due is None or anew:
            values["attempts"] = 0
        if due is None:
            values["due_at"] = await self._due(claim, row)
        elif claim.position is None:
            values["due_at"] = retry_due(row, due)
        if values["due_at"] is not None:
            self.due.add(table.name)
        self._rows.pop(claim.request_id, None)
        await run(self._connection, _change_mine(table), mine | values)

    async def _due(self, claim: Claim, row: RowMapping) -> datetime | None:
        now = self._clock.now()
        if claim.position is None:
            return request_due(row, now)
        state = mapping.item_state_of(row["state"], row["detail"])
        request, freeze = await self._row(claim.request_id), freeze_of(row["freeze"])
        return item_due(request["state"] == "approved", state, freeze, now, request["stop_until"])

    # ------------------------------------------------------------ beside the change

    async def last_trouble(
        self, request_id: str, code: CouponCode | None = None, since: datetime | None = None
    ) -> str | None:
        """Return why the last of the request's reads that brought no answer did not; None: there was none.

        code: of reads of this one alone. since: of reads from then on alone.
        """
        return await last_trouble(self._connection, request_id, code, since)

    async def record(self, event: Event) -> None:
        """Append an audit event. It is written by `finish`."""
        self.changed = True
        self.recorded.append(event)

    async def notify(self, notice: Notice) -> None:
        """Store a private notice, due now."""
        self.changed = True
        self.due.add(notices.name)
        row = mapping.notice_row(notice) | {"due_at": self._clock.now()}
        await run(self._connection, _add_notice, row)

    async def drop_outcome(self, notice_id: str) -> bool:
        """Drop a notice that tells an outcome, undelivered. Returns whether there was one."""
        self.changed = True
        return (await run(self._connection, _drop_outcome, {"its_id": notice_id})).rowcount == 1

    async def is_repeated(self, refusal: Refusal, now: datetime, until: datetime) -> bool:
        """Count a refusal if the same one is not over yet, and say whether."""
        self.changed = True
        return await refusals.is_repeated(self._connection, refusal, now, until)

    async def repeated(self, now: datetime) -> Sequence[Repeated]:
        """Return, and forget, refusals that are over, a hundred at most; nothing: there are none left."""
        return await refusals.take_over(self._connection, now)

    async def finish(self) -> None:
        """Write what follows from the rest, the audit events as the last thing before the commit.

        A Home shows what cards show: it changes when they do, off the way of commands and clicks. What Slack
        takes of one request again, it may take of others: those that it refused by the same name are due.
        """
        now = self._clock.now()
        if self._taken_again and await refused_by_are_due(self._connection, self._taken_again, now):
            self.due.add(requests.name)
        if self._shown_anew and await make_due(self._connection, now):
            self.due.add(homes.name)
        if self.recorded:
            await append(self._connection, self.recorded)


def _changes(before: Request, after: Request, now: datetime) -> dict[int, dict[str, Any]]:
    """Return what changes about each item, by its position."""
    if isinstance(after, Submitted):
        known = before.readings if isinstance(before, Submitted) else ()
        return {
            position: mapping.reading_row(reading)
            for position, reading in enumerate(after.readings)
            if reading is not None and not (known and known[position])
        }
    old = _items(before)
    approved = isinstance(after, Approved) and not isinstance(before, Approved)
    changes = {}
    for position, item in enumerate(_items(after)):
        was = old[position] if old else None
        row = mapping.item_row(item) if item is not was and item != was else {}
        if approved or was is None or item.state != was.state or _is_another(item.freeze, was.freeze):
            row |= _item_work(after, item, now)
        if approved and after.origin.bulk is not None and row["due_at"] is not None:
            row["due_at"] += position * after.origin.bulk.every
        if row:
            changes[position] = row
    return changes


def _about(code: CouponCode, request: Request) -> dict[str, Any]:
    origin = request.origin
    return {"key": code_key(code), "its_id": origin.id, "since": origin.opened_at}


def _items(request: Request) -> tuple[Item, ...]:
    return () if isinstance(request, Submitted | Failed) else request.items


def _is_another(after: Freeze, before: Freeze) -> bool:
    """Tell whether a freeze began or ended; on its way, its holder says when to go on."""
    return not isinstance(after, type(before))


def _item_work(request: Request, item: Item, now: datetime) -> dict[str, Any]:
    """Return what a new state of an item means for its work: nothing more to do, or due with a fresh count.

    A claim on it goes on, for its holder made the change; but an end, such as a stop, takes it away, also
    if a freeze is left to carry on: the one who was deleting would go on with an item that has ended.
    """
    stop_until = request.stop_until if isinstance(request, Approved) else None
    due = item_due(isinstance(request, Approved), item.state, item.freeze, now, stop_until)
    if due is None or is_final(item.state):
        return _IDLE | {"due_at": due}
    return {"due_at": due, "attempts": 0}
