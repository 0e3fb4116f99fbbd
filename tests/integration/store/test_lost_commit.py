"""A PostgreSQL whose connection breaks right after it has stored a commit, as at a failover."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from sqlalchemy import make_url

from bot.adapters.store import SqlStore, migrate
from bot.domain.errors import StoreUnavailable
from bot.domain.request.request import Pending
from bot.run.server import http_app
from bot.services.asked.click import Action
from handlers import errors
from tests.builders import AMIR, a_policy
from tests.fakes import FixedClock
from tests.integration.bolt import SECRET, authorize, command, signed, unanswered, watched
from tests.integration.databases import fresh_url
from tests.integration.wired import Commits, Wired

_SOCKET = ".s.PGSQL.5432"


@asynccontextmanager
async def breaking(url: str, at: bytes) -> AsyncIterator[str]:
    """Yield the URL of a way to a database that breaks after the commit that follows the statement `at`."""
    there, serving = make_url(url), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_unix_connection(f"{there.query['host']}/{_SOCKET}")
        seen = breaks = False

        async def up() -> None:
            nonlocal seen, breaks
            while data := await reader.read(65536):
                seen = seen or at in data
                breaks = breaks or (seen and b"COMMIT" in data)
                to_writer.write(data)
            to_writer.close()
            await to_writer.wait_closed()

        async def down() -> None:
            while (data := await to_reader.read(65536)) and not breaks:
                writer.write(data)
            writer.close()
            await writer.wait_closed()

        with contextlib.suppress(OSError):
            await asyncio.gather(up(), down())

    with tempfile.TemporaryDirectory() as folder:
        async with await asyncio.start_unix_server(accept, f"{folder}/{_SOCKET}"):
            yield there.update_query_dict({"host": folder}).render_as_string(hide_password=False)
            await asyncio.gather(*serving)


async def test_a_commit_whose_answer_is_lost_may_count(tmp_path: Path) -> None:
    """An approval may be stored although the database could not be reached: nobody can say that it is not."""
    url, clock = fresh_url("postgresql", tmp_path), FixedClock()
    await migrate(url)
    async with (
        breaking(url, b"INSERT INTO decisions") as way,
        SqlStore(way, clock, Commits()) as store,
    ):
        wired = Wired(tmp_path, store, a_policy(), Commits(), clock)
        request_id = await wired.ask()
        with pytest.raises(StoreUnavailable):
            await wired.click(Action.APPROVE, AMIR, request_id)
        request = await wired.request(request_id)
    assert isinstance(request, Pending)
    assert request.review is not None


async def test_nobody_is_told_that_nothing_was_changed() -> None:
    """Where the database can't be reached, the person is told where to look, not that nothing counted."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "1", unanswered)

    @app.command("/coupon-delete")
    async def unavailable(ack: AsyncAck) -> None:
        raise StoreUnavailable("gone")

    body = f"{command()}&api_app_id=A1"
    transport = httpx.ASGITransport(http_app(app, SECRET, watched()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        told = (await client.post("/slack/events", content=body, headers=signed(body))).json()["text"]
    assert "/coupon-delete list" in told
    assert "nothing was changed" not in told
