"""What `check` says of a PostgreSQL: does it keep what is committed, and is a failover noticed."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from bot.adapters.store import migrate
from bot.operate.check.database import look_at_database
from bot.operate.check.finding import Finding, Level
from bot.operate.check.given import read_settings
from tests.integration.databases import fresh_url

# Functions of the database's own, which shadow PostgreSQL's.
SAFE = "current_setting(name text) RETURNS text LANGUAGE sql AS $$ SELECT 'on' $$"
CLOSED = (
    "pg_control_system(OUT system_identifier bigint) LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE insufficient_privilege; END $$"
)
STUBBORN = "set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'off' $$"


async def found_on(folder: Path, monkeypatch: pytest.MonkeyPatch, *functions: str) -> Finding:
    """Return what is found on a fresh database with these functions."""
    monkeypatch.chdir(folder)
    url = fresh_url("postgresql", folder)
    await migrate(url)
    name = url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA odd")
        for function in functions:
            connection.execute(f"CREATE FUNCTION odd.{function}".encode())
        connection.execute(f"ALTER DATABASE {name} SET search_path = odd, pg_catalog, public".encode())
    monkeypatch.setenv("DATABASE_URL", url)
    return await look_at_database(read_settings())


async def test_a_server_that_keeps_and_tells_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is to be done where commits last and the server tells who it is."""
    found = await found_on(tmp_path, monkeypatch, SAFE)
    assert (found.level, found.remedy) == (Level.OK, "")


async def test_a_failover_that_is_not_covered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person who sets the bot up sees that approvals outlast a failover, and what to do about it (I3)."""
    found = await found_on(tmp_path, monkeypatch, SAFE, CLOSED)
    assert found.level is Level.WARNING
    assert "failover or a restored backup is not covered" in found.said
    assert "pg_control_system" in found.remedy


async def test_a_server_that_a_power_cut_sets_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fsync off, what was committed can be lost as well (I3)."""
    found = await found_on(tmp_path, monkeypatch)
    assert found.level is Level.WARNING
    assert "fsync" in found.remedy


async def test_a_server_that_forgets_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `synchronous_commit` can't be set, the bot does not start, and `check` says why (I3)."""
    found = await found_on(tmp_path, monkeypatch, STUBBORN)
    assert found.level is Level.FAILURE
    assert "may forget what is committed" in found.said
