"""The migrations make exactly the tables that the program works with, by any way and any number of times."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.adapters.store import migrate, require_current
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.engine.migrate import _config, known_revisions
from bot.adapters.store.schema import metadata
from bot.domain.errors import StoreError, StoreTooNew
from tests.integration.databases import KINDS, fresh_url

_PROCESSES = 4
_MIGRATE = "import asyncio, sys; from bot.adapters.store import migrate; asyncio.run(migrate(sys.argv[1]))"
# How each database describes its own tables and indexes, checks included.
_DESCRIPTION = {
    "sqlite": """
        SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND tbl_name IN ({tables})
    """,
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({tables})
        UNION ALL
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid::regclass::text IN ({tables})
        UNION ALL
        SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_name IN ({tables})
    """,
}


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_url(request.param, tmp_path)


async def _describe(url: str, *, create: bool = False) -> set[tuple[str, str]]:
    database = connect(url)
    try:
        async with database.write() as connection:
            if create:
                await connection.run_sync(metadata.create_all)
            tables = ", ".join(f"'{table}'" for table in metadata.tables)
            found = await run(connection, text(_DESCRIPTION[connection.dialect.name].format(tables=tables)))
            return {(name, _flat(definition)) for name, definition in map(tuple, found)}
    finally:
        await database.close()


def _flat(definition: str | None) -> str:
    """Return a definition without its layout, its parts in one order: SQLite writes a later column last."""
    text, depth = "".join((definition or "").split()), 0
    parts = [""]
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += char
    head, bracket, first = parts[0].partition("(")
    last = parts.pop() if len(parts) > 1 else ""
    return head + bracket + ",".join(sorted([first, *parts[1:], last.removesuffix(")")]))


async def _execute(url: str, statement: str) -> None:
    database = connect(url)
    try:
        async with database.write() as connection:
            await run(connection, text(statement))
    finally:
        await database.close()


async def test_the_migrations_make_the_schema(url: str) -> None:
    """After the migrations Alembic finds nothing that the program's own tables say differently."""
    await migrate(url)
    database = connect(url)
    async with database.write() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_migrations_make_every_constraint(kind: str, tmp_path: Path) -> None:
    """Checks, partial indexes and defaults are the same whether migrated or made from the tables."""
    migrated, made = tmp_path / "migrated", tmp_path / "made"
    migrated.mkdir()
    made.mkdir()
    url = fresh_url(kind, migrated)
    await migrate(url)
    assert await _describe(url) == await _describe(fresh_url(kind, made), create=True)


async def test_what_was_stored_before_survives_the_new_states(url: str) -> None:
    """Rows of before, and what refers to them, are as they were; the new states go in, and no others."""
    await _migrate_to(url, _BEFORE_RESTORE)
    for statement in _OF_BEFORE:
        await _execute(url, statement)
    tables = ("requests", "items", "snapshots")
    before = [await _rows(url, table) for table in tables]
    await _migrate_to(url, _RESTORE)
    after = [await _rows(url, table) for table in tables]
    assert [
        [{**row, "draft": None} if "snapshot" in row else row for row in rows] for rows in before
    ] == after
    await migrate(url)
    await _execute(url, "UPDATE items SET state = 'to_create' WHERE position = 0")
    for statement in _REFUSED:
        with pytest.raises(StoreError):
            await _execute(url, statement)


_BEFORE_RESTORE, _RESTORE = "0007", "0008"
_OF_BEFORE = (
    """
    INSERT INTO requests (id, state, version, team, channel, requester_id, requester_name, reason, opened_at,
        first_grants, final_grants)
    VALUES ('CG-1', 'approved', 3, 'T', 'C', 'U', 'Rika', 'leaked', 1, '{}', '{}')
    """,
    """
    INSERT INTO items (request_id, position, code, code_key, open, state, detail, due_at, "freeze")
    VALUES ('CG-1', 0, 'OpenCode1', 'OPENCODE1', true, 'waiting', '{}', 5, '{}'),
        ('CG-1', 1, 'GONE12345', 'GONE12345', false, 'deleted', '{"at": 1}', NULL, NULL)
    """,
    "INSERT INTO snapshots (request_id, position, sealed, kept_at) VALUES ('CG-1', 1, 'sealed', 7)",
)
_REFUSED = (
    "UPDATE items SET state = 'restored'",
    "UPDATE items SET request_id = 'nobody'",
    "UPDATE snapshots SET position = 7",
    """
    INSERT INTO items (request_id, position, code, code_key, open)
    VALUES ('CG-1', 2, 'openCODE1', 'OPENCODE1', true)
    """,
)


async def _migrate_to(url: str, revision: str) -> None:
    """Bring a new database up to an older version's tables."""

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    database = connect(url)
    async with database.write() as connection:
        await connection.run_sync(upgrade)
    await database.close()


async def _rows(url: str, table: str) -> list[dict[str, Any]]:
    database = connect(url)
    async with database.read() as connection:
        found = await run(connection, text(f"SELECT * FROM {table} ORDER BY 1, 2"))  # noqa: S608  our own names
        rows = [dict(row) for row in found.mappings()]
    await database.close()
    return rows


async def test_processes_that_start_at_once_all_succeed(url: str) -> None:
    """Several processes that migrate one new database at the same time don't collide."""
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _MIGRATE, url) for _ in range(_PROCESSES)
    ]
    assert [await process.wait() for process in processes] == [0] * _PROCESSES
    await require_current(url)


async def test_migrating_again_changes_nothing(url: str) -> None:
    """A database that is up to date is left alone."""
    await migrate(url)
    before = await _describe(url)
    await migrate(url)
    assert await _describe(url) == before


def test_files_are_named_by_their_revisions() -> None:
    """A start finds out what is to be done from the files' names, which say what Alembic would find."""
    revisions = [found.revision for found in ScriptDirectory.from_config(_config()).walk_revisions()]
    assert known_revisions() == revisions[::-1]


async def test_a_start_without_migrations_does_not_load_them(tmp_path: Path) -> None:
    """Where a database is up to date, Alembic is not even imported."""
    url = fresh_url("sqlite", tmp_path)
    await migrate(url)
    looked = f"{_MIGRATE}; sys.exit('alembic' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", looked, url)
    assert await process.wait() == 0


async def test_a_newer_database_is_left_alone(url: str) -> None:
    """A database of a newer version of the program is refused, and stays as it is."""
    await migrate(url)
    await _execute(url, "UPDATE alembic_version SET version_num = '9999'")
    before = await _describe(url)
    for use in (migrate, require_current):
        with pytest.raises(StoreTooNew):
            await use(url)
    assert await _describe(url) == before


async def test_a_database_without_tables_is_not_current(url: str) -> None:
    """A start without the migration is refused with what to do."""
    with pytest.raises(StoreError, match="run the migration"):
        await require_current(url)
