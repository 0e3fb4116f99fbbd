"""The Vivoldi client against the local Vivoldi: one call each, and what its answer proves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar

import pytest

from bot.adapters.seal import Seal, new_key
from bot.adapters.vivoldi import RateLimit, VivoldiClient
from bot.domain.coupon import CouponCode, NotShown, Shown
from bot.domain.errors import SettingsError, VivoldiRefused, VivoldiUnavailable
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.restore import Held, Unusable
from sandbox.stage import free_port
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl
from tests.builders import at_any_time

KEY = "a-key-nobody-may-see"
CODE = CouponCode("ZJLF0399WQBEQZJM")
OTHER = CouponCode("AAAA1111BBBB2222")
AGENT = "coupon-guard/test"


def client(url: str, **changes: Any) -> VivoldiClient:
    wanted: dict[str, Any] = {
        "base_url": url,
        "api_key": KEY,
        "user_agent": AGENT,
        "language": "en",
        "timeout": 5.0,
        "rate": RateLimit(1_000),
    }
    return VivoldiClient(**wanted | changes)


def sealing(url: str) -> VivoldiClient:
    """Return a client that has a key."""
    seal = Seal([new_key()])
    return client(url, seal=seal.close, unseal=seal.open)


@asynccontextmanager
async def raw_server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Yield the port of a TCP server that does just what it is told."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def vivoldi() -> AsyncIterator[LocalVivoldi]:
    async with LocalVivoldi(api_key=KEY) as server:
        yield server


@pytest.fixture
async def control(vivoldi: LocalVivoldi) -> AsyncIterator[VivoldiControl]:
    async with VivoldiControl(vivoldi.control_url) as opened:
        yield opened


@pytest.fixture
async def api(vivoldi: LocalVivoldi) -> AsyncIterator[VivoldiClient]:
    async with client(vivoldi.url) as opened:
        yield opened


class TestRead:
    async def test_shown_without_personal_fields(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """A coupon is read with its facts; of its personal and secret fields only "issued" remains."""
        secrets = {"userEml": "mina@shop.example", "userNm": "Mina", "onsitePwd": "0417", "memo": "inside"}
        await control.create(CODE, nm="Cake", disc=60.0, useLimit=3, **secrets)
        reading = await api.read(CODE)
        assert isinstance(reading, Shown)
        assert (reading.coupon.name, reading.coupon.discount, reading.coupon.use_limit) == ("Cake", "60", 3)
        assert reading.coupon.issued_to_person
        assert not any(secret in repr(reading) for secret in secrets.values())

    async def test_not_shown(self, api: VivoldiClient) -> None:
        """An unknown coupon is not shown, in Vivoldi's words."""
        reading = await api.read(CODE)
        assert isinstance(reading, NotShown)
        assert reading.message

    async def test_every_call_carries_the_headers_that_the_vendor_asks_for(
        self, api: VivoldiClient, control: VivoldiControl
    ) -> None:
        """Key, own User-Agent, JSON and language go with every call."""
        await api.read(CODE)
        await api.delete(CODE, at_any_time)
        expected = {"user-agent": AGENT, "content-type": "application/json", "accept-language": "en"}
        for call in await control.calls():
            assert call.key_ok
            assert {name: call.headers.get(name) for name in expected} == expected

    @pytest.mark.parametrize(
        ("wrong", "setting"),
        [({"api_key": "another"}, "VIVOLDI_API_KEY"), ({"user_agent": "curl/8"}, "VIVOLDI_USER_AGENT")],
    )
    async def test_refused(self, vivoldi: LocalVivoldi, wrong: dict[str, str], setting: str) -> None:
        """A wrong key or a generic User-Agent is told with the setting to look at."""
        async with client(vivoldi.url, **wrong) as api:
            with pytest.raises(VivoldiRefused, match=setting):
                await api.read(CODE)
            answer = await api.delete(CODE, at_any_time)
        assert isinstance(answer, RefusedAnswer)
        assert setting in answer.message

    @pytest.mark.parametrize(
        "kind",
        [
            "drop_before",
            "drop_after",
            "cut_body",
            "html_502",
            "error_500",
            "not_json",
            "redirect",
            "too_many",
        ],
    )
    async def test_unavailable_after_one_attempt(
        self, api: VivoldiClient, control: VivoldiControl, kind: str
    ) -> None:
        """A read without a usable answer is reported and not repeated."""
        await control.create(CODE)
        await control.fault(kind, "read", times=5)
        with pytest.raises(VivoldiUnavailable):
            await api.read(CODE)
        assert len(await control.calls()) == 1

    async def test_wait_of_a_429(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """The wait that Vivoldi asks for is passed on."""
        await control.fault("too_many", "any", times=2, retry_after=7)
        with pytest.raises(VivoldiUnavailable) as caught:
            await api.read(CODE)
        assert caught.value.retry_after == 7
        answer = await api.delete(CODE, at_any_time)
        assert isinstance(answer, NotExecuted)
        assert answer.retry_after == 7

    async def test_reads_share_a_connection(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """Reads after one another go over one connection."""
        for _ in range(3):
            await api.read(CODE)
        assert len({call.port for call in await control.calls("read")}) == 1


class TestDelete:
    async def test_executed(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """A deletion is sent once, only for its own coupon, and reported as executed."""
        await control.create(CODE)
        await control.create(OTHER)
        assert await api.delete(CODE, at_any_time) == Executed()
        assert [event.code for event in await control.deletions()] == [CODE]
        assert len(await control.calls()) == 1

    @pytest.mark.parametrize(
        ("kind", "args", "proof", "deleted"),
        [
            ("code_nonzero", {"message": "Locked."}, RefusedAnswer, 0),
            ("too_many", {}, NotExecuted, 0),
            ("status", {"status": 400}, RefusedAnswer, 0),
            ("status", {"status": 408}, Unproven, 0),
            ("drop_before", {}, Unproven, 0),
            ("drop_after", {}, Unproven, 1),
            ("cut_body", {}, Unproven, 1),
            ("html_502", {}, Unproven, 0),
            ("html_502_after", {}, Unproven, 1),
            ("error_500", {}, Unproven, 0),
            ("error_500_after", {}, Unproven, 1),
            ("redirect", {"execute": True}, Unproven, 1),
            ("redirect", {"execute": False}, Unproven, 0),
            ("not_json", {"execute": True}, Unproven, 1),
        ],
    )
    async def test_faults(
        self,
        api: VivoldiClient,
        control: VivoldiControl,
        kind: str,
        args: dict[str, Any],
        proof: type[DeleteAnswer],
        deleted: int,
    ) -> None:
        """Whatever happens on the wire, one request is sent and the answer claims no more than is proven."""
        await control.create(CODE)
        await control.fault(kind, times=5, **args)
        assert isinstance(await api.delete(CODE, at_any_time), proof)
        assert [call.kind for call in await control.calls()] == ["delete"]
        assert len(await control.deletions()) == deleted

    async def test_each_on_a_fresh_connection(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """Every DELETE opens a connection of its own and asks for its end."""
        await api.read(CODE)
        for _ in range(3):
            await api.delete(CODE, at_any_time)
        await api.read(CODE)
        calls = await control.calls("delete")
        assert [call.headers["connection"] for call in calls] == ["close"] * 3
        assert len({call.port for call in await control.calls()}) == 4

    async def test_connection_refused(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """A refused connection proves that nothing was sent."""
        await control.create(CODE)
        await control.fault("refuse")
        assert isinstance(await api.delete(CODE, at_any_time), NotExecuted)
        assert not await control.calls()

    async def test_tls_failure(self, vivoldi: LocalVivoldi, control: VivoldiControl) -> None:
        """A failed TLS handshake proves that nothing was sent."""
        async with client(vivoldi.url.replace("http:", "https:")) as api:
            assert isinstance(await api.delete(CODE, at_any_time), NotExecuted)
        assert not [call for call in await control.calls() if call.kind == "delete"]

    async def test_connect_timeout(self, stack: AsyncExitStack) -> None:
        """A connection that is not there in time proves that nothing was sent."""

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

        port = await stack.enter_async_context(raw_server(silent))
        api = await stack.enter_async_context(client(f"https://127.0.0.1:{port}", timeout=0.2))
        assert isinstance(await api.delete(CODE, at_any_time), NotExecuted)

    @pytest.mark.parametrize("answer", [True, False])
    async def test_it_is_asked_once_it_is_connected(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, answer: bool
    ) -> None:
        """I1, I3: whether it may still be sent is asked right before it is written, and if not, it is not."""
        await control.create(CODE)
        asked: list[str] = []

        def still(where: str) -> bool:
            asked.append(where)
            return answer

        async with client(vivoldi.url) as api, client(f"http://127.0.0.1:{free_port()}") as nowhere:
            assert isinstance(await nowhere.delete(CODE, lambda: still("nowhere")), NotExecuted)
            found = await api.delete(CODE, lambda: still("connected"))
        assert asked == ["connected"]
        assert isinstance(found, Executed if answer else NotExecuted)
        assert len(await control.calls("delete")) == answer

    @pytest.mark.parametrize("execute", [False, True])
    async def test_no_answer_in_time(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, execute: bool
    ) -> None:
        """An answer that does not come in time proves nothing."""
        await control.create(CODE)
        await control.fault("hang", execute=execute)
        async with client(vivoldi.url, timeout=0.2) as api:
            assert isinstance(await api.delete(CODE, at_any_time), Unproven)
        assert len(await control.calls()) == 1

    async def test_a_trickling_answer_is_bounded(self, stack: AsyncExitStack) -> None:
        """An answer that trickles for ever ends with the time of the whole call, and proves nothing."""

        async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            # The end of the reader's side is the client's leaving; until then a byte every 20 ms.
            while not reader.at_eof():
                writer.write(b" ")
                try:
                    await asyncio.wait_for(reader.read(1), 0.02)
                except TimeoutError:
                    continue
            writer.close()

        port = await stack.enter_async_context(raw_server(trickle))
        api = await stack.enter_async_context(client(f"http://127.0.0.1:{port}", timeout=0.2))
        async with asyncio.timeout(20):
            assert isinstance(await api.delete(CODE, at_any_time), Unproven)
        async with asyncio.timeout(20):
            with pytest.raises(VivoldiUnavailable):
                await api.read(CODE)

    async def test_an_unreadable_redirect_proves_nothing(self, stack: AsyncExitStack) -> None:
        """A redirect to what is no address is an answer that proves nothing, and no error of its own."""

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: https:lost\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        port = await stack.enter_async_context(raw_server(redirect))
        api = await stack.enter_async_context(client(f"http://127.0.0.1:{port}"))
        assert isinstance(await api.delete(CODE, at_any_time), Unproven)
        with pytest.raises(VivoldiUnavailable):
            await api.read(CODE)

    async def test_an_endless_answer_is_not_read_to_its_end(self, stack: AsyncExitStack) -> None:
        """An answer far longer than a coupon is cut off, compressed or not, and proves nothing."""
        asked: list[bytes] = []
        poured: asyncio.Queue[bool] = asyncio.Queue()

        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"code": 0, "x": "')
            try:
                # 64 MB: more than the buffers on the way take.
                for _ in range(1_000):
                    writer.write(b"x" * 65_536)
                    await writer.drain()
            except ConnectionError:
                poured.put_nowait(False)
            else:
                poured.put_nowait(True)
            writer.close()

        port = await stack.enter_async_context(raw_server(pour))
        api = await stack.enter_async_context(client(f"http://127.0.0.1:{port}"))
        with pytest.raises(VivoldiUnavailable):
            await api.read(CODE)
        assert isinstance(await api.delete(CODE, at_any_time), Unproven)
        async with asyncio.timeout(5):
            assert [await poured.get() for _ in asked] == [False, False]
        assert all(b"accept-encoding: identity" in head.lower() for head in asked)

    async def test_cancellation_passes_through(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """A cancelled deletion claims nothing and is not sent again."""
        await control.create(CODE)
        await control.fault("hang", times=5, execute=True)
        deleting = asyncio.create_task(api.delete(CODE, at_any_time))
        await control.wait_for(lambda entry: entry.code == CODE and entry.kind == "delete")
        deleting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deleting
        assert len(await control.calls()) == 1

    async def test_a_crowded_minute_sends_nothing(
        self, vivoldi: LocalVivoldi, control: VivoldiControl
    ) -> None:
        """A call whose turn does not come in time is not sent at all, and a DELETE gets no place."""
        async with client(vivoldi.url, timeout=0.1, rate=RateLimit(1)) as api:
            await api.read(CODE)
            with pytest.raises(VivoldiUnavailable, match="VIVOLDI_RATE_PER_MINUTE"):
                await api.reserve()
            with pytest.raises(VivoldiUnavailable, match="VIVOLDI_RATE_PER_MINUTE"):
                await api.read(CODE)
        assert len(await control.calls()) == 1


class TestOtherChanges:
    async def test_update(self, api: VivoldiClient, control: VivoldiControl) -> None:
        """An update changes only what is given."""
        await control.create(CODE, nm="Cake", endYmd="2099-12-31")
        assert await api.end_on(CODE, "2020-01-01", at_any_time) == Executed()
        (coupon,) = await control.coupons()
        assert (coupon["nm"], coupon["endYmd"]) == ("Cake", "2020-01-01")

    async def test_a_date_is_sent_at_once(self, vivoldi: LocalVivoldi, control: VivoldiControl) -> None:
        """Its place was reserved before the read that it is sent on, so it waits for none after that."""
        await control.create(CODE, endYmd="2099-12-31")
        async with client(vivoldi.url, timeout=0.5, rate=RateLimit(1)) as api:
            await api.reserve()
            assert await api.end_on(CODE, "2020-01-01", at_any_time) == Executed()


class TestCreate:
    SECRETS: ClassVar = {
        "userEml": "mina@shop.example",
        "userNm": "Mina",
        "onsitePwd": "0417",
        "memo": "inside",
    }

    async def test_a_deleted_coupon_comes_back_as_it_was(
        self, vivoldi: LocalVivoldi, control: VivoldiControl
    ) -> None:
        """What a read had sealed is created again, personal and secret fields too; none of it is shown."""
        async with sealing(vivoldi.url) as api:
            await control.create(CODE, nm="Cake", disc=12.5, discTypeIdx=458, useLimit=3, **self.SECRETS)
            (before,) = await control.coupons()
            reading = await api.read(CODE)
            assert isinstance(reading, Shown)
            assert reading.sealed is not None
            await api.delete(CODE, at_any_time)
            assert await api.create(CODE, reading.sealed, at_any_time) == Executed()
            held = api.held(CODE, reading.sealed)
        (after,) = await control.coupons()
        vivoldis_own = {"uid", "regYmdt", "domain"}
        assert {k: v for k, v in after.items() if k not in vivoldis_own} == {
            k: v for k, v in before.items() if k not in vivoldis_own
        }
        assert held == Held(reading.coupon, image=False)
        assert not any(secret in repr(held) for secret in self.SECRETS.values())

    async def test_a_creation_is_sent_once_whatever_happens(
        self, vivoldi: LocalVivoldi, control: VivoldiControl
    ) -> None:
        """An answer that is lost proves nothing, and is not asked for again."""
        async with sealing(vivoldi.url) as api:
            await control.create(CODE)
            reading = await api.read(CODE)
            assert isinstance(reading, Shown)
            assert reading.sealed is not None
            await api.delete(CODE, at_any_time)
            await control.fault("drop_after", "create")
            assert isinstance(await api.create(CODE, reading.sealed, at_any_time), Unproven)
            assert isinstance(await api.create(CODE, reading.sealed, at_any_time), RefusedAnswer)
        assert [call.kind for call in await control.calls()] == ["read", "delete", "create", "create"]
        ports = [call.port for call in await control.calls()]
        assert len(set(ports[1:])) == len(ports[1:])

    async def test_without_the_key_nothing_is_opened_or_sent(
        self, api: VivoldiClient, vivoldi: LocalVivoldi, control: VivoldiControl
    ) -> None:
        """A client that has lost the key says so, and creates nothing."""
        sealed = Seal([new_key()]).close(b"{}")
        async with sealing(vivoldi.url) as other:
            for client in (api, other):
                assert client.held(CODE, sealed) is Unusable.KEY_LOST
                assert isinstance(await client.create(CODE, sealed, at_any_time), NotExecuted)
        assert await control.calls() == []


class TestSurroundings:
    async def test_the_environment_is_not_trusted(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy from the environment gets to see nothing."""
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with client(vivoldi.url) as api:
            await api.read(CODE)
            await api.delete(CODE, at_any_time)
        assert [call.kind for call in await control.calls()] == ["read", "delete"]

    async def test_the_key_is_nowhere(
        self, api: VivoldiClient, control: VivoldiControl, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The key is in no log, at any level, and in no repr, whatever happens."""
        caplog.set_level(logging.DEBUG)
        await control.create(CODE)
        await api.read(CODE)
        await control.fault("drop_after")
        seen = [repr(api), repr(vars(api)), repr(await api.delete(CODE, at_any_time))]
        await control.fault("drop_before", "read")
        with pytest.raises(VivoldiUnavailable, match=r"broke \(RemoteProtocolError\)") as caught:
            await api.read(CODE)
        assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
        assert caplog.text
        assert not any(KEY in text for text in [*seen, repr(caught.value), caplog.text])

    @pytest.mark.parametrize("setting", ["api_key", "user_agent", "language"])
    @pytest.mark.parametrize("value", ["", " ", "a\nb", "ключ", "a\x00b"])
    async def test_unsendable_settings(self, setting: str, value: str) -> None:
        """A value that can't be sent in a header is refused at the start without telling the value."""
        with pytest.raises(SettingsError, match="VIVOLDI_") as caught:
            client("http://127.0.0.1:1", **{setting: value})
        assert value.strip() == "" or value not in str(caught.value)
