"""A connection that sends ready-made HTTP requests, so that the load costs little beside what it loads."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Lost(Exception):
    """The connection ended before the answer was whole."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


class Connection:
    """A kept-alive connection to a port of loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closing = False

    @classmethod
    async def to(cls, port: int) -> Self:
        """Return a new connection. Raises ConnectionError."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @property
    def usable(self) -> bool:
        """Whether the server has left it open, as far as is known."""
        return not (self._closing or self._reader.at_eof() or self._writer.is_closing())

    async def send(self, request: bytes) -> Answer:
        """Send one request and return its answer. Raises Lost."""
        try:
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await self._reader.readexactly(int(length[1])) if length else b""
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Lost(type(error).__name__) from error
        self._closing = _CLOSE.search(head) is not None
        return Answer(int(head[9:12]), body)

    def close(self) -> None:
        """Close it."""
        self._writer.close()
        self._closing = True


async def get(port: int, path: str) -> Answer:
    """Return the answer to a GET on a connection of its own. Raises ConnectionError or Lost."""
    connection = await Connection.to(port)
    try:
        return await connection.send(
            b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % path.encode()
        )
    finally:
        connection.close()
