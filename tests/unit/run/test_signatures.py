"""What is logged of requests that are not rightly signed: the likely reason, and nothing that was sent."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from slack_sdk.signature import Clock
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from bot.run.signatures import Signatures, is_question, may_be_question

SECRET, NOW = "the-signing-secret", 1_748_833_205
BODY = b"command=%2Fcoupon-delete&text=SECRETCODE1"


class Frozen(Clock):
    """A clock that stands still."""

    def now(self) -> float:
        return NOW


class Elapsed:
    """Seconds that grow only when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def headers(by: str = SECRET, at: int = NOW, body: bytes = BODY) -> Headers:
    digest = hmac.new(by.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return Headers({"x-slack-request-timestamp": str(at), "x-slack-signature": f"v0={digest}"})


@pytest.mark.parametrize(
    ("sent", "likely", "said"),
    [
        (headers(at=NOW - 412), "clock", "412 s ahead of"),
        (headers(at=NOW + 86_400), "clock", "86400 s behind"),
        (headers(by="another"), "secret", "Basic Information"),
        (headers(by="another", at=NOW - 412), "secret", "Basic Information"),
        (headers(body=b"changed"), "secret", "Basic Information"),
    ],
)
def test_a_refusal_says_its_likely_reason(sent: Headers, likely: str, said: str) -> None:
    """The clock is blamed only if the secret is proven right; else the secret, whatever the time says."""
    with capture_logs() as logged:
        assert not Signatures(SECRET, Frozen(), Elapsed()).hold(sent, BODY)
    (line,) = logged
    assert (line["event"], line["likely"]) == ("slack.signature_refused", likely)
    assert said in line["said"]
    for secret in (SECRET, "SECRETCODE1", sent["x-slack-signature"], sent["x-slack-signature"][3:]):
        assert secret not in str(line)


def test_a_right_signature_leaves_no_line() -> None:
    """What Slack signed just now is taken, and is nothing to log."""
    with capture_logs() as logged:
        assert Signatures(SECRET, Frozen(), Elapsed()).hold(headers(at=NOW - 300), BODY)
    assert logged == []


def test_a_flood_leaves_one_line_a_minute() -> None:
    """Whatever is sent, there is one line a minute; the next one counts what came in between."""
    elapsed = Elapsed()
    signatures = Signatures(SECRET, Frozen(), elapsed)
    with capture_logs() as logged:
        for second in range(60):
            elapsed.seconds = second
            signatures.hold(headers(by="another"), BODY)
            signatures.hold(headers(at=NOW - 999), BODY)
        assert len(logged) == 1
        elapsed.seconds = 60
        signatures.hold(headers(at=NOW - 999), BODY)
        elapsed.seconds = 121
        signatures.hold(headers(by="another"), BODY)
    assert [line["likely"] for line in logged] == ["secret", "clock", "secret"]
    assert (logged[1]["more_by_secret"], logged[1]["more_by_clock"]) == (59, 60)
    assert "more_by_clock" not in logged[2]


def test_bytes_that_are_no_text_are_refused() -> None:
    """A body that can't have been signed is refused like any other, and is no error."""
    with capture_logs() as logged:
        assert not Signatures(SECRET, Frozen(), Elapsed()).hold(headers(body=b"\xff"), b"\xff")
        assert not Signatures(SECRET, Frozen(), Elapsed()).hold(headers(at=1, body=b"\xff"), b"\xff")
    assert {line["likely"] for line in logged} == {"secret"}


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        (b"ssl_check=1&token=xxx", True),
        (b"token=xxx&ssl_check=1", True),
        (b"ssl_check=1", True),
        (b"ssl_check=0&token=xxx", False),
        (b"ssl_check=true", False),
        (b"ssl_check=1&command=%2Fcoupon-delete", False),
        (b"ssl_check=1&payload=%7B%7D", False),
        (b"ssl_check=1&" * 9, False),
        (b"ssl_check=1\xff", False),
        (b"", False),
    ],
)
def test_only_the_question_about_the_certificate_needs_no_signature(body: bytes, asks: bool) -> None:
    """Exactly ssl_check=1, with Slack's old token or without; nothing that could be a command or a click."""
    assert is_question(body) is asks


def test_the_question_has_no_signature_and_is_short() -> None:
    """A body is read without a signature only if there is none at all, and if it is declared to be short."""
    assert may_be_question(Headers({"content-length": "21"}))
    for more in ({"x-slack-signature": ""}, {"x-slack-request-timestamp": "1"}, {"content-length": "1001"}):
        assert not may_be_question(Headers({"content-length": "21", **more}))
    assert not may_be_question(Headers({}))
