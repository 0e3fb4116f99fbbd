"""Poolers before a PostgreSQL: a small one of our own that does as PgBouncer does, and PgBouncer itself.

Both listen on a Unix socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import pwd
import shutil
import struct
import tempfile
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

Mode = Literal["session", "transaction", "statement"]
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

_SOCKET = ".s.PGSQL.5432"
_Server = tuple[StreamReader, StreamWriter]
_LOOK_EVERY = 0.02


@asynccontextmanager
async def pooled(url: str, mode: Literal["session", "transaction"]) -> AsyncIterator[str]:
    """Yield the URL of a way to a database through a pooler of our own."""
    there = make_url(url)
    pooler = _Pooler(f"{there.query['host']}/{_SOCKET}", mode)
    with tempfile.TemporaryDirectory() as folder:
        serving = set[asyncio.Task[None]]()

        def accept(reader: StreamReader, writer: StreamWriter) -> None:
            serving.add(asyncio.create_task(pooler.serve(reader, writer)))

        async with await asyncio.start_unix_server(accept, f"{folder}/{_SOCKET}"):
            yield there.update_query_dict({"host": folder}).render_as_string(hide_password=False)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await pooler.close()


class _Pooler:
    """Gives a client a server for as long as it stays, or for one transaction: the one that was free last."""

    def __init__(self, socket: str, mode: Literal["session", "transaction"]) -> None:
        self._idle: list[_Server] = []
        self._socket = socket
        self._mode = mode
        self._writers = set[StreamWriter]()

    async def close(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one client."""
        self._writers.add(writer)
        server: _Server | None = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            (length,) = struct.unpack("!i", await reader.readexactly(4))
            start = await reader.readexactly(length - 4)
            if b"\0options\0" in start:
                writer.write(_message(b"E", b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"))
                await writer.drain()
                writer.close()
                return
            first = await self._started(start, writer)
            if self._mode == "session":
                server = first
            else:
                self._idle.append(first)
            while (kind := await reader.readexactly(1)) != b"X":
                (length,) = struct.unpack("!i", await reader.readexactly(4))
                body = await reader.readexactly(length - 4)
                if server is None:
                    server = self._idle.pop() if self._idle else await self._started(start, None)
                server[1].write(_message(kind, body))
                if kind in b"QS" and await _answered(server[0], writer) == b"I" and self._mode != "session":
                    self._idle.append(server)
                    server = None
        if server is not None:
            server[1].close()
        writer.close()

    async def _started(self, start: bytes, writer: StreamWriter | None) -> _Server:
        server = await asyncio.open_unix_connection(self._socket)
        self._writers.add(server[1])
        server[1].write(struct.pack("!i", len(start) + 4) + start)
        await _answered(server[0], writer)
        return server


async def _answered(reader: StreamReader, writer: StreamWriter | None) -> bytes:
    """Pass on what the server says until it is ready, and return in which state: `I` is in no transaction."""
    while True:
        kind = await reader.readexactly(1)
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        if writer is not None:
            writer.write(_message(kind, body))
        if kind == b"Z":
            return body


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@asynccontextmanager
async def pgbouncer(url: str, mode: Mode, *more: str) -> AsyncIterator[str]:
    """Yield the URL of a way to a database through PgBouncer, which has to be there.

    more: lines of its configuration.
    """
    assert PGBOUNCER is not None
    there = make_url(url)
    with tempfile.TemporaryDirectory() as folder:
        owner = _configured(Path(folder), Path(str(there.query["host"])), f"pool_mode = {mode}", *more)
        running = await asyncio.create_subprocess_exec(
            PGBOUNCER, "-q", "-u", owner, f"{folder}/pgbouncer.ini", stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _listening(f"{folder}/{_SOCKET}")
            yield there.update_query_dict({"host": folder}).render_as_string(hide_password=False)
        finally:
            running.terminate()
            await running.wait()


def _configured(folder: Path, behind: Path, *more: str) -> str:
    """Write PgBouncer's configuration, and return who owns the server behind it."""
    folder.chmod(0o777)
    lines = ("[databases]", f"* = host={behind} user=postgres", "[pgbouncer]", "listen_addr =")
    listening = (f"unix_socket_dir = {folder}", "listen_port = 5432", "auth_type = any")
    (folder / "pgbouncer.ini").write_text("\n".join((*lines, *listening, *more, "")))
    return pwd.getpwuid(behind.stat().st_uid).pw_name


async def _listening(socket: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_unix_connection(socket)
                writer.close()
                return
            await asyncio.sleep(_LOOK_EVERY)
