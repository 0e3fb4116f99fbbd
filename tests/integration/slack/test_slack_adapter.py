"""The Slack adapter against the local Slack: messages, identity, and every error translated."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import slack_sdk.errors
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.adapters.slack import SlackFiles, SlackMessenger, identify, web_client, web_session
from bot.adapters.slack.client import answered
from bot.adapters.slack.errors import FOREIGN, judge, translated
from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.event import Notice
from bot.services.ports.outside import File, Message
from sandbox.slack import LocalSlack
from sandbox.slack.world import DEFAULT_SCOPES
from sandbox.slack_client import SlackControl

TOKEN, TEAM = "xoxb-local", "T0GUARD000"
INCIDENT, NO_BOT = "C0INCIDENT", "C0NOBOT000"
RIKA = "U0RIKA0000"
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
BLOCK = {"type": "section", "text": {"type": "plain_text", "text": "from blocks"}}
CARD = Message("in text", (BLOCK,))


@dataclass(frozen=True)
class Rig:
    """A local Slack, its control side, and the bot's way to it."""

    slack: LocalSlack
    control: SlackControl
    session: aiohttp.ClientSession
    bot: AsyncWebClient
    messenger: SlackMessenger


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control, web_session() as session:
        bot = web_client(TOKEN, slack.api_url, session)
        yield Rig(slack, control, session, bot, SlackMessenger(bot, session))


@asynccontextmanager
async def server(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Yield the address of an HTTP server that gives one answer to everything."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for below in base.__subclasses__():
        yield from subclasses(below)


def foreign() -> Iterator[type[Exception]]:
    """Yield what is caught, by the libraries that a call goes through."""
    for base in FOREIGN:
        for kind in subclasses(base):
            if kind.__module__.partition(".")[0] in (
                "slack_sdk",
                "aiohttp",
                "builtins",
                "asyncio",
                "ssl",
                "json",
            ):
                yield kind


def notice(person: str = RIKA, channel: str = INCIDENT, reply_url: str | None = None) -> Notice:
    return Notice(id="n1", at=NOON, person=person, channel=channel, text="only for you", reply_url=reply_url)


class TestErrors:
    @pytest.mark.parametrize("kind", sorted(set(foreign()), key=str))
    async def test_every_exception_is_translated(self, kind: type[Exception]) -> None:
        """Every exception of the SDK, its HTTP library and the network becomes an error of the domain."""
        assert type(translated(kind.__new__(kind))) in (SlackUnavailable, SlackRefused)

    async def test_the_map_covers_the_libraries(self) -> None:
        """No exception class of the SDK or of aiohttp's client is missing from what is caught."""
        defined = {
            kind
            for module in (slack_sdk.errors, aiohttp.client_exceptions)
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__ == module.__name__
        }
        # This one is about websockets, which the Web API has none of.
        defined.remove(aiohttp.WSMessageTypeError)
        assert len(defined) > 20
        assert not [kind for kind in defined if not issubclass(kind, FOREIGN)]

    @pytest.mark.parametrize("status", [200, 404, 503])
    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/json", b"this is not JSON"),
            ("application/json", b""),
            ("application/json", b"[]"),
            ("application/json", b"[1]"),
            ("application/json", b"7"),
            ("application/json", b"null"),
            ("application/json", b"{}"),
            ("application/json", b"\xff\xfe\xff"),
            ("application/json; charset=klingon", b"{}"),
            ("text/plain", b"upstream connect error"),
            ("text/plain", b"\xff\xfe\xff"),
            ("text/html", b"<html>"),
            ("application/gzip", gzip.compress(b"{}", mtime=0)),
        ],
    )
    async def test_an_answer_that_is_not_slacks(
        self, rig: Rig, status: int, content_type: str, body: bytes
    ) -> None:
        """Whatever comes that is not Slack's JSON means that Slack is not available."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=body, headers={"Content-Type": content_type})

        async with server(answer) as url:
            with pytest.raises(SlackUnavailable):
                await answered(web_client(TOKEN, url, rig.session).auth_test())

    async def test_a_body_that_does_not_decode(self, rig: Rig) -> None:
        """A body that is not encoded as it says means that Slack is not available."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"})

        async with server(answer) as url:
            with pytest.raises(SlackUnavailable):
                await answered(web_client(TOKEN, url, rig.session).auth_test())

    @pytest.mark.parametrize("kind", ["server_error", "drop_before", "drop_after", "malformed"])
    async def test_trouble_is_not_repeated(self, rig: Rig, kind: str) -> None:
        """A post that fails is reported and never repeated by a library."""
        await rig.control.fault("chat.postMessage", kind, times=5)
        with pytest.raises(SlackUnavailable):
            await rig.messenger.post(INCIDENT, CARD)
        assert len(await rig.control.api_calls("chat.postMessage")) == 1

    async def test_a_read_is_not_repeated(self, rig: Rig) -> None:
        """A read that is lost on a kept connection is reported, and repeated by no library."""
        await rig.messenger.has_left(RIKA)
        await rig.control.fault("users.info", "drop_before", times=5)
        with pytest.raises(SlackUnavailable):
            await rig.messenger.has_left(RIKA)
        assert len(await rig.control.api_calls("users.info")) == 2

    async def test_rate_limit(self, rig: Rig) -> None:
        """A rate limit is trouble that passes, with the wait that Slack asks for."""
        await rig.control.fault("chat.postMessage", "ratelimited", retry_after=17)
        with pytest.raises(SlackUnavailable) as caught:
            await rig.messenger.post(INCIDENT, CARD)
        assert caught.value.retry_after == 17

    @pytest.mark.parametrize("name", ["internal_error", "fatal_error", "service_unavailable", "ratelimited"])
    async def test_slacks_own_trouble_passes(self, name: str) -> None:
        """An error name that stands for trouble of Slack's own is not a refusal."""
        assert isinstance(judge(200, {}, {"ok": False, "error": name}), SlackUnavailable)

    @pytest.mark.parametrize("name", ["token_revoked", "account_inactive", "not_in_channel"])
    async def test_a_refusal_has_its_name(self, rig: Rig, name: str) -> None:
        """Any other error name is a refusal by that name."""
        await rig.control.fault("chat.postMessage", "error", error=name)
        with pytest.raises(SlackRefused) as caught:
            await rig.messenger.post(INCIDENT, CARD)
        assert caught.value.name == name

    async def test_nobody_there(self, rig: Rig) -> None:
        """A refused connection means that Slack is not available."""
        with pytest.raises(SlackUnavailable):
            await answered(web_client(TOKEN, "http://127.0.0.1:1/api/", rig.session).auth_test())

    async def test_no_answer_in_time(self, rig: Rig) -> None:
        """An answer that does not come within the session's time means that Slack is not available."""
        await rig.control.fault("auth.test", "latency", seconds=5)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.1)) as hasty:
            with pytest.raises(SlackUnavailable, match="in time"):
                await answered(web_client(TOKEN, rig.slack.api_url, hasty).auth_test())

    async def test_session_is_bounded(self, rig: Rig) -> None:
        """The shared session bounds each call to 10 s and does not trust the environment."""
        assert rig.session.timeout.total == 10
        assert not rig.session.trust_env

    async def test_no_proxy_from_the_environment(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy from the environment gets to see nothing."""
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert (await answered(web_client(TOKEN, rig.slack.api_url, rig.session).auth_test()))["ok"]

    async def test_the_token_is_in_no_error(self, rig: Rig) -> None:
        """Neither the token nor an answer's text gets into an error or the errors behind it."""
        with pytest.raises(SlackError) as caught:
            await answered(web_client("xoxb-secret", rig.slack.api_url, rig.session).auth_test())
        assert "xoxb" not in repr(caught.value)
        assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


class TestMessenger:
    async def test_post_update_reply(self, rig: Rig) -> None:
        """A message is posted, replaced in place, and answered in its thread, broadcast or not."""
        ts = await rig.messenger.post(INCIDENT, CARD)
        await rig.messenger.update(INCIDENT, ts, Message("changed", (BLOCK, {"type": "divider"})))
        await rig.messenger.reply(INCIDENT, ts, Message("outcome"), broadcast=True)
        await rig.messenger.reply(INCIDENT, ts, Message("aside"), broadcast=False)
        stands = await rig.control.message(INCIDENT, ts)
        assert (stands.text, len(stands.blocks), stands.edits) == ("changed", 2, 1)
        replies = await rig.control.replies(INCIDENT, ts)
        assert [(reply.text, reply.broadcast) for reply in replies] == [("outcome", True), ("aside", False)]

    async def test_unfurls_are_off(self, rig: Rig) -> None:
        """No link in a posted message or reply is unfurled."""
        ts = await rig.messenger.post(INCIDENT, CARD)
        await rig.messenger.reply(INCIDENT, ts, CARD, broadcast=True)
        for call in await rig.control.api_calls("chat.postMessage"):
            assert (call["args"]["unfurl_links"], call["args"]["unfurl_media"]) == (False, False)

    async def test_a_home_is_published(self, rig: Rig) -> None:
        """What a person sees on their Home is replaced; someone unknown to Slack is refused by name."""
        await rig.messenger.publish(RIKA, (BLOCK,))
        await rig.messenger.publish(RIKA, (BLOCK, {"type": "divider"}))
        home = await rig.control.home(RIKA)
        assert home is not None
        assert [block["type"] for block in home.blocks] == [BLOCK["type"], "divider"]
        with pytest.raises(SlackRefused, match="user_not_found"):
            await rig.messenger.publish("U0NOBODY00", (BLOCK,))

    async def test_an_update_without_blocks_removes_them(self, rig: Rig) -> None:
        """A message without blocks replaces one that had some by its text alone."""
        ts = await rig.messenger.post(INCIDENT, CARD)
        await rig.messenger.update(INCIDENT, ts, Message("only text"))
        assert (await rig.control.message(INCIDENT, ts)).blocks == ()

    async def test_refused_by_name(self, rig: Rig) -> None:
        """A channel without the bot refuses a post and an update by name."""
        with pytest.raises(SlackRefused, match="not_in_channel"):
            await rig.messenger.post(NO_BOT, CARD)
        with pytest.raises(SlackRefused, match="not_in_channel"):
            await rig.messenger.reply(NO_BOT, "1.000001", CARD, broadcast=True)
        with pytest.raises(SlackRefused, match="message_not_found"):
            await rig.messenger.update(INCIDENT, "1.000001", CARD)


class TestTell:
    async def reply_url(self, rig: Rig, channel: str = INCIDENT) -> str:
        """Return the `response_url` of a command that Rika runs."""
        seen: list[str] = []

        async def listen(request: web.Request) -> web.StreamResponse:
            seen.append(str((await request.post())["response_url"]))
            return web.Response()

        async with server(listen) as url:
            await rig.control.deliver_to(url)
            await rig.control.command(RIKA, "help", channel)
        return seen[0]

    async def told(self, rig: Rig) -> list[tuple[str, str]]:
        """Return what Rika alone saw, and where."""
        return [(message.channel, message.text) for message in await rig.control.ephemerals(RIKA)]

    async def test_by_response_url(self, rig: Rig) -> None:
        """A person is told by the URL of what they did, also where the bot is no member."""
        await rig.messenger.tell(notice(channel=NO_BOT, reply_url=await self.reply_url(rig, NO_BOT)))
        assert await self.told(rig) == [(NO_BOT, "only for you")]
        assert not await rig.control.api_calls()

    @pytest.mark.parametrize(
        "gone", ["used", "expired", "foreign", "none", "not a URL", "http", "other scheme"]
    )
    async def test_without_a_usable_url(self, rig: Rig, gone: str) -> None:
        """Where the URL is used up, gone, or not to be trusted, the person is told where they are."""
        url: str | None = await self.reply_url(rig)
        if gone == "used":
            for _ in range(5):
                await rig.messenger.tell(notice(reply_url=url))
        elif gone == "expired":
            await rig.control.shift_clock(31 * 60)
        else:
            untrusted = {
                "foreign": f"{rig.slack.api_url}no-such-thing",
                "not a URL": "//[",
                "http": "http://example.invalid/",
                "other scheme": "ftp://example.invalid/",
            }
            url = untrusted.get(gone)
        before = len(await self.told(rig))
        await rig.messenger.tell(notice(reply_url=url))
        assert (await self.told(rig))[before:] == [(INCIDENT, "only for you")]
        assert len(await rig.control.api_calls("chat.postEphemeral")) == 1

    async def test_by_direct_message(self, rig: Rig) -> None:
        """Where even that is refused, the person gets a direct message."""
        await rig.messenger.tell(notice(channel=NO_BOT))
        posted = [entry.data for entry in await rig.control.log("posted")]
        assert [call["args"]["channel"] for call in await rig.control.api_calls("chat.postMessage")] == [RIKA]
        assert len(posted) == 1

    async def test_refused_everywhere(self, rig: Rig) -> None:
        """Where every way is refused, the refusal is told by name."""
        await rig.control.app(auth_error="token_revoked")
        with pytest.raises(SlackRefused, match="token_revoked"):
            await rig.messenger.tell(notice())

    @pytest.mark.parametrize("kind", ["server_error", "ratelimited", "drop_before"])
    async def test_trouble_with_the_url_is_for_later(self, rig: Rig, kind: str) -> None:
        """Passing trouble with the URL leaves the notice for later instead of taking another way."""
        await rig.control.fault("response_url", kind)
        with pytest.raises(SlackUnavailable):
            await rig.messenger.tell(notice(reply_url=await self.reply_url(rig)))
        assert not await rig.control.api_calls()

    async def test_a_redirect_is_not_followed(self, rig: Rig) -> None:
        """What a person is told does not go to where a URL redirects."""
        seen: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            seen.append(request.path)
            return web.Response(status=307, headers={"Location": "/elsewhere"})

        async with server(answer) as url:
            messenger = SlackMessenger(web_client(TOKEN, url, rig.session), rig.session)
            with pytest.raises(SlackError):
                await messenger.tell(notice(reply_url=f"{url}response"))
        assert seen[0] == "/response"
        assert seen[1] != "/elsewhere"


class TestIdentity:
    async def test_identity(self, rig: Rig) -> None:
        """The bot knows its team, its app, its own user, its workspace and its scopes."""
        who = await identify(rig.bot)
        assert (who.team_id, who.app_id, who.bot_user_id) == (TEAM, "A0GUARD000", "U0GUARDBOT")
        assert who.workspace_url == "https://guard.slack.com/"
        assert who.scopes == set(DEFAULT_SCOPES)

    async def test_a_bad_token(self, rig: Rig) -> None:
        """A token that Slack does not know is refused by name."""
        with pytest.raises(SlackRefused, match="invalid_auth"):
            await identify(web_client("xoxb-wrong", rig.slack.api_url, rig.session))

    @pytest.mark.parametrize(
        ("answer", "error"),
        [({"ok": True, "user_id": "U1"}, SlackRefused), ({"ok": True, "bot_id": "B1"}, SlackUnavailable)],
    )
    async def test_incomplete_answers(
        self, rig: Rig, answer: dict[str, Any], error: type[SlackError]
    ) -> None:
        """A person's token is refused; an answer without the ids that are needed is no answer."""

        async def give(request: web.Request) -> web.StreamResponse:
            return web.json_response(answer)

        async with server(give) as url:
            with pytest.raises(error):
                await identify(web_client(TOKEN, url, rig.session))


class TestMembers:
    async def test_who_is_in_a_channel(self, rig: Rig) -> None:
        """Someone who was taken out of a channel is no longer found in it, on whichever page they were."""
        crowd = [f"U1{number:08d}" for number in range(1500)]
        await rig.control.channel(INCIDENT, add=crowd)
        assert await rig.messenger.is_in(INCIDENT, RIKA)
        assert await rig.messenger.is_in(INCIDENT, crowd[-1])
        await rig.control.channel(INCIDENT, remove=[RIKA])
        assert not await rig.messenger.is_in(INCIDENT, RIKA)

    async def test_a_missing_scope_is_told_by_name(self, rig: Rig) -> None:
        """Where the app was installed without the scope, Slack's refusal is handed on."""
        await rig.control.app(scopes=["chat:write", "groups:read"])
        with pytest.raises(SlackRefused, match="missing_scope"):
            await rig.messenger.is_in(INCIDENT, RIKA)

    @pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "members": 7, "response_metadata": 7}])
    async def test_odd_answers_name_nobody(self, rig: Rig, answer: dict[str, Any]) -> None:
        """An answer without members is one in which nobody was found."""

        async def give(request: web.Request) -> web.StreamResponse:
            return web.json_response(answer)

        async with server(give) as url:
            messenger = SlackMessenger(web_client(TOKEN, url, rig.session), rig.session)
            assert not await messenger.is_in(INCIDENT, RIKA)

    async def test_a_channel_without_end_is_given_up(self, rig: Rig) -> None:
        """The pages that are asked for are limited, whatever Slack answers."""
        asked: list[str] = []

        async def give(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            return web.json_response({"ok": True, "members": [], "response_metadata": {"next_cursor": "x"}})

        async with server(give) as url:
            messenger = SlackMessenger(web_client(TOKEN, url, rig.session), rig.session)
            assert not await messenger.is_in(INCIDENT, RIKA)
        assert len(asked) == 10


class TestAttach:
    """Files in threads."""

    FILE = File("CG-1.csv", "Outcomes", "code,outcome\r\nÄ,deleted\r\n".encode())

    async def _thread(self, rig: Rig) -> str:
        return await rig.messenger.post(INCIDENT, Message("A card"))

    async def test_a_file_stands_in_the_thread(self, rig: Rig) -> None:
        """A file is put where Slack says, as it is, and shown in the thread of the card."""
        ts = await self._thread(rig)
        await rig.messenger.attach(INCIDENT, ts, self.FILE)
        (reply,) = [each for each in await rig.control.replies(INCIDENT, ts) if each.files]
        (file,) = reply.files
        assert (file["name"], file["title"], file["content"]) == (
            "CG-1.csv",
            "Outcomes",
            self.FILE.content.decode(),
        )

    async def test_without_the_scope_slack_says_so(self, rig: Rig) -> None:
        """Where the app may not write files, the refusal carries Slack's name for it."""
        ts = await self._thread(rig)
        await rig.control.app(scopes=["chat:write"])
        with pytest.raises(SlackRefused) as refused:
            await rig.messenger.attach(INCIDENT, ts, self.FILE)
        assert refused.value.name == "missing_scope"

    @pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
    async def test_a_step_without_an_answer(self, rig: Rig, method: str) -> None:
        """Where Slack can't be reached on the way, the file can be tried again as a whole."""
        ts = await self._thread(rig)
        await rig.control.fault(method, "server_error")
        with pytest.raises(SlackUnavailable):
            await rig.messenger.attach(INCIDENT, ts, self.FILE)
        await rig.messenger.attach(INCIDENT, ts, self.FILE)
        assert len([each for each in await rig.control.replies(INCIDENT, ts) if each.files]) == 1

    @pytest.mark.parametrize("place", ["http://files.example.com/upload", "ftp://localhost/x", "nowhere", 7])
    async def test_a_file_goes_to_no_other_place(self, rig: Rig, place: object) -> None:
        """A file is sent by HTTPS, or to the very server that is Slack by the settings, and nowhere else."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.json_response({"ok": True, "upload_url": place, "file_id": "F1"})

        async with server(answer) as url:
            messenger = SlackMessenger(web_client(TOKEN, url, rig.session), rig.session)
            with pytest.raises(SlackUnavailable, match=r"place|put"):
                await messenger.attach(INCIDENT, "1.000100", self.FILE)

    async def test_what_the_place_refuses(self, rig: Rig) -> None:
        """Where the bytes are refused, or sent elsewhere by a redirect, the file is not completed."""
        asked: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            if request.path == "/put":
                return web.Response(status=302, headers={"Location": "/elsewhere"})
            return web.json_response({"ok": True, "upload_url": f"{url}put", "file_id": "F1"})

        async with server(answer) as url:
            messenger = SlackMessenger(web_client(TOKEN, url, rig.session), rig.session)
            with pytest.raises(SlackUnavailable):
                await messenger.attach(INCIDENT, "1.000100", self.FILE)
        assert asked == ["/files.getUploadURLExternal", "/put"]


class TestFetch:
    """Files that people sent."""

    async def _file(self, rig: Rig, content: str) -> str:
        file = await rig.control.file("codes.csv", content)
        return f"{URL(rig.slack.api_url).origin()}/files-pri/{file}/download/codes.csv"

    async def test_a_file_is_fetched_as_it_is(self, rig: Rig) -> None:
        """What someone sent is handed over, byte for byte."""
        url = await self._file(rig, "code\r\nÄ\r\n")
        assert await SlackFiles(rig.bot).fetch(url) == "code\r\nÄ\r\n".encode()

    @pytest.mark.parametrize("given", ["stub", "private"])
    async def test_a_file_that_came_without_its_address(self, rig: Rig, given: str) -> None:
        """Slack is asked where a file is that came as its id alone, as files of Slack Connect do."""
        file = await rig.control.file("codes.csv", "code", given)
        assert await SlackFiles(rig.bot).fetch(file) == b"code"
        assert [call["method"] for call in await rig.control.api_calls()] == ["files.info"]

    @pytest.mark.parametrize(
        ("told", "error"),
        [
            ({"file": {"url_private": "/files-pri/F1/x"}}, ""),
            ({"file": {"url_private_download": "", "url_private": "/files-pri/F1/x"}}, ""),
            ({"file": {"id": "F1", "file_access": "check_file_info"}}, "no_address"),
            ({"file": {"url_private": "https://drive.example/x"}}, "foreign_file"),
            ({"file": {"url_private": 7}}, "no_address"),
            ({"file": []}, "no_address"),
            ({}, "no_address"),
        ],
    )
    async def test_what_slack_tells_of_a_file(self, rig: Rig, told: dict[str, Any], error: str) -> None:
        """A file is fetched from the address that Slack tells; one without any is refused by a name."""

        async def slack(request: web.Request) -> web.StreamResponse:
            if request.path.startswith("/files-pri"):
                return web.Response(text="ABCD1234")
            about = told.get("file")
            if isinstance(about, dict) and str(about.get("url_private")).startswith("/"):
                about = {**about, "url_private": f"{url.rstrip('/')}{about['url_private']}"}
            return web.json_response({"ok": True, "file": about})

        async with server(slack) as url:
            files = SlackFiles(web_client(TOKEN, url, rig.session))
            if not error:
                assert await files.fetch("F1") == b"ABCD1234"
                return
            with pytest.raises(SlackRefused) as refused:
                await files.fetch("F1")
        assert refused.value.name == error

    async def test_a_file_that_slack_does_not_know(self, rig: Rig) -> None:
        """Slack's own name for why it tells nothing of a file is handed on."""
        with pytest.raises(SlackRefused) as refused:
            await SlackFiles(rig.bot).fetch("F0NOWHERE")
        assert refused.value.name == "file_not_found"

    async def test_without_the_scope_a_page_comes_instead(self, rig: Rig) -> None:
        """Slack's page to sign in is no file: the app lacks its scope."""
        url = await self._file(rig, "code")
        await rig.control.app(scopes=["chat:write"])
        with pytest.raises(SlackRefused) as refused:
            await SlackFiles(rig.bot).fetch(url)
        assert refused.value.name == "missing_scope"

    async def test_a_file_that_is_too_large_is_refused(self, rig: Rig) -> None:
        """No more is read than a list of codes may hold."""
        url = await self._file(rig, "x" * 100_001)
        with pytest.raises(SlackRefused) as refused:
            await SlackFiles(rig.bot).fetch(url)
        assert refused.value.name == "file_too_large"

    async def test_a_file_that_is_gone(self, rig: Rig) -> None:
        """Where there is no such file, nothing is taken for its content, and no redirect is followed."""
        with pytest.raises(SlackUnavailable):
            await SlackFiles(rig.bot).fetch(f"{URL(rig.slack.api_url).origin()}/files-pri/F1/x")

    async def test_a_file_is_fetched_from_no_other_place(self, rig: Rig) -> None:
        """If Slack's answer points elsewhere, nobody goes there, and nothing is taken for the file."""
        asked: list[str] = []

        async def elsewhere(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            return web.Response(text="ABCD1234")

        async def redirect(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": f"{other}codes.csv"})

        async with server(elsewhere) as other, server(redirect) as slack:
            files = SlackFiles(web_client(TOKEN, slack, rig.session))
            with pytest.raises(SlackUnavailable):
                await files.fetch(f"{slack}files-pri/x/codes.csv")
        assert asked == []

    async def test_the_token_goes_to_slack_alone(self, rig: Rig) -> None:
        """An address of any other host is not asked, so that nobody else ever gets the token."""
        asked: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(request.path)
            return web.Response(text="ABCD1234")

        async with server(answer) as url:
            port = URL(url).port
            for other in (
                url,
                f"http://localhost:{port}/files-pri/x",
                f"http://files.slack.com@127.0.0.1:{port}/x",
                f"{URL(rig.slack.api_url).origin()}@127.0.0.1:{port}/x",
                "https://files.slack.com.example.com/x",
                "https://user@files.slack.com/x",
                "http://files.slack.com/x",
                "nowhere",
            ):
                with pytest.raises(SlackRefused) as refused:
                    await SlackFiles(rig.bot).fetch(other)
                assert refused.value.name == "foreign_file"
        assert asked == []
