"""What was saved is what is read, in every state and with anything in it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.coupon import CouponCode, NotShown, Shown
from bot.domain.errors import StoreError
from bot.domain.item.deletion import Changed, Deleted, Item, NotSent, Refused, Sending, Unknown, Waiting
from bot.domain.item.restore import Created, Creating, Deletion, Draft, NotCreated, ToCreate, Unclear
from bot.domain.people import Grants, Person
from bot.domain.request.request import (
    Approved,
    Cancelled,
    Decision,
    Expired,
    Failed,
    Finished,
    Origin,
    Pending,
    Rejected,
    Request,
    Step,
    Stop,
    Submitted,
    codes_of,
)
from tests.builders import CODE
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import code, store_new, store_next, submitted

_TIME = st.datetimes(timezones=st.just(UTC))
# PostgreSQL keeps no NUL character in a text, and Slack sends none.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_VERSION = st.integers(2, 2**31 - 1)
_GRANTS = st.builds(Grants, st.frozensets(_TEXT), st.frozensets(_TEXT))


@dataclass(frozen=True)
class Running:
    """A bench with the loop that it lives in, for examples that Hypothesis runs one by one."""

    runner: asyncio.Runner
    bench: Bench


@pytest.fixture(params=KINDS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    opened = bench_on(request.param, tmp_path)
    with asyncio.Runner() as runner:
        yield Running(runner, runner.run(opened.__aenter__()))
        runner.run(opened.__aexit__(None, None, None))


def _person(user: str | None = None) -> st.SearchStrategy[Person]:
    return st.builds(Person, _TEXT if user is None else st.just(user), _TEXT)


def _whole(kind: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values of a kind with every field drawn, those with a default too."""
    drawn: dict[str, Any] = {field.name: ... for field in fields(kind)}
    return st.builds(kind, **{**drawn, **given})


def _items(codes: tuple[CouponCode, ...]) -> st.SearchStrategy[tuple[Item, ...]]:
    state = st.one_of(
        *(_whole(kind) for kind in (Waiting, Sending, Refused, Changed, NotSent)),
        _whole(Unknown, since=_TIME),
        _whole(Deleted, at=_TIME),
    )
    snapshot = st.one_of(st.builds(Shown), st.builds(NotShown))
    deletion = st.builds(Item, code=st.just(CODE), snapshot=snapshot, state=state)
    either = st.one_of(deletion, _restorations())
    return st.tuples(*(either.map(partial(_of, one)) for one in codes))


def _of(code: CouponCode, item: Item) -> Item:
    return replace(item, code=code)


def _restorations() -> st.SearchStrategy[Item]:
    state = st.one_of(
        *(_whole(kind) for kind in (ToCreate, Creating, NotCreated)),
        _whole(Unclear, since=_TIME),
        _whole(Created, at=_TIME),
    )
    draft = _whole(Draft, deletion=_whole(Deletion, at=_TIME))
    return st.builds(Item, code=st.just(CODE), snapshot=st.builds(NotShown), state=state, draft=draft)


@st.composite
def _requests(draw: st.DrawFn, kind: type[Any]) -> Request:
    codes = tuple(code() for _ in range(draw(st.integers(1, 3))))
    origin = st.builds(
        Origin,
        id=st.builds(lambda: uuid.uuid4().hex),
        team=_TEXT,
        channel=_TEXT,
        requester=_person(),
        reason=_TEXT,
        opened_at=_TIME,
        first=_GRANTS,
        final=_GRANTS,
    )
    review = st.builds(Decision, st.just(Step.REVIEW), _person("U1"), _TIME, _TEXT)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "origin": origin,
        "codes": st.just(codes),
        "items": _items(codes),
        "version": st.just(1) if kind is Submitted else _VERSION,
        "review": review if kind in (Approved, Finished) else st.none() | review,
        "final": st.builds(Decision, st.just(Step.FINAL), _person("U2"), _TIME, _TEXT),
        "by": _person(),
        "detail": _TEXT,
        **dict.fromkeys(("approve_by", "execute_by", "ended_at"), _TIME),
        "stop_until": st.none() | _TIME,
        "stopped": st.none() | st.builds(Stop, _person(), _TIME),
    }
    names = kind.__dataclass_fields__
    drawn: Request = draw(st.builds(kind, **{name: of for name, of in fields.items() if name in names}))
    return drawn


@pytest.mark.parametrize(
    "kind", [Submitted, Pending, Approved, Finished, Rejected, Cancelled, Expired, Failed]
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_state_makes_the_round_trip(running: Running, kind: type[Request], data: st.DataObject) -> None:
    """A request is read exactly as it was saved, whatever its state."""
    running.runner.run(_make_round_trip(running.bench, data.draw(_requests(kind))))


async def _make_round_trip(bench: Bench, request: Request) -> None:
    first = Submitted(origin=request.origin, codes=codes_of(request))
    await store_new(bench.store, first)
    if request != first:
        await store_next(bench.store, request)
    async with bench.other.transaction() as tx:
        assert await tx.get(request.origin.id) == request
    found = await bench.other.find(request.origin.id)
    assert found is not None
    assert found.request == request


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=9))])
async def test_a_time_is_stored_with_its_zone_only(tmp_path: Path, zone: tzinfo | None) -> None:
    """A time is kept as the instant that it is; one that could be any instant is refused."""
    time = datetime(2026, 3, 1, 12, tzinfo=zone)
    async with bench_on("sqlite", tmp_path) as bench:
        if zone is None:
            with pytest.raises(StoreError):
                await store_new(bench.store, submitted(time))
        else:
            stored = await store_new(bench.store, submitted(time))
            found = await bench.store.find(stored.origin.id)
            assert found is not None
            assert found.request.origin.opened_at == datetime(2026, 3, 1, 3, tzinfo=UTC)
