"""Each class of cause for which a database can't be used has a sentence of its own, without a secret."""

from __future__ import annotations

import asyncio
import traceback
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.adapters.store.engine.causes import of_library
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.errors import StoreError
from tests.integration.databases import fresh_url
from tests.scenario.postgres import postgres

_SECRET = "hunter2"


async def said(url: str, statement: str = "SELECT 1") -> str:
    """Return what is said of a database that can't be used, or that refuses a statement."""
    database, caught = connect(url), None
    try:
        async with database.write() as connection:
            await run(connection, text(statement))
    except StoreError as error:
        caught = error
    finally:
        await database.close()
    if caught is None:
        return "nothing"
    assert _SECRET not in "".join(traceback.format_exception(caught))
    return str(caught)


async def test_what_a_server_refuses_is_named(tmp_path: Path) -> None:
    """By the server's code: the password, the user, the database, a parameter, too many connections."""
    async with postgres() as server:
        url = make_url(server.fresh_url())
        await server.command(
            "CREATE ROLE guest LOGIN PASSWORD 'right'", "CREATE ROLE full LOGIN CONNECTION LIMIT 0"
        )
        rules = server.server.pgdata / "pg_hba.conf"
        rules.write_text(f"local all guest scram-sha-256\nlocal all nobody reject\n{rules.read_text()}")
        await server.command()

        async def told(
            username: str = "postgres", password: str | None = None, database: str | None = None
        ) -> str:
            changed = url.set(username=username, password=password, database=database)
            return await said(changed.render_as_string(hide_password=False))

        assert "refused the password" in await told(username="guest", password=_SECRET)
        assert "wants a password" in await told(username="guest")
        assert "does not let this user in" in await told(username="nobody", password=_SECRET)
        assert "no database of that name" in await told(database="elsewhere")
        assert "too many connections" in await told(username="full")
        odd = url.update_query_dict({"options": "-c nonsense=1"}).render_as_string(hide_password=False)
        assert "does not know" in await said(odd)
        await server.stop("fast")
        assert "can't be reached" in await told()
        await server.start()
        assert await told(username="guest", password="right") == "nothing"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("53100", "disk is full"),
        ("53200", "has run out of something"),
        ("25006", "not written to"),
        ("55P03", "is locked"),
        ("40P01", "is locked"),
        ("57014", "took too long"),
        ("57P01", "starting or stopping"),
        ("58030", "disk gives errors"),
        ("XX001", "damaged"),
        ("42501", "rights"),
        # No sentence of its own: the driver's name for it, and the code.
        ("22012", "DivisionByZero, 22012"),
        ("P0001", "RaiseException, P0001"),
        ("ZZ999", "ZZ999"),
    ],
)
async def test_what_fails_a_statement_is_named(state: str, sentence: str, tmp_path: Path) -> None:
    """By the server's code, whatever its text says and in whatever language."""
    raised = f"DO $$ BEGIN RAISE EXCEPTION '{_SECRET[:3]}' USING ERRCODE = '{state}'; END $$"
    assert sentence in await said(fresh_url("postgresql", tmp_path), raised)


@asynccontextmanager
async def _plain() -> AsyncIterator[int]:
    """Yield the port of a server that offers no TLS, and closes what comes without it."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_what_the_library_meets_is_named() -> None:
    """TLS that is not offered, a value that does not count, nobody there: said by PostgreSQL's library."""
    async with _plain() as port:
        url = f"postgresql://bot:{_SECRET}@127.0.0.1:{port}/coupons"
        assert "TLS is asked for" in await said(f"{url}?sslmode=require")
        assert "TLS is asked for" in await said(f"{url}?sslmode=verify-full&sslrootcert=/etc/none.pem")
        assert "does not know" in await said(f"{url}?sslmode=nonsense")
    assert "can't be reached" in await said(f"postgresql://bot:{_SECRET}@127.0.0.1:1/coupons")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ('connection failed: could not translate host name "db" to address', "host is not known"),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", "host is not known"),
        ("connection timeout expired", "did not answer in time"),
        ("connection failed: session is read-only", "not written to"),
        ("connection failed: SSL error: certificate verify failed", "can't be trusted"),
    ],
)
def test_what_the_library_says_is_understood(told: str, sentence: str) -> None:
    """Texts of the library, which come without a code."""
    assert sentence in str(of_library(Exception(told)))


async def test_a_locked_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    """On SQLite as well each class has its sentence."""
    assert "can't be opened" in await said(f"sqlite:///{tmp_path / 'missing' / 'coupons.db'}")
    _write(tmp_path / "letter.db", "a letter" * 1000)
    assert "damaged" in await said(f"sqlite:///{tmp_path / 'letter.db'}")


def _write(file: Path, content: str) -> None:
    file.write_text(content)
