"""What an answer of Vivoldi proves, row by row, and which facts of a coupon are taken from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from bot.adapters.retry_after import retry_after
from bot.adapters.slack.errors import judge as judge_slack
from bot.adapters.vivoldi.answers import judge_change, judge_failure, judge_reading
from bot.domain.coupon import Coupon, CouponCode, DiscountKind, NotShown, Shown
from bot.domain.errors import SlackUnavailable, VivoldiRefused, VivoldiUnavailable
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven

CODE = CouponCode("ZJLF0399WQBEQZJM")
OK = b'{"code": 0, "message": "", "result": null}'
NO = b'{"code": 7, "message": "This coupon is locked.", "result": null}'
DENIED = b'{"message": "Wrong key."}'
NOTHING = httpx.Headers()

EXAMPLE: dict[str, Any] = {
    "cpnNo": CODE,
    "domain": "shop.example",
    "nm": "$100 off cake coupon",
    "discTypeIdx": 457,
    "disc": 60.0,
    "discCurrency": "USD",
    "strtYmd": "2025-01-01",
    "endYmd": "2025-12-31",
    "useLimit": 1,
    "useCnt": 0,
    "regYmdt": "2024-11-17 17:29:25",
}


def slack_wait(headers: Mapping[str, str]) -> float | None:
    error = judge_slack(429, headers, {"ok": False, "error": "ratelimited"})
    assert isinstance(error, SlackUnavailable)
    return error.retry_after


def vivoldi_wait(headers: Mapping[str, str]) -> float | None:
    answer = judge_change(429, headers, b"")
    assert isinstance(answer, NotExecuted)
    return answer.retry_after


def judged(status: int, body: bytes = b"", **headers: str) -> DeleteAnswer:
    return judge_change(status, httpx.Headers(headers), body)


def answer(result: Any, code: int = 0, message: str = "") -> bytes:
    return json.dumps({"code": code, "message": message, "result": result}).encode()


def read(body: bytes, status: int = 200) -> Coupon:
    reading = judge_reading(CODE, status, NOTHING, body)
    assert isinstance(reading, Shown)
    return reading.coupon


def read_fields(**fields: Any) -> Coupon:
    return read(answer({"cpnNo": CODE, **fields}))


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for below in base.__subclasses__():
        yield from subclasses(below)


class TestChange:
    @pytest.mark.parametrize("status", [200, 201, 206, 299])
    def test_success_with_code_0_is_executed(self, status: int) -> None:
        """A 2xx with code 0, and nothing else, proves that the call was executed."""
        assert judged(status, OK) == Executed()

    @pytest.mark.parametrize("status", [200, 202, 302, 304, 399])
    def test_another_code_is_refused(self, status: int) -> None:
        """A 2xx or 3xx with another code is a refusal that quotes Vivoldi's own words, and no other."""
        assert judged(status, NO) == RefusedAnswer("Vivoldi says: “This coupon is locked.”")

    @pytest.mark.parametrize(
        "body", [b'{"code": 7}', b'{"code": 7, "message": ""}', b'{"code": 7, "message": 3}']
    )
    def test_a_refusal_without_words_is_told_with_its_code(self, body: bytes) -> None:
        """A refusal without a usable message still says something."""
        assert judged(200, body) == RefusedAnswer("Vivoldi gave no reason (code 7)")

    @pytest.mark.parametrize(
        ("status", "settings"),
        [
            (401, ["VIVOLDI_API_KEY"]),
            (403, ["VIVOLDI_USER_AGENT", "VIVOLDI_API_KEY", "plan"]),
            (404, ["VIVOLDI_API_URL"]),
            (400, []),
            (405, []),
            (409, []),
            (425, []),
            (451, []),
            (499, []),
        ],
    )
    @pytest.mark.parametrize("body", [DENIED, b"", b"<html>", OK])
    def test_other_4xx_is_refused(self, status: int, settings: list[str], body: bytes) -> None:
        """A 4xx but 408 and 429 is a refusal that names what to look at and quotes Vivoldi."""
        got = judged(status, body)
        assert isinstance(got, RefusedAnswer)
        assert all(setting in got.message for setting in [*settings, str(status)])
        assert ("Wrong key." in got.message) == (body == DENIED)

    @pytest.mark.parametrize("body", [b"", OK, NO, DENIED])
    def test_429_is_not_executed(self, body: bytes) -> None:
        """A 429 proves that nothing was executed, and says how long to wait where Vivoldi does."""
        without, with_wait = judged(429, body), judged(429, body, **{"retry-after": "7"})
        assert isinstance(without, NotExecuted)
        assert without.retry_after is None
        assert isinstance(with_wait, NotExecuted)
        assert with_wait.retry_after == 7

    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
    @pytest.mark.parametrize("body", [b"", OK, NO, b"<html>Bad Gateway</html>"])
    def test_408_and_5xx_prove_nothing(self, status: int, body: bytes) -> None:
        """A 408 or 5xx proves nothing, whatever its body says."""
        assert isinstance(judged(status, body), Unproven)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"OK",
            b"null",
            b"0",
            b"[]",
            b"{}",
            b'{"code": null}',
            b'{"code": "0"}',
            b'{"code": 0.0}',
            b'{"code": false}',
            b'{"code": true}',
            b'{"code": 1.5}',
            b'{"code": NaN}',
            b'{"code": 0, "result": 1e99999999999999999999}',
            b'{"code": 0',
            b'{"result": {"code": 0}}',
            b"\xff\xfe\x00",
            b"[" * 100_000,
            b'{"code": ' + b"9" * 5_000 + b"}",
        ],
    )
    @pytest.mark.parametrize("status", [200, 204, 302, 307])
    def test_what_is_not_this_json_proves_nothing(self, status: int, body: bytes) -> None:
        """A 2xx or 3xx without an integer `code` in a JSON object proves nothing."""
        assert isinstance(judged(status, body), Unproven)

    def test_a_redirect_with_code_0_proves_nothing(self) -> None:
        """Only a 2xx can say that the call was executed."""
        assert isinstance(judged(302, OK), Unproven)

    @pytest.mark.parametrize("status", [0, 100, 101, 199, 600, 999])
    def test_an_unknown_status_proves_nothing(self, status: int) -> None:
        """A status outside 200 to 599 proves nothing."""
        assert isinstance(judged(status, OK), Unproven)

    def test_vivoldis_message_is_fit_to_show(self) -> None:
        """A message loses its control characters and is kept to 500 characters."""
        got = judged(200, json.dumps({"code": 1, "message": "a\x00b\n\u202ec\ud800" + "x" * 600}).encode())
        assert isinstance(got, RefusedAnswer)
        assert got.message.startswith("Vivoldi says: “a b  c x")
        assert len(got.message) == len("Vivoldi says: “”") + 500


class TestFailure:
    @pytest.mark.parametrize("kind", sorted(set(subclasses(httpx.HTTPError)), key=str))
    def test_every_httpx_error(self, kind: type[httpx.HTTPError]) -> None:
        """Only a connection that never came about proves that nothing was sent."""
        error = kind.__new__(kind)
        unsent = ("ConnectError", "ConnectTimeout", "ProxyError")
        proof = NotExecuted if kind.__name__ in unsent else Unproven
        got = judge_failure(error)
        assert type(got) is proof
        assert isinstance(got, NotExecuted | Unproven)
        assert kind.__name__ in got.reason

    @pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), OSError()])
    def test_errors_below_httpx_prove_nothing(self, error: OSError) -> None:
        """The end of the time that a call has, and whatever slips past httpx, prove nothing."""
        assert isinstance(judge_failure(error), Unproven)

    def test_an_errors_text_is_not_told(self) -> None:
        """The text of an error can hold a header, so that it is never told."""
        got = judge_failure(httpx.LocalProtocolError("Illegal header value b'APIKey secret'"))
        assert "secret" not in repr(got)


class TestReading:
    def test_the_vendors_example(self) -> None:
        """The vendor's example coupon comes out with every fact that people are shown."""
        assert read(answer(EXAMPLE)) == Coupon(
            number=CODE,
            name="$100 off cake coupon",
            discount_kind=DiscountKind.PERCENT,
            discount="60",
            currency="USD",
            starts_on="2025-01-01",
            ends_on="2025-12-31",
            use_limit=1,
            use_count=0,
            created_at="2024-11-17 17:29:25",
            domain="shop.example",
            issued_to_person=False,
        )

    def test_only_the_number_is_needed(self) -> None:
        """Every field but the number may be missing."""
        assert read_fields() == Coupon(number=CODE)

    @pytest.mark.parametrize("wrong", [None, True, [], {}, "", " \t", [1], {"a": 1}])
    @pytest.mark.parametrize("field", [field for field in EXAMPLE if field != "cpnNo"])
    def test_a_field_of_a_wrong_type_counts_as_missing(self, field: str, wrong: Any) -> None:
        """A field of a wrong type or without content counts as not given and harms nothing."""
        assert read_fields(**{field: wrong}) == Coupon(number=CODE)

    def test_hyphens_do_not_make_another_coupon(self) -> None:
        """A number that differs by hyphens alone is the coupon that was asked for."""
        assert read(answer({"cpnNo": "ZJLF-0399-WQBE-QZJM"})).number == "ZJLF-0399-WQBE-QZJM"

    def test_another_spelling_is_not_shown_as_what_was_asked_for(self) -> None:
        """A number in another case may be another coupon's, so nobody is shown it; the right one is named."""
        with pytest.raises(VivoldiRefused, match="Vivoldi shows zjlf0399wqbeqzjm where ZJLF0399WQBEQZJM"):
            read(answer({"cpnNo": "zjlf0399wqbeqzjm"}))

    @pytest.mark.parametrize(
        "result",
        [
            None,
            "deleted",
            [],
            {},
            {"cpnNo": None},
            {"cpnNo": 12345678},
            {"cpnNo": "ZJLF0399WQBEQZJN"},
            {"cpnNo": "ZJLF0399WQBEQZJM "},
        ],
    )
    def test_another_coupon_is_no_answer(self, result: Any) -> None:
        """Success without the very coupon that was asked for is no answer: fail closed."""
        with pytest.raises(VivoldiUnavailable):
            read(answer(result))

    def test_a_letter_that_only_looks_alike_in_upper_case_is_another(self) -> None:
        """A number with a letter outside ASCII is another one, even if its upper case is the same."""
        with pytest.raises(VivoldiUnavailable):
            judge_reading(CouponCode("SALE2025"), 200, NOTHING, answer({"cpnNo": "\u017fALE2025"}))

    def test_a_redirect_shows_nothing(self) -> None:
        """A coupon in an answer that is not a 2xx is no answer."""
        with pytest.raises(VivoldiUnavailable):
            read(answer(EXAMPLE), status=302)

    def test_not_valid(self) -> None:
        """Another code without a result means that the coupon is not shown, in Vivoldi's words."""
        reading = judge_reading(CODE, 200, NOTHING, answer(None, 7, "Not valid."))
        assert reading == NotShown("Not valid.")

    def test_a_contradiction_is_no_answer(self) -> None:
        """Another code together with a coupon says nothing that can be relied on."""
        with pytest.raises(VivoldiUnavailable):
            judge_reading(CODE, 200, NOTHING, answer(EXAMPLE, 7, "Not valid."))

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
    def test_a_refusal_says_what_to_look_at(self, status: int) -> None:
        """A 4xx refuses the read, with Vivoldi's words and the setting to look at."""
        setting = {401: "VIVOLDI_API_KEY", 403: "VIVOLDI_USER_AGENT", 404: "VIVOLDI_API_URL"}.get(status, "")
        with pytest.raises(VivoldiRefused, match=f"{status}.*{setting}.*Wrong key"):
            judge_reading(CODE, status, NOTHING, DENIED)

    @pytest.mark.parametrize("status", [100, 200, 204, 302, 408, 429, 500, 502, 503, 600])
    @pytest.mark.parametrize("body", [b"", b"<html>", b"[0]", b'{"code": "0"}'])
    def test_no_usable_answer(self, status: int, body: bytes) -> None:
        """Whatever else comes is no usable answer, and says how long to wait where Vivoldi does."""
        with pytest.raises(VivoldiUnavailable) as caught:
            judge_reading(CODE, status, httpx.Headers({"Retry-After": "9"}), body)
        assert caught.value.retry_after == 9


class TestFacts:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("60.0", "60"),
            ("60", "60"),
            ("0", "0"),
            ("0.0", "0"),
            ("12.50", "12.5"),
            ("100", "100"),
            ("1e3", "1000"),
            ("1000000.00", "1000000"),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("0.1", "0.1"),
            ("-5", "-5"),
            ("1e29", "1" + "0" * 29),
            ("1e30", None),
            ("1e-30", None),
            ("1e999999999", None),
            ("1e-999999999", None),
            ("9" * 31, None),
            ('"60"', None),
        ],
    )
    def test_discounts_are_exact(self, given: str, shown: str | None) -> None:
        """A discount is shown exactly, without needless zeros; one too long to be shown is left out."""
        body = f'{{"code": 0, "result": {{"cpnNo": "{CODE}", "disc": {given}}}}}'
        assert read(body.encode()).discount == shown

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            (457, DiscountKind.PERCENT),
            (458, DiscountKind.AMOUNT),
            (457.0, DiscountKind.PERCENT),
            (459, DiscountKind.OTHER),
            (457.5, None),
            ("457", None),
        ],
    )
    def test_discount_kinds(self, given: object, kind: DiscountKind | None) -> None:
        """457 is a percentage, 458 an amount, and any other whole number is said to be another kind."""
        assert read_fields(discTypeIdx=given).discount_kind is kind

    @pytest.mark.parametrize(
        ("given", "count"), [(5, 5), (0, 0), (2.0, 2), (-1, None), (1.5, None), ("1", None)]
    )
    def test_counts(self, given: object, count: int | None) -> None:
        """Use count and limit are whole numbers from 0 on."""
        coupon = read_fields(useLimit=given, useCnt=given)
        assert (coupon.use_limit, coupon.use_count) == (count, count)

    @pytest.mark.parametrize("field", ["userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2"])
    def test_personal_fields_are_only_counted(self, field: str) -> None:
        """Of whom a coupon was issued to, nothing is kept but that there is someone."""
        coupon = read_fields(**{field: "mina@shop.example"})
        assert coupon == Coupon(number=CODE, issued_to_person=True)

    @pytest.mark.parametrize("empty", [None, "", "  ", 0, [], {}])
    def test_empty_personal_fields_are_nobody(self, empty: object) -> None:
        """Empty personal fields do not mean that a coupon was issued to someone."""
        assert not read_fields(userId=empty, userNm=empty).issued_to_person

    def test_secrets_and_unknown_fields_are_ignored(self) -> None:
        """The on-site password, the memo and unknown fields get nowhere."""
        assert read_fields(onsitePwd="0417", memo="internal", surprise={"a": [1]}) == Coupon(number=CODE)

    def test_texts_are_fit_to_show(self) -> None:
        """A name loses control characters and lone surrogates, and is kept to 200 characters."""
        assert read_fields(nm="A\x00B\r\n\u202eC\ud800\u2028D").name == "A B   C  D"
        assert read_fields(nm="Gâteau 🎂 50 %").name == "Gâteau 🎂 50 %"
        assert read_fields(nm="x" * 201).name == "x" * 199 + "…"


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("0", 0),
            ("7", 7),
            (" 7 ", 7),
            ("1.5", 1.5),
            ("300", 300),
            ("301", 300),
            ("99999999999999999999", 300),
            ("-5", 0),
            ("", None),
            ("soon", None),
            ("nan", None),
            ("inf", None),
            ("1e5", None),
            ("7 seconds", None),
            ("٧", None),
            ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
            ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
            ("Wed, 21 Oct 2035 07:28:00 GMT", 300),
            ("Wed, 99 Oct 2015 07:28:30 GMT", None),
            ("Wed, 21 Oct 99999999999999999999 07:28:30 GMT", None),
        ],
    )
    def test_values(self, value: str, seconds: float | None) -> None:
        """Seconds and dates are kept within 0 to 300 s; what is neither is ignored."""
        date = b"Wed, 21 Oct 2015 07:28:00 GMT"
        headers = httpx.Headers([(b"date", date), (b"retry-after", value.encode())])
        assert retry_after(headers) == seconds

    @pytest.mark.parametrize("own", [{}, {"date": ""}, {"date": "yesterday"}, {"date": "Wed, 99 Oct 2015"}])
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
            ("Wed Oct 21 07:28:30 2015", 30),
            ("Wednesday, 21-Oct-15 07:28:30 GMT", 30),
            ("Wed, 21 Oct 2015 09:28:30 +0200", 30),
            ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Wed, 21 Oct 2035 07:28:00 GMT", 300),
            ("Wed, 99 Oct 2015 07:28:30 GMT", None),
            ("tomorrow", None),
            ("2015-10-21T07:28:30Z", None),
        ],
    )
    def test_a_date_without_the_answers_own_date(
        self, own: dict[str, str], value: str, seconds: float | None
    ) -> None:
        """A date counts from this machine's time if the answer tells none, bounded all the same."""
        headers = httpx.Headers({**own, "retry-after": value})
        assert retry_after(headers, lambda: datetime(2015, 10, 21, 7, 28, tzinfo=UTC)) == seconds

    @pytest.mark.parametrize("waits", [slack_wait, vivoldi_wait], ids=["Slack", "Vivoldi"])
    def test_a_date_alone_is_heard(self, waits: Callable[[Mapping[str, str]], float | None]) -> None:
        """Slack's and Vivoldi's answers are waited for by a date, also without a `Date` of their own."""
        then = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        wait = waits(httpx.Headers({"retry-after": then}))
        assert wait is not None
        assert 50 <= wait <= 60
