"""How much of what can be done to the audit is found: by `audit verify` alone, and by a noted count and hash.

Single ways, with their places and on both databases, are in `tests/integration/operate/test_audit.py`. Here
all of them are gone through for twelve events, and counted; the figures stand in `docs/security.md`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.adapters.store import SqlTrail
from bot.domain.audit import EMPTY, Facts, Head, Link, advance, link_hash
from bot.domain.event import Event, EventKind
from bot.domain.people import Person
from bot.operate.audit.verify import verify
from tests.integration.databases import Bench, bench_on
from tests.integration.operate.test_audit import record

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "security.md"
_EVENTS = 12
_FACTS = tuple(Facts.__dataclass_fields__)
# What the table takes for no value; the others may not be missing.
_OPTIONAL = {"request_id", "code", "actor_id", "actor_name"}


@dataclass(frozen=True)
class Chain:
    """The audit as it is stored: its rows, whatever their ids, and its head."""

    links: tuple[Link, ...]
    head: Head | None


Tampering = Callable[[Chain], Iterator[Chain]]


def _with(chain: Chain, place: int, link: Link) -> Chain:
    return replace(chain, links=(*chain.links[:place], link, *chain.links[place + 1 :]))


def _facts(link: Link, **changes: Any) -> Link:
    return replace(link, facts=replace(link.facts, **changes))


def _hashed(link: Link) -> Link:
    """Return an event with the hash that it would have."""
    return replace(link, hash=link_hash(link.id, link.facts, link.previous))


def _rechained(links: Sequence[Link]) -> Chain:
    """Return events as one who writes the whole chain anew, head included, would store them."""
    head, made = EMPTY, list[Link]()
    for number, link in enumerate(links, start=1):
        made.append(_hashed(replace(link, id=number, previous=head.last_hash)))
        head = advance(head, made[-1])
    return Chain(tuple(made), head)


# ---------------------------------------------------------------- what can be done


def _other_values(link: Link, other: Link) -> Iterator[Link]:
    """Yield an event with one value changed: to another, to the one of another event, or to none."""
    for name in _FACTS:
        values = {
            getattr(other.facts, name),
            7 if name == "at" else "x",
            *([None] if name in _OPTIONAL else []),
        }
        for value in values - {getattr(link.facts, name)}:
            yield _facts(link, **{name: value})


def a_value_changed(chain: Chain) -> Iterator[Chain]:
    """Change each value of each event, its hashes and its id included."""
    for place, link in enumerate(chain.links):
        other = chain.links[place - 1]
        hashes = [
            replace(link, previous=other.hash),
            replace(link, hash=other.hash),
            replace(link, id=link.id + 100),
        ]
        for changed in (*_other_values(link, other), *hashes):
            if changed != link:
                yield _with(chain, place, changed)


def a_value_changed_and_hashed_anew(chain: Chain) -> Iterator[Chain]:
    """Change each value of each event, and its own hash to fit."""
    for place, link in enumerate(chain.links):
        for changed in _other_values(link, chain.links[place - 1]):
            yield _with(chain, place, _hashed(changed))


def an_event_removed(chain: Chain) -> Iterator[Chain]:
    """Remove each event, and leave the rest."""
    for place in range(len(chain.links)):
        yield replace(chain, links=chain.links[:place] + chain.links[place + 1 :])


def two_neighbours_swapped(chain: Chain) -> Iterator[Chain]:
    """Let each two neighbours change places."""
    for place in range(len(chain.links) - 1):
        one, other = chain.links[place : place + 2]
        swapped = (replace(other, id=one.id), replace(one, id=other.id))
        yield replace(chain, links=(*chain.links[:place], *swapped, *chain.links[place + 2 :]))


def an_event_slipped_in(chain: Chain) -> Iterator[Chain]:
    """Slip an event in at each place, copied from elsewhere, or made to fit the one before it."""
    for place in range(len(chain.links) + 1):
        before = chain.links[place - 1].hash if place else EMPTY.last_hash
        copied = replace(chain.links[place // 2], id=place + 1)
        later = tuple(replace(link, id=link.id + 1) for link in chain.links[place:])
        for slipped in (copied, _hashed(_facts(replace(copied, previous=before), data="{}"))):
            yield replace(chain, links=(*chain.links[:place], slipped, *later))


def the_end_cut_off(chain: Chain) -> Iterator[Chain]:
    """Remove the last event, the last two, and so on to all."""
    for kept in range(len(chain.links)):
        yield replace(chain, links=chain.links[:kept])


def rewritten_from_an_event_on(chain: Chain) -> Iterator[Chain]:
    """Change each event, and chain all that follow anew."""
    for place, link in enumerate(chain.links):
        changed = _rechained((*chain.links[:place], _facts(link, data="{}"), *chain.links[place + 1 :]))
        yield replace(changed, head=chain.head)


def the_head_changed(chain: Chain) -> Iterator[Chain]:
    """Change each value of the head, set it back to each event, and remove it."""
    assert chain.head is not None
    yield replace(chain, head=None)
    yield replace(chain, head=EMPTY)
    for name in ("last_id", "count"):
        for value in (getattr(chain.head, name) - 1, getattr(chain.head, name) + 1):
            yield replace(chain, head=replace(chain.head, **{name: value}))
    for link in chain.links[:-1]:
        yield replace(chain, head=Head(link.id, link.hash, link.id))


def the_end_cut_off_and_the_head_set_back(chain: Chain) -> Iterator[Chain]:
    """Remove events from the end, and let the head say that nothing was there."""
    for cut in the_end_cut_off(chain):
        yield _rechained(cut.links)


def rewritten_from_an_event_on_head_included(chain: Chain) -> Iterator[Chain]:
    """Change each event, and write all that follows and the head anew."""
    for changed in rewritten_from_an_event_on(chain):
        yield _rechained(changed.links)


TAMPERINGS: tuple[Tampering, ...] = (
    a_value_changed,
    a_value_changed_and_hashed_anew,
    an_event_removed,
    two_neighbours_swapped,
    an_event_slipped_in,
    the_end_cut_off,
    rewritten_from_an_event_on,
    the_head_changed,
    the_end_cut_off_and_the_head_set_back,
    rewritten_from_an_event_on_head_included,
)


# ---------------------------------------------------------------- how much of it is found


@dataclass(frozen=True)
class Found:
    """How many of the ways were found: by verifying alone, and by a count and a hash noted before."""

    tried: int
    alone: int
    noted: int


def _stored(database: sqlite3.Connection) -> Chain:
    names = ", ".join(_FACTS)
    rows = database.execute(f"SELECT id, previous, hash, {names} FROM events ORDER BY id")  # noqa: S608
    links = [Link(row[0], Facts(**dict(zip(_FACTS, row[3:], strict=True))), row[1], row[2]) for row in rows]
    return Chain(
        tuple(links), Head(*database.execute("SELECT last_id, last_hash, count FROM audit_head").fetchone())
    )


def _store(database: sqlite3.Connection, chain: Chain) -> None:
    """Put a chain in place of the stored one, as someone does who has the database to themselves."""
    with database:
        database.execute("DELETE FROM events")
        database.execute("DELETE FROM audit_head")
        for link in chain.links:
            row = {"id": link.id, **asdict(link.facts), "previous": link.previous, "hash": link.hash}
            marks = ", ".join(f":{name}" for name in row)
            database.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608
        if chain.head is not None:
            database.execute(
                "INSERT INTO audit_head VALUES (1, :last_id, :last_hash, :count)", asdict(chain.head)
            )


async def _try(tampering: Tampering, chain: Chain, database: sqlite3.Connection, trail: SqlTrail) -> Found:
    tried = alone = noted = 0
    for changed in tampering(chain):
        assert changed != chain
        _store(database, changed)
        verified = await verify(trail)
        tried += 1
        alone += verified.fault is not None
        noted += verified.fault is not None or verified.sound != chain.head
    return Found(tried, alone, noted)


def _event(bench: Bench, number: int) -> Event:
    """Return an event; some are about no code or no request, and some are nobody's."""
    return Event(
        kind=EventKind.DECISION if number % 2 else EventKind.COUPON_READ,
        at=bench.clock.tick(60),
        request=f"CG-{number}" if number % 4 else None,
        code=f"SUMMER{number:02}" if number % 3 else None,
        actor=Person(f"U{number}", f"Ann {number}") if number % 5 else None,
        data={"number": number},
    )


async def test_the_document_says_how_much_tampering_is_found(tmp_path: Path) -> None:
    """All is found but a rewrite with the head, and that by a note; the document has the figures."""
    figures = dict[str, Found]()
    async with bench_on("sqlite", tmp_path) as bench:
        await record(bench.store, *(_event(bench, number) for number in range(_EVENTS)))
    with closing(sqlite3.connect(tmp_path / "coupons.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        chain = _stored(database)
        async with SqlTrail(bench.url) as trail:
            assert (await verify(trail)).sound == chain.head
            for tampering in TAMPERINGS:
                name = tampering.__name__.replace("_", " ").replace(" head included", ", head included")
                figures[name] = await _try(tampering, chain, database, trail)
    assert all(found.noted == found.tried for found in figures.values())
    assert {name for name, found in figures.items() if found.alone < found.tried} == {
        "the end cut off and the head set back",
        "rewritten from an event on, head included",
    }
    rows = re.findall(
        r"^\| (\w[\w ,]+) \| (\d+) \| (\d+) \| (\d+) \|$", _DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    assert {name: Found(*map(int, numbers)) for name, *numbers in rows} == figures
