"""Refusals that repeat: how often, since the one that was recorded and told (decision record 21)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.schema import Instant, refusals
from bot.domain.people import Person
from bot.services.ports.store import Clicked, Refusal, Repeated, Typed

_MOST = 100  # in one transaction
_TYPED = "command"  # in place of the name of a button

_key = tuple(refusals.primary_key)
_again = (
    update(refusals)
    .where(and_(*(column == bindparam(f"its_{column.name}") for column in _key)))
    .values(repeats=refusals.c.repeats + 1)
)


def _begin(adding: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    """One statement, so that of two clicks at once only one is the first."""
    over = refusals.c.until <= bindparam("now", type_=Instant)
    return adding.on_conflict_do_update(
        index_elements=list(_key), set_={"until": adding.excluded.until}, where=over
    )


_first = {
    "sqlite": _begin(sqlite.insert(refusals)).returning(refusals.c.person),
    "postgresql": _begin(postgresql.insert(refusals)).returning(refusals.c.person),
}


async def is_repeated(connection: Connection, refusal: Refusal, now: datetime, until: datetime) -> bool:
    """Count a refusal if the same one is not over yet, and say so; else it is the first one, until then."""
    action, version = _stored(refusal.what)
    row = {
        "person": refusal.person.id,
        "request_id": refusal.request_id or "",
        "verdict": refusal.verdict,
        "person_name": refusal.person.name,
        "action": action,
        "version": version,
        "until": until,
    }
    first = await run(connection, _first[connection.dialect.name], row | {"now": now})
    if first.first() is not None:
        return False
    await run(connection, _again, {f"its_{column.name}": row[column.name] for column in _key})
    return True


async def take_over(connection: Connection, now: datetime) -> Sequence[Repeated]:
    """Remove those that are over, a hundred at most, and return them."""
    # What someone else has locked is left to them: waiting for it, two could wait for each other.
    over = select(refusals).where(refusals.c.until <= now).order_by(*_key).limit(_MOST)
    rows = (await run(connection, over.with_for_update(skip_locked=True))).all()
    if rows:
        each = (
            and_(*(column == value for column, value in zip(_key, row[: len(_key)], strict=True)))
            for row in rows
        )
        await run(connection, delete(refusals).where(or_(*each)))
    return tuple(_repeated(row) for row in rows)


def _stored(what: Clicked | Typed | None) -> tuple[str, int]:
    """Return the action and the version of what was refused."""
    match what:
        case Clicked(action, version):
            return action, version
        case Typed(slot):
            return _TYPED, slot
        case None:
            return "", 0


def _repeated(row: Row[Any]) -> Repeated:
    what = Typed(row.version) if row.action == _TYPED else Clicked(row.action, row.version)
    who = Person(row.person, row.person_name)
    return Repeated(
        Refusal(who, row.request_id or None, row.verdict, what if row.action else None), row.repeats
    )
