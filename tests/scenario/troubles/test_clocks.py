"""A real bot on a PostgreSQL whose clock is not the machine's, and is set back by an hour meanwhile (I3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from tests.judge.servers import judge
from tests.scenario.playing import BEA, Play, until
from tests.scenario.postgres import postgres
from tests.scenario.replicas import Fleet, a_fleet
from tests.scenario.told import CONFIRMED

pytestmark = pytest.mark.timeout(240)

_HOUR = timedelta(hours=1)
# A clock of the database's own, which shadows PostgreSQL's.
_CLOCK = (
    "CREATE SCHEMA skewed",
    "CREATE TABLE skewed.clock (ahead interval)",
    "INSERT INTO skewed.clock VALUES ('1 hour')",
    """
    CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
        $$ SELECT pg_catalog.clock_timestamp() + ahead FROM skewed.clock $$
    """,
)
# Until everyone knows of the jump, and every lease from before has ended; and some time to find out.
_SETTLED_WITHIN = 60.0


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    async with postgres() as server, a_fleet("http", 2, server) as fleet:
        yield fleet


def _sql(fleet: Fleet, *statements: str) -> list[tuple[datetime, ...]]:
    with psycopg.connect(fleet.replicas[0].settings["DATABASE_URL"], autocommit=True) as connection:
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        last = connection.execute(statements[-1].encode())
        return last.fetchall() if last.description else []


async def _reasons(fleet: Fleet, place: int) -> str:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"http://127.0.0.1:{fleet.replicas[place].port}/readyz")).text


async def test_bots_go_by_the_databases_clock(fleet: Fleet) -> None:
    """Two bots go by a clock an hour ahead; set back, no bot works until both know, and then both do."""
    name = fleet.replicas[0].settings["DATABASE_URL"].split("?")[0].rsplit("/", 1)[1]
    for replica in fleet.replicas:
        await replica.stop()
    _sql(fleet, *_CLOCK, f"ALTER DATABASE {name} SET search_path = skewed, pg_catalog, public")
    for replica in fleet.replicas:
        await replica.start()
    play = await Play.begin(fleet.stage)
    card = await play.open_card()
    ((opened, now),) = _sql(
        fleet,
        "SELECT to_timestamp(opened_at / 1000000.0), pg_catalog.clock_timestamp() FROM requests",
    )
    assert abs(opened - now - _HOUR) < timedelta(seconds=30)
    second = await play.approve_first(card)
    _sql(fleet, "UPDATE skewed.clock SET ahead = '0'")

    async def both_know() -> bool:
        return all(["has jumped" in await _reasons(fleet, place) for place in range(2)])

    await until(both_know, 30)
    await fleet.stage.slack.click(BEA, second, "approve")
    assert CONFIRMED in (await play.outcome(card, _SETTLED_WITHIN)).text
    assert len(await play.deletes(play.codes[0])) == 1
    assert not [line for replica in fleet.replicas for line in replica.logged("worker.held_up")]
    await judge(fleet.stage, play.codes, play.since)
