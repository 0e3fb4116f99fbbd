"""The local Vivoldi keeps the vendor's rules, spoils calls as told, and logs the truth."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import Call, ControlError, Entry, Event, VivoldiControl

KEY = "key-of-this-test"
HEADERS = {"Authorization": f"APIKey {KEY}", "User-Agent": "coupon-guard/test"}
CODE = "ZJLF0399WQBEQZJM"
DAY = 24 * 60 * 60
DOCUMENTED_FIELDS = {
    *("cpnNo", "domain", "nm", "discTypeIdx", "disc", "discCurrency", "formatDiscCurrency"),
    *("strtYmd", "endYmd", "useLimit", "useCnt", "imgUrl", "onsiteYn", "onsitePwd", "memo", "url"),
    *("userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2", "regYmdt"),
}


@pytest_asyncio.fixture
async def vivoldi() -> AsyncIterator[LocalVivoldi]:
    async with LocalVivoldi(api_key=KEY) as server:
        yield server


@pytest_asyncio.fixture
async def control(vivoldi: LocalVivoldi) -> AsyncIterator[VivoldiControl]:
    async with VivoldiControl(vivoldi.control_url) as client:
        yield client


@pytest_asyncio.fixture
async def api(vivoldi: LocalVivoldi) -> AsyncIterator[httpx.AsyncClient]:
    async with raw_client(vivoldi) as client:
        yield client


def raw_client(vivoldi: LocalVivoldi, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=vivoldi.url, headers=HEADERS, **{"trust_env": False, **options})


async def read(api: httpx.AsyncClient, code: str = CODE) -> Any:
    return (await api.get("/api/coupon/v1/validate", params={"cpnNo": code})).json()


async def delete(api: httpx.AsyncClient, code: str = CODE, **options: Any) -> httpx.Response:
    return await api.delete("/api/coupon/v1/delete", params={"cpnNo": code}, **options)


async def ask(api: httpx.AsyncClient, method: str, call: str, **body: Any) -> Any:
    return (await api.request(method, f"/api/coupon/v1/{call}", json=body)).json()


class TestCalls:
    async def test_validate_answers_every_documented_field(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A coupon that can be used is answered with all documented fields, as they were given."""
        secrets = {"onsitePwd": "0417", "memo": "a memo", "userId": "u-1", "userEml": "mina@shop.example"}
        await control.create(CODE, nm="Cake", disc=60, strtYmd="2020-01-01", useLimit=0, useCnt=7, **secrets)

        answer = await read(api)

        assert (answer["code"], answer["message"]) == (0, "")
        assert answer["result"].keys() == DOCUMENTED_FIELDS
        given = {"cpnNo": CODE, "nm": "Cake", "disc": 60, "strtYmd": "2020-01-01", "useLimit": 0, "useCnt": 7}
        assert answer["result"] | given | secrets == answer["result"]

    async def test_validate_leaves_out_null_fields(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A field that was set to null is missing from the answer, so that missing fields can be tested."""
        await control.create(CODE, nm=None, endYmd=None)

        assert not {"nm", "endYmd"} & (await read(api))["result"].keys()

    async def test_validate_fails_alike_for_every_reason(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """The reasons why a coupon can't be used differ in the message only."""
        await control.create("EXPIRED001", strtYmd="2020-01-01", endYmd="2020-12-31")
        await control.create("TOOEARLY01", strtYmd="2999-01-01", endYmd="2999-12-31")
        await control.create("USEDUP0001", useLimit=2, useCnt=2)
        await control.create("PERPERSON1", personLimitReached=True)

        codes = ("NOSUCHCOUPON", "EXPIRED001", "TOOEARLY01", "USEDUP0001", "PERPERSON1")
        answers = [await read(api, code) for code in codes]

        assert len({(answer["code"], answer["result"]) for answer in answers}) == 1
        assert answers[0]["code"] != 0
        assert answers[0]["result"] is None
        assert len({answer["message"] for answer in answers} - {""}) == len(codes)

    async def test_validity_includes_its_first_and_last_day(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A coupon validates from its first to its last day by the world clock, and not a day beyond."""
        await control.create(CODE, strtYmd="2030-05-02", endYmd="2030-05-03")

        codes = []
        for day in (1, 2, 3, 4):
            await control.set_clock(datetime(2030, 5, day, 12, tzinfo=UTC))
            codes.append((await read(api))["code"])

        assert [code == 0 for code in codes] == [False, True, True, False]

    async def test_delete_is_permanent(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """A deleted coupon no longer validates, and the log holds one deletion by that very call."""
        created = await control.create(CODE)

        answer = await delete(api)

        assert answer.json() == {"code": 0, "message": "", "result": None}
        assert (await read(api))["code"] != 0
        (deletion,) = await control.deletions(CODE)
        (call,) = await control.calls("delete", CODE)
        assert (deletion.uid, deletion.by, deletion.call) == (created["uid"], "api", call.seq)

    async def test_delete_of_an_unknown_number_is_refused(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """By default, deleting what does not exist is a refusal with a message, and no event."""
        answer = (await delete(api)).json()

        assert answer["code"] != 0
        assert answer["message"]
        assert await control.deletions() == []

    async def test_delete_of_an_unknown_number_can_succeed(self) -> None:
        """What the vendor leaves undocumented can be switched to success, still without an event."""
        async with (
            LocalVivoldi(api_key=KEY, unknown_delete_succeeds=True) as vivoldi,
            raw_client(vivoldi) as api,
            VivoldiControl(vivoldi.control_url) as control,
        ):
            assert (await delete(api)).json()["code"] == 0
            assert await control.deletions() == []

    async def test_a_number_made_again_is_another_coupon(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """The same number created again differs in identity and creation time, also within a second."""
        first = await control.create(CODE)
        await delete(api)

        second = await control.create(CODE)

        assert first["uid"] != second["uid"]
        assert first["regYmdt"] < second["regYmdt"]

    async def test_update_changes_only_what_is_given(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """An update leaves the fields that it does not name, and can't touch the use count."""
        await control.create(CODE)
        before = (await read(api))["result"]

        answer = await ask(api, "PUT", "update", cpnNo=CODE, nm="New name", useCnt=99)

        assert answer == {"code": 0, "message": "", "result": None}
        assert (await read(api))["result"] == before | {"nm": "New name"}

    async def test_update_after_redemption_may_change_the_memo_only(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """Once redeemed, a coupon keeps everything but its memo."""
        await control.create(CODE, useLimit=2)
        await control.redeem(CODE)

        assert (await ask(api, "PUT", "update", cpnNo=CODE, nm="New name"))["code"] != 0
        assert (await ask(api, "PUT", "update", cpnNo=CODE, memo="used"))["code"] == 0
        result = (await read(api))["result"]
        assert (result["nm"], result["memo"]) == ("Sample coupon", "used")

    @pytest.mark.parametrize(("end", "allowed"), [("2031-12-31", True), ("2032-01-01", False)])
    async def test_update_limits_the_end_date(
        self, api: httpx.AsyncClient, control: VivoldiControl, end: str, allowed: bool
    ) -> None:
        """The end date can be at most 31 December of next year."""
        await control.set_clock(datetime(2030, 5, 2, tzinfo=UTC))
        await control.create(CODE)

        answer = await ask(api, "PUT", "update", cpnNo=CODE, endYmd=end)

        assert (answer["code"] == 0) == allowed

    async def test_create_takes_or_makes_a_number(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A coupon gets the chosen number, or a made one of 16 upper-case letters and digits."""
        chosen = await ask(api, "POST", "create", cpnNo=CODE, nm="Cake", discTypeIdx=458, disc=5)
        made = await ask(api, "POST", "create", nm="Cake", discTypeIdx=457, disc=5)
        again = await ask(api, "POST", "create", cpnNo=CODE, nm="Cake", discTypeIdx=457, disc=5)

        assert (chosen["code"], chosen["result"]) == (0, CODE)
        assert len(made["result"]) == 16
        assert made["result"].isalnum()
        assert made["result"] == made["result"].upper()
        assert again["code"] != 0
        assert [event.by for event in await control.events()] == ["api", "api"]

    async def test_create_keeps_what_is_given(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """A created coupon has the given facts, but its use count and creation time are the server's."""
        its_own = {"useCnt": 1, "regYmdt": "2020-01-01 00:00:00"}
        await ask(api, "POST", "create", cpnNo=CODE, nm="Cake", discTypeIdx=457, disc=5, **its_own)

        result = (await read(api))["result"]
        assert (result["nm"], result["disc"], result["useCnt"]) == ("Cake", 5, 0)
        assert result["regYmdt"] > "2020-01-02"

    async def test_create_refuses_a_bad_number(self, api: httpx.AsyncClient) -> None:
        """A number must be 8 to 16 letters or digits."""
        for number in ("SHORT01", "HAS-DASH1", "A" * 17, ["LISTED01"]):
            answer = await ask(api, "POST", "create", cpnNo=number, nm="Cake", discTypeIdx=457, disc=5)
            assert answer["code"] != 0, number

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"nm": ""}, "nm is required"),
            ({"discTypeIdx": None}, "discTypeIdx is required"),
            ({"endYmd": "2020-01-01", "strtYmd": "2019-01-01"}, "end date has passed"),
            ({"strtYmd": "2999-01-01"}, "before the start"),
        ],
    )
    async def test_create_refuses_what_could_not_be_used(
        self, api: httpx.AsyncClient, control: VivoldiControl, changes: dict[str, str | None], says: str
    ) -> None:
        """Nothing is created without what is required, or that has ended already."""
        asked = {"cpnNo": CODE, "nm": "Cake", "discTypeIdx": 457, "disc": 5, **changes}
        assert says in (await ask(api, "POST", "create", **asked))["message"]
        assert await control.coupons() == []

    async def test_redeem_uses_a_coupon_up(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """Each redemption counts as a use, and none is possible beyond the limit."""
        await control.create(CODE, useLimit=1)

        assert (await ask(api, "PUT", "redeem", cpnNo=CODE, userId="u-1"))["code"] == 0
        assert (await ask(api, "PUT", "redeem", cpnNo=CODE, userId="u-2"))["code"] != 0
        assert [event.kind for event in await control.events(CODE)] == ["created", "redeemed"]
        assert (await control.coupons())[0]["useCnt"] == 1

    async def test_redeem_on_site_needs_the_password(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A coupon for use on site is redeemed with its password only."""
        await control.create(CODE, onsiteYn="Y", onsitePwd="0417")

        assert (await ask(api, "PUT", "redeem", cpnNo=CODE, onsitePwd="9999"))["code"] != 0
        assert (await ask(api, "PUT", "redeem", cpnNo=CODE, onsitePwd="0417"))["code"] == 0

    async def test_a_call_needs_a_number(self, api: httpx.AsyncClient) -> None:
        """Every call on one coupon is refused without its number."""
        for method, call in (("GET", "validate"), ("DELETE", "delete"), ("PUT", "update"), ("PUT", "redeem")):
            assert (await ask(api, method, call))["code"] != 0, call

    async def test_other_paths_are_not_found_but_logged(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A path or method that the vendor does not have is answered 404 and logged as other."""
        assert (await api.post("/api/coupon/v1/delete", params={"cpnNo": CODE})).status_code == 404
        (call,) = await control.calls("other")
        assert (call.method, call.code, call.status) == ("POST", CODE, 404)


class TestHeaders:
    @pytest.mark.parametrize("authorization", [None, "", "APIKey wrong", f"Bearer {KEY}", KEY])
    async def test_the_key_is_needed(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, authorization: str | None
    ) -> None:
        """Without the right key nothing is executed and the answer is 401."""
        await control.create(CODE)
        given = {} if authorization is None else {"Authorization": authorization}
        async with httpx.AsyncClient(base_url=vivoldi.url, trust_env=False) as api:
            answer = await delete(api, headers={"User-Agent": "coupon-guard/test", **given})

        assert answer.status_code == 401
        (call,) = await control.calls()
        assert (call.key_ok, call.executed, call.status) == (False, False, 401)
        assert await control.deletions() == []

    @pytest.mark.parametrize(
        "agent",
        [
            None,
            "",
            "python-httpx/0.28.1",
            "python-requests/2.32",
            "Python/3.11 aiohttp/3.14",
            "curl/8.5.0",
            "Go-http-client/2.0",
            "okhttp/4.12",
        ],
    )
    async def test_generic_agents_are_blocked(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, agent: str | None
    ) -> None:
        """A missing or generic User-Agent is answered 403 and nothing is executed."""
        await control.create(CODE)
        async with httpx.AsyncClient(base_url=vivoldi.url, trust_env=False) as api:
            del api.headers["User-Agent"]
            given = {} if agent is None else {"User-Agent": agent}
            answer = await delete(api, headers={"Authorization": HEADERS["Authorization"], **given})

        assert answer.status_code == 403
        assert await control.deletions() == []

    async def test_the_log_never_holds_the_key(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, api: httpx.AsyncClient
    ) -> None:
        """A call is logged with its other headers and whether the key was right, never with the key."""
        await read(api)

        (call,) = await control.calls()
        assert call.key_ok
        assert call.headers["user-agent"] == "coupon-guard/test"
        assert KEY not in repr(call)

    async def test_the_rate_limit_slides(self) -> None:
        """Past the rate calls are answered 429 and counted, until a minute has passed since them."""
        async with (
            LocalVivoldi(api_key=KEY, rate_per_minute=2) as vivoldi,
            raw_client(vivoldi) as api,
            VivoldiControl(vivoldi.control_url) as control,
        ):
            statuses = [(await delete(api)).status_code for _ in range(3)]
            await control.shift_clock(61)
            statuses.append((await delete(api)).status_code)

            assert statuses == [200, 200, 429, 200]
            assert (await control.health())["too_many"] == 1
            assert [call.executed for call in await control.calls()] == [True, True, False, True]

    async def test_a_reset_forgets_the_rate(self) -> None:
        """After a reset the calls before it no longer count."""
        async with (
            LocalVivoldi(api_key=KEY, rate_per_minute=1) as vivoldi,
            raw_client(vivoldi) as api,
            VivoldiControl(vivoldi.control_url) as control,
        ):
            await delete(api)
            await control.reset()

            assert (await delete(api)).status_code == 200


class TestAnsweringFaults:
    """Faults with a whole HTTP answer."""

    @pytest.mark.parametrize(
        ("kind", "args", "status", "executed"),
        [
            ("html_502", {}, 502, False),
            ("html_502_after", {}, 502, True),
            ("error_500", {}, 500, False),
            ("error_500_after", {}, 500, True),
            ("too_many", {}, 429, False),
            ("status", {"status": 408}, 408, False),
            ("status", {"status": 503, "execute": True}, 503, True),
            ("redirect", {}, 302, False),
            ("redirect", {"execute": True}, 302, True),
            ("not_json", {}, 200, False),
            ("not_json", {"execute": True}, 200, True),
        ],
    )
    async def test_answers_without_the_envelope(
        self,
        api: httpx.AsyncClient,
        control: VivoldiControl,
        kind: str,
        args: dict[str, Any],
        status: int,
        executed: bool,
    ) -> None:
        """The client gets the status without JSON, and the deletion is as true as the fault says."""
        await control.create(CODE)
        await control.fault(kind, **args)

        answer = await delete(api)

        assert answer.status_code == status
        with pytest.raises(json.JSONDecodeError):
            answer.json()
        assert len(await control.deletions(CODE)) == executed
        (call,) = await control.calls()
        assert (call.fault, call.status, call.answer_code) == (kind, status, None)
        assert (call.executed, call.dropped, call.finished) == (executed, None, True)

    @pytest.mark.parametrize(
        ("kind", "args", "succeeds", "executed"),
        [
            ("code_nonzero", {"message": "Not on Sundays."}, False, False),
            ("code_nonzero_after", {"message": "Not on Sundays."}, False, True),
            ("success_without_effect", {}, True, False),
        ],
    )
    async def test_answers_that_lie(
        self,
        api: httpx.AsyncClient,
        control: VivoldiControl,
        kind: str,
        args: dict[str, Any],
        succeeds: bool,
        executed: bool,
    ) -> None:
        """The envelope says one thing, and the log what truly happened."""
        await control.create(CODE)
        await control.fault(kind, **args)

        answer = (await delete(api)).json()

        assert (answer["code"] == 0) == succeeds
        assert answer["message"] == args.get("message", "")
        assert len(await control.deletions(CODE)) == executed

    async def test_too_many_can_say_how_long_to_wait(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """The 429 carries Retry-After only if told to."""
        await control.fault("too_many", retry_after=7)
        await control.fault("too_many")

        assert (await delete(api)).headers["Retry-After"] == "7"
        assert "Retry-After" not in (await delete(api)).headers

    async def test_redirect_leads_to_the_same_address(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """The redirect names the very call, so a client that follows it asks for the same again."""
        await control.fault("redirect")

        answer = await delete(api)

        assert answer.headers["Location"] == f"/api/coupon/v1/delete?cpnNo={CODE}"

    async def test_latency_answers_normally_in_the_end(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A slow call is executed and answered as always, only later."""
        await control.create(CODE)
        await control.fault("latency", seconds=0.1)

        answer = await delete(api)

        assert answer.json()["code"] == 0
        assert answer.elapsed.total_seconds() >= 0.1

    async def test_latency_executes_though_the_client_gave_up(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A client's timeout does not stop a slow deletion, which is then logged as unanswered."""
        await control.create(CODE)
        await control.fault("latency", seconds=0.2)

        with pytest.raises(httpx.ReadTimeout):
            await delete(api, timeout=httpx.Timeout(5.0, read=0.05))
        assert await control.deletions(CODE) == []

        call = await control.wait_for(lambda entry: isinstance(entry, Call) and entry.finished)
        assert isinstance(call, Call)
        assert (call.executed, call.dropped, call.status) == (True, "after", None)
        assert len(await control.deletions(CODE)) == 1


class TestConnectionFaults:
    """Faults that end a connection without a whole answer, or refuse it."""

    @pytest.mark.parametrize(
        ("kind", "status", "dropped"),
        [("drop_before", None, "before"), ("drop_after", None, "after"), ("cut_body", 200, "after")],
    )
    async def test_drops(
        self, api: httpx.AsyncClient, control: VivoldiControl, kind: str, status: int | None, dropped: str
    ) -> None:
        """A dropped DELETE is a protocol error to httpx, sent once, and true only if dropped after."""
        await control.create(CODE)
        await control.fault(kind)

        with pytest.raises(httpx.RemoteProtocolError):
            await delete(api)

        (call,) = await control.calls()
        assert (call.fault, call.status, call.dropped) == (kind, status, dropped)
        assert len(await control.deletions(CODE)) == (dropped == "after")

    @pytest.mark.parametrize("execute", [False, True])
    async def test_hang(self, api: httpx.AsyncClient, control: VivoldiControl, execute: bool) -> None:
        """A hanging call shows in the log at once, and stays open until the client leaves."""
        await control.create(CODE)
        await control.fault("hang", execute=execute)

        deletion = asyncio.create_task(delete(api, timeout=30))
        hanging = await control.wait_for(lambda entry: isinstance(entry, Call))
        assert isinstance(hanging, Call)
        assert not hanging.finished
        deletion.cancel()

        done = await control.wait_for(lambda entry: isinstance(entry, Call) and entry.finished)
        assert isinstance(done, Call)
        assert (done.seq, done.status) == (hanging.seq, None)
        assert done.dropped == ("after" if execute else "before")
        assert len(await control.deletions(CODE)) == execute

    async def test_refuse_starts_at_once_and_ends_when_cleared(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """While refusing, a client with an open connection can't get through either; the port stays."""
        await read(api)
        await control.fault("refuse")

        with pytest.raises(httpx.ConnectError):
            await read(api)
        await control.clear_faults()

        assert (await read(api))["code"] != 0
        assert len(await control.calls()) == 2

    async def test_refuse_can_start_with_an_answer(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """Armed after a kind of call, refusing begins when such a call has been answered, not before."""
        await control.create(CODE)
        await control.fault("refuse", after="delete")
        await read(api)

        answer = await delete(api)
        assert (answer.json()["code"], answer.headers["Connection"]) == (0, "close")
        with pytest.raises(httpx.ConnectError):
            await read(api)
        assert [call.then_refused for call in await control.calls()] == [False, True]

    async def test_refuse_can_end_by_itself(self, vivoldi: LocalVivoldi, control: VivoldiControl) -> None:
        """After its seconds connections are accepted again."""
        await control.fault("refuse", seconds=0.1)

        # Its transport retries the connecting only, after 0 and then 0.5 seconds.
        async with raw_client(vivoldi, transport=httpx.AsyncHTTPTransport(retries=2)) as api:
            assert (await read(api))["code"] != 0

    async def test_refuse_joins_a_drop(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """A call can be dropped and the server gone from then on, as when it crashes."""
        await control.create(CODE)
        await control.fault("drop_after")
        await control.fault("refuse", after="delete")

        with pytest.raises(httpx.RemoteProtocolError):
            await delete(api)
        with pytest.raises(httpx.ConnectError):
            await read(api)
        assert len(await control.deletions(CODE)) == 1


class TestArming:
    async def test_faults_are_used_in_order(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """The oldest fault of a kind of call is used up before the next one starts."""
        await control.fault("error_500", times=2)
        await control.fault("html_502")

        assert [(await delete(api)).status_code for _ in range(4)] == [500, 500, 502, 200]
        assert await control.faults() == []

    async def test_skipped_calls_pass(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """A fault that skips lets that many matching calls through first."""
        await control.fault("error_500", skip=2)

        assert [(await delete(api)).status_code for _ in range(4)] == [200, 200, 500, 200]

    async def test_a_fault_matches_its_kind_of_call(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A fault on reads leaves deletions alone, and one on any call does not."""
        await control.fault("error_500", "read")
        assert (await delete(api)).status_code == 200
        assert (await api.get("/api/coupon/v1/validate?cpnNo=ABCD1234")).status_code == 500
        await control.fault("error_500", "any")
        assert (await delete(api)).status_code == 500

    async def test_a_fault_can_be_for_one_coupon(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A fault with a code waits for that very coupon."""
        await control.fault("error_500", code="ABCD1234")

        assert (await delete(api, CODE)).status_code == 200
        assert (await delete(api, "ABCD1234")).status_code == 500

    async def test_refused_calls_use_up_no_fault(
        self, vivoldi: LocalVivoldi, control: VivoldiControl
    ) -> None:
        """A call without the right key leaves the armed fault for the next one."""
        await control.fault("error_500")
        async with raw_client(vivoldi) as api:
            await delete(api, headers={"Authorization": "APIKey wrong"})

        assert len(await control.faults()) == 1


class TestLog:
    async def test_one_counter_orders_calls_and_events(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """Whether there was a read between two deletes can be told from the sequence numbers."""
        await control.create(CODE)
        await delete(api)
        await read(api)
        await delete(api)

        entries: list[Entry] = [*await control.events(), *await control.calls()]
        assert [entry.kind for entry in sorted(entries, key=lambda entry: entry.seq)] == [
            "created",
            "delete",
            "deleted",
            "read",
            "delete",
        ]
        assert len({entry.seq for entry in entries}) == len(entries)

    async def test_events_keep_what_the_coupon_was(self, control: VivoldiControl) -> None:
        """Each change is logged with the coupon as it then was, and control as its maker."""
        await control.create(CODE, nm="First", useLimit=0)
        await control.change(CODE, nm="Second")
        await control.redeem(CODE)
        await control.delete(CODE)

        events = await control.events(CODE)
        assert [(event.kind, event.facts["nm"], event.facts["useCnt"]) for event in events] == [
            ("created", "First", 0),
            ("updated", "Second", 0),
            ("redeemed", "Second", 1),
            ("deleted", "Second", 1),
        ]
        assert {(event.by, event.call) for event in events} == {("control", None)}

    async def test_calls_can_be_narrowed(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """The calls of one kind, of one coupon, or of both can be asked for."""
        for code in (CODE, "ABCD1234"):
            await read(api, code)
            await delete(api, code)

        assert [call.code for call in await control.calls("read")] == [CODE, "ABCD1234"]
        assert [call.kind for call in await control.calls(code=CODE)] == ["read", "delete"]
        assert len(await control.calls("delete", CODE)) == 1

    async def test_calls_tell_fresh_connections_apart(
        self, vivoldi: LocalVivoldi, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """Calls on one connection share the client's port, calls on two do not."""
        await read(api)
        await read(api)
        async with raw_client(vivoldi) as another:
            await read(another)

        first, second, third = [call.port for call in await control.calls()]
        assert first == second != third

    async def test_the_stream_tells_what_is_new(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, api: httpx.AsyncClient
    ) -> None:
        """Every new event and call is one server-sent message; a call comes again when it is finished."""
        await control.create(CODE)
        async with (
            httpx.AsyncClient(trust_env=False) as http,
            http.stream("GET", f"{vivoldi.control_url}/stream") as stream,
        ):
            lines = stream.aiter_lines()
            await anext(lines)
            await delete(api)
            seen = []
            async for line in lines:
                if line.startswith("data: "):
                    entry = json.loads(line.removeprefix("data: "))
                    seen.append((entry["kind"], entry.get("finished")))
                if len(seen) == 3:
                    break

        assert seen == [("delete", False), ("deleted", None), ("delete", True)]

    async def test_waiting_sees_past_and_coming_entries(self, control: VivoldiControl) -> None:
        """Waiting finds what is in the log already, what comes later, and gives up in time."""
        await control.create(CODE)
        assert await control.wait_for(lambda entry: entry.kind == "created")
        waiting = asyncio.create_task(control.wait_for(lambda entry: entry.kind == "deleted"))
        await control.delete(CODE)
        deleted = await waiting
        assert isinstance(deleted, Event)
        with pytest.raises(TimeoutError):
            await control.wait_for(lambda entry: entry.kind == "redeemed", timeout=0.05)


class TestControl:
    async def test_reset_forgets_everything(self, api: httpx.AsyncClient, control: VivoldiControl) -> None:
        """After a reset there are no coupons, faults, entries or clock shift, and connections get in."""
        await control.create(CODE)
        await control.shift_clock(40 * DAY)
        await control.fault("error_500")
        await control.fault("refuse")

        await control.reset()

        assert [await control.coupons(), await control.events(), await control.faults()] == [[], [], []]
        assert (await delete(api)).status_code == 200
        now = datetime.fromisoformat((await control.health())["now"])
        assert abs((now - datetime.now(UTC)).total_seconds()) < DAY

    async def test_reset_shields_the_new_world_from_old_calls(
        self, api: httpx.AsyncClient, control: VivoldiControl
    ) -> None:
        """A call that was in flight at a reset neither shows in the new log nor touches the new coupons."""
        await control.create(CODE)
        await control.fault("latency", seconds=0.1)
        slow = asyncio.create_task(delete(api))
        await control.wait_for(lambda entry: isinstance(entry, Call))

        await control.reset()
        await control.create(CODE)

        assert (await slow).json()["code"] == 0
        assert await control.calls() == []
        assert await control.deletions() == []

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/coupons", {"cpnNo": "no"}),
            ("POST", "/coupons", {"colour": "red"}),
            ("POST", "/coupons", {"uid": "mine"}),
            ("POST", "/coupons", ["not", "an", "object"]),
            ("PATCH", f"/coupons/{CODE}", {"cpnNo": "ABCD1234"}),
            ("PATCH", f"/coupons/{CODE}", {"useLimit": 6}),
            ("POST", "/faults", {"kind": "earthquake"}),
            ("POST", "/faults", {"kind": "latency"}),
            ("POST", "/faults", {"kind": "drop_after", "execute": False}),
            ("POST", "/faults", {"kind": "status"}),
            ("POST", "/faults", {"kind": "hang", "when": "now"}),
            ("POST", "/clock", {}),
            ("POST", "/clock", {"now": "soon"}),
            ("GET", "/calls?colour=red", None),
        ],
    )
    async def test_unknown_input_is_answered_with_a_sentence(
        self, vivoldi: LocalVivoldi, control: VivoldiControl, method: str, path: str, body: object
    ) -> None:
        """Control input that makes no sense is refused with 400, says why, and changes nothing."""
        await control.create(CODE)
        async with httpx.AsyncClient(base_url=vivoldi.control_url, trust_env=False) as http:
            answer = await http.request(method, path, json=body)

        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".")
        assert (len(await control.events()), await control.faults()) == (1, [])

    async def test_refusals_reach_the_caller(self, control: VivoldiControl) -> None:
        """The client raises the control side's sentence for an unknown coupon and for a broken rule."""
        with pytest.raises(ControlError, match="does not exist"):
            await control.delete(CODE)
        await control.create(CODE)
        with pytest.raises(ControlError, match="already in use"):
            await control.create(CODE)


class TestProcess:
    async def test_leaving_the_context_closes_both_sides(self) -> None:
        """In a test's own loop, nothing listens any more when the context has been left."""
        async with LocalVivoldi(api_key=KEY) as vivoldi:
            urls = (vivoldi.url, vivoldi.control_url)

        async with httpx.AsyncClient(trust_env=False) as http:
            for url in urls:
                with pytest.raises(httpx.ConnectError):
                    await http.get(url)

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    async def test_starts_with_one_line_and_stops_cleanly(self, stop: signal.Signals) -> None:
        """The process prints one JSON line when ready, and ends with 0 on a signal, also with a hung call."""
        async with AsyncExitStack() as stack:
            process = await stack.enter_async_context(started("--seed-coupons", "--api-key", KEY))
            assert process.stdout is not None
            urls = json.loads(await process.stdout.readline())
            control = await stack.enter_async_context(VivoldiControl(urls["control"]))
            api = await stack.enter_async_context(
                httpx.AsyncClient(base_url=urls["api"], headers=HEADERS, trust_env=False)
            )
            validating = [
                (await read(api, coupon["cpnNo"]))["code"] == 0 for coupon in await control.coupons()
            ]
            assert validating == [True, True, True, True, False, False]
            await control.fault("hang")
            hanging = asyncio.create_task(delete(api, timeout=30))
            await control.wait_for(lambda entry: entry.kind == "delete")

            process.send_signal(stop)

            assert await asyncio.wait_for(process.wait(), 5) == 0
            assert await process.stdout.read() == b""
            with pytest.raises(httpx.TransportError):
                await hanging

    async def test_a_taken_port_is_one_readable_line(self, vivoldi: LocalVivoldi) -> None:
        """A port that is taken ends the start with a sentence and status 1."""
        async with started("--port", vivoldi.url.rpartition(":")[2]) as process:
            assert process.stderr is not None
            message = await process.stderr.read()
            assert await process.wait() == 1

        assert message.decode().splitlines() == ["The local Vivoldi can't listen: Address already in use."]


@asynccontextmanager
async def started(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.vivoldi",
        *options,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        # A failed test must not leave its process behind.
        if process.returncode is None:
            process.kill()
            await process.wait()
