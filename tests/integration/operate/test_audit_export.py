"""The audit as programs read it: complete, in order, safe to open, in the same memory whatever its size."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store import SqlTrail
from bot.domain.audit import Facts, link_hash
from bot.domain.coupon import CouponCode
from bot.domain.event import Event, EventKind
from bot.domain.people import Person
from bot.operate.audit.export import COLUMNS, Format, write
from bot.services.ports.store import EVERYTHING, Chosen
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.operate.test_audit import execute, record
from tests.integration.stored import store_new, submitted

_MANY = 20_000
_MEMORY = 8 * 2**20
_CODE = CouponCode("SUMMER2025")
_INSERT_MANY = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)
    INSERT INTO events (id, at, kind, request_id, code, actor_id, actor_name, data, previous, hash)
    SELECT n, n, 'coupon.read', 'CG-1', 'SUMMER2025', 'U1', 'Ann', :data, 'p', 'h' FROM numbers
"""


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


def _event(bench: Bench, **changes: Any) -> Event:
    values: dict[str, Any] = {"kind": EventKind.COUPON_READ, "at": bench.clock.tick(60), **changes}
    return Event(**values)


async def _exported(bench: Bench, form: Format = Format.JSONL, chosen: Chosen = EVERYTHING) -> str:
    out = io.BytesIO()
    async with SqlTrail(bench.url) as trail:
        await write(trail, chosen, form, out.write)
    return out.getvalue().decode("utf-8")


async def _ids(bench: Bench, **chosen: Any) -> list[int]:
    lines = (await _exported(bench, chosen=Chosen(**chosen))).splitlines()
    return [json.loads(line)["id"] for line in lines]


async def test_json_lines_hold_all_that_was_hashed(bench: Bench) -> None:
    """From each line its hash can be computed anew, so that an export proves the same as the database."""
    who = Person("U1", "Ånn “A” <b>")
    await record(
        bench.store,
        _event(bench, request="CG-1", code=_CODE, actor=who, data={"z": 1, "a": [None, 1.5, "é\n\ud800"]}),
        _event(bench),
    )
    previous = "0" * 64
    for number, line in enumerate((await _exported(bench)).splitlines(), start=1):
        found = json.loads(line)
        assert tuple(found) == COLUMNS
        since = datetime.fromisoformat(found["at"]) - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        facts = Facts(
            at=since // timedelta(microseconds=1),
            kind=found["kind"],
            request_id=found["request"],
            code=found["code"],
            actor_id=found["actor_id"],
            actor_name=found["actor_name"],
            data=json.dumps(found["data"], separators=(",", ":")),
        )
        assert (found["id"], found["previous"]) == (number, previous)
        previous = link_hash(number, facts, previous)
        assert found["hash"] == previous


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(tmp_path: Path, begin: str) -> None:
    """A name that a spreadsheet would carry out is given an apostrophe; everything else stays as it is."""
    name = f'{begin}HYPERLINK("https://bad.example", "Ann, née B")\n'
    async with bench_on("sqlite", tmp_path) as bench:
        await record(bench.store, _event(bench, actor=Person("U1", name), data={"message": "=1+1"}))
        heading, row = list(csv.reader(io.StringIO(await _exported(bench, Format.CSV), newline="")))
    assert tuple(heading) == COLUMNS
    cells = dict(zip(heading, row, strict=True))
    assert cells["actor_name"] == f"'{name}"
    assert json.loads(cells["data"]) == {"message": "=1+1"}
    assert (cells["id"], cells["at"], cells["code"]) == ("1", "2026-03-01T03:01:00.000000+00:00", "")


async def test_an_empty_export_has_its_heading(bench: Bench) -> None:
    """Where nothing was chosen, CSV still says what its columns are, and JSON Lines is empty."""
    assert await _exported(bench, Format.CSV) == ",".join(COLUMNS) + "\r\n"
    assert await _exported(bench) == ""


async def test_times_choose_events(bench: Bench) -> None:
    """Events from `since` on and before `until` are exported, to the microsecond."""
    events = [_event(bench) for _ in range(4)]
    await record(bench.store, *events)
    assert await _ids(bench, since=events[1].at) == [2, 3, 4]
    assert await _ids(bench, until=events[1].at) == [1]
    assert await _ids(bench, since=events[1].at, until=events[3].at) == [2, 3]
    assert await _ids(bench, since=events[1].at + timedelta(microseconds=1)) == [3, 4]


async def test_a_request_chooses_events(bench: Bench) -> None:
    """With a request, its own events are exported and no others."""
    await record(bench.store, _event(bench, request="CG-1"), _event(bench, request="CG-2"), _event(bench))
    assert await _ids(bench, request="CG-2") == [2]


async def test_a_code_chooses_its_whole_story(bench: Bench) -> None:
    """With a code, in whatever case, come its own events and those of its requests, but no other code's."""
    request = submitted(bench.clock.now(), _CODE, CouponCode("OTHERCODE"))
    await store_new(bench.store, request)
    mine = request.origin.id
    await record(
        bench.store,
        _event(bench, request=mine, kind=EventKind.COMMAND),
        _event(bench, request=mine, code=_CODE),
        _event(bench, request=mine, code="OTHERCODE"),
        _event(bench, request="CG-OTHER", kind=EventKind.COMMAND),
        _event(bench, request="CG-GONE", code=_CODE.title()),
    )
    assert await _ids(bench, code=_CODE.lower()) == [1, 2, 5]


async def test_any_size_takes_the_same_memory(bench: Bench) -> None:
    """Exporting 20,000 events needs no more memory than some pages of them."""
    await execute(bench.url, _INSERT_MANY, many=_MANY, data=json.dumps({"message": "x" * 300}))
    lines = 0

    def count(part: bytes) -> None:
        nonlocal lines
        lines += part.count(b"\n")

    async with SqlTrail(bench.url) as trail:
        tracemalloc.start()
        await write(trail, EVERYTHING, Format.JSONL, count)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert lines == _MANY
    assert peak < _MEMORY
