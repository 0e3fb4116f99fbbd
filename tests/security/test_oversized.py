"""Bodies that are too large, and lengths that lie, over a real connection to the whole bot.

The limit itself, to the byte and for a body of unknown length, is in
`tests/integration/slack/test_http_guard.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.run.server import MAX_BODY_BYTES, run_http
from sandbox.stage import free_port
from tests.scenario.playing import fresh_code, until
from tests.security.rig import EVENTS, Rig, form_of, rig_on, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

_CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@dataclass(frozen=True)
class Served:
    """A bot that listens on a port."""

    rig: Rig
    port: int

    async def exchange(self, *parts: bytes) -> int:
        """Send bytes over one connection, as far as they are taken, and return the first status, or 0."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
        except ConnectionError:
            # It has answered and gone; the answer can still be read.
            pass
        async with asyncio.timeout(10):
            line = await reader.readline()
        writer.close()
        return int(line.split()[1]) if line else 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with rig_on(tmp_path_factory.mktemp("rig")) as rig:
        port, stop = free_port(), asyncio.Event()
        serving = asyncio.create_task(run_http(rig.app, "127.0.0.1", port, stop))
        found = Served(rig, port)
        await until(lambda: _listens(found))
        yield found
        stop.set()
        await serving


async def _listens(served: Served) -> bool:
    try:
        return await served.exchange(b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n") == 200
    except ConnectionError:
        return False


def _head(body: bytes, *lines: str) -> bytes:
    """Return the head of a request that is rightly signed, with other lines than its true length."""
    named = [f"{name}: {value}" for name, value in signed(body).items()]
    return "\r\n".join([f"POST {EVENTS} HTTP/1.1", "Host: bot", *named, *lines, "", ""]).encode("latin-1")


async def test_a_declared_giant_is_answered_before_it_is_sent(served: Served) -> None:
    """Of a body that is declared longer than 1 MiB not one byte is waited for, signed or not."""
    for length in (MAX_BODY_BYTES + 1, 10**9, 10**15):
        assert await served.exchange(_head(b"", f"Content-Length: {length}")) == 413


async def test_an_endless_body_is_cut_off(served: Served) -> None:
    """A body in chunks that never ends is answered 413 after 1 MiB, and the connection is given up."""
    head = _head(b"", "Transfer-Encoding: chunked")
    assert await served.exchange(head, *[_CHUNK] * 64) == 413


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"],
        ["Content-Length: +5"],
        ["Content-Length: 0x10"],
        ["Content-Length: 1e3"],
        ["Content-Length: \xb2"],
        ["Content-Length: 9", "Content-Length: 10"],
        ["Content-Length: " + "9" * 400],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: gzip"],
        ["X-Long: " + "x" * 200_000],
        [f"X-{number}: x" for number in range(20_000)],
    ],
    ids=lambda lines: lines[0][:30],
)
async def test_a_length_that_is_none_is_refused(served: Served, lines: list[str]) -> None:
    """What is no length, or too much of a head, is answered 4xx or not at all, and does nothing."""
    body = form_of(served.rig.command(f"{fresh_code()} leaked"))
    before = served.rig.state()
    assert await served.exchange(_head(body, *lines), body) in (0, *range(400, 500))
    assert served.rig.state() == before


@pytest.mark.parametrize("difference", [-1, 1])
async def test_a_length_that_lies_has_no_effect(served: Served, difference: int) -> None:
    """A signed body that is shorter or longer than declared is not the body that was signed (I1)."""
    body = form_of(served.rig.command(f"{fresh_code()} leaked"))
    before = served.rig.state()
    head = _head(body, f"Content-Length: {len(body) + difference}", "Connection: close")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head + body)
    writer.write_eof()
    answered = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert not answered or answered.split()[1] in (b"400", b"401")
    assert served.rig.state() == before


async def test_a_body_that_nobody_signed_is_not_even_parsed(served: Served) -> None:
    """What can't be parsed is answered 400 when Slack signed it; unsigned, nobody finds that out: 401."""
    for body in (b"{", b"payload={", b"\xff", b"[" * 500_000, b"a=&" * 300_000):
        right, wrong = signed(body), signed(body, secret="not-the-secret")
        answers = [(await served.rig.send(body, headers)).status_code for headers in (right, wrong)]
        assert answers[1] == 401
        assert answers[0] == (401 if body == b"\xff" else 400)
    assert await _listens(served)
