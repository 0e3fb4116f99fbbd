"""Which code a PostgreSQL server gave when it refused a connection.

The driver has the text of such an error, in the server's language, and not its code. So the bot asks once
more, and has the library write down what comes.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import time
from collections.abc import Mapping
from typing import Any

from bot.adapters.store.engine import patience

_CODE = re.compile(rb'\tErrorResponse\t.*? C "([0-9A-Z]{5})"')
_MOST = 100


class Refusals:
    """The codes of refusals, each asked for once. asked: what to connect with, by the library's names."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        self._known: dict[str, str | None] = {}

    async def code(self, text: str) -> str | None:
        """Return the SQLSTATE of a refusal with this text; None: no server gave one, or not in time.

        What the library takes up to write is not given back, so the same text is not asked about again.
        """
        if text not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[text] = await asyncio.to_thread(_code, self._asked)
        return self._known[text]


def _code(asked: Mapping[str, Any]) -> str | None:
    if not hasattr(os, "memfd_create"):
        # The library can write it down on Linux alone.
        return None
    # In memory alone, since the password may be written down with the rest.
    with os.fdopen(os.memfd_create("refusal"), "w+b", buffering=0) as written:
        _connect(asked, written.fileno())
        written.seek(0)
        codes = _CODE.findall(written.read())
    return codes[-1].decode() if codes else None


def _connect(asked: Mapping[str, Any], written: int) -> None:
    """Connect and hang up, as far as it goes in time. written: the file for what comes and goes."""
    from psycopg import Error
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import ConnStatus, PGconn, PollingStatus

    until = time.monotonic() + patience.SECONDS
    connection = PGconn.connect_start(make_conninfo(**asked).encode())
    try:
        if connection.status == ConnStatus.BAD:
            return
        connection.trace(written)
        while (status := connection.connect_poll()) in (PollingStatus.READING, PollingStatus.WRITING):
            reads = [connection.socket] if status == PollingStatus.READING else []
            writes = [] if reads else [connection.socket]
            left = max(0.0, until - time.monotonic())
            if not any(select.select(reads, writes, [], left)):
                break
        connection.untrace()
    except Error:
        return
    finally:
        connection.finish()
