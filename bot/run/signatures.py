"""Which requests are Slack's, and what is said of those that are not.

Slack signs the time of a request and its body (docs.slack.dev, "Verifying requests from Slack"). One request
comes without a signature: when someone saves the command's address, Slack posts `ssl_check=1` to it, to see
its certificate (seen as it comes in slackapi/bolt-js, issue 1397).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qsl

import structlog
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.datastructures import Headers

# The verifier takes the timestamp for a number and the signature for ASCII: anything else ends as an error.
TIMESTAMP_HEADER, SIGNATURE_HEADER = "x-slack-request-timestamp", "x-slack-signature"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

_EVERY = 60.0  # seconds
_LONGEST_QUESTION = 1000  # bytes; Slack's has fewer than a hundred

_CLOCK = (
    "This machine's clock is {seconds} s {direction} the time of a request that is signed with the right"
    " secret. Have the clock set by the network (NTP). If it is right, Slack's old requests are sent again."
)
_NOT_SIGNED = (
    "A request is not signed with SLACK_SIGNING_SECRET. If Slack's own requests fail, copy the Signing Secret"
    " from the app's Basic Information. If they don't, the request was not Slack's."
)

_log = structlog.get_logger(__name__)

Cause = Literal["clock", "secret"]


def signature_fault(headers: Headers) -> str | None:
    """Return what is wrong with the headers of a signature; None: they have the form of Slack's."""
    if not _TIMESTAMP.fullmatch(only(headers, TIMESTAMP_HEADER)):
        return "The timestamp header is missing, repeated or not a number."
    if not _SIGNATURE.fullmatch(only(headers, SIGNATURE_HEADER)):
        return "The signature header is missing, repeated or malformed."
    return None


def only(headers: Headers, name: str) -> str:
    """Return a header that may come once: of several, Bolt would read another one than is read here."""
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else ""


def may_be_question(headers: Headers) -> bool:
    """Tell whether a request can be the unsigned one by which Slack looks at the certificate."""
    length = headers.get("content-length", "")
    unsigned = not (headers.getlist(TIMESTAMP_HEADER) or headers.getlist(SIGNATURE_HEADER))
    return unsigned and length.isdecimal() and len(length) < 5 and int(length) <= _LONGEST_QUESTION


def is_question(body: bytes) -> bool:
    """Tell whether a body is that of `ssl_check=1`, and of nothing else: no command, no payload."""
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=3)
    except ValueError:
        return False
    return ("ssl_check", "1") in fields and {name for name, _ in fields} <= {"ssl_check", "token"}


class Signatures:
    """Verifies signatures, and logs the likely reason of a refusal, at most once a minute.

    Nothing that was sent is logged but its time: anyone can send anything. clock: tells the time; elapsed:
    returns seconds that only grow.
    """

    def __init__(
        self, secret: str, clock: Clock | None = None, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock or Clock()
        self._verifier = SignatureVerifier(secret, self._clock)
        self._elapsed = elapsed
        self._logged_at: float | None = None
        self._unlogged = Counter[Cause]()

    def hold(self, headers: Headers, body: bytes) -> bool:
        """Tell whether a request is Slack's, and of now. Its headers have the form of a signature's."""
        timestamp, signature = only(headers, TIMESTAMP_HEADER), only(headers, SIGNATURE_HEADER)
        if self._holds(lambda: self._verifier.is_valid(body, timestamp, signature)):
            return True
        right = self._holds(
            lambda: signature == self._verifier.generate_signature(timestamp=timestamp, body=body)
        )
        self._refused("clock" if right else "secret", round(self._clock.now()) - int(timestamp))
        return False

    @staticmethod
    def _holds(question: Callable[[], bool]) -> bool:
        try:
            return question()
        except UnicodeDecodeError:
            # What Slack signs is text.
            return False

    def _refused(self, likely: Cause, ahead: int) -> None:
        elapsed = self._elapsed()
        if self._logged_at is not None and elapsed - self._logged_at < _EVERY:
            self._unlogged[likely] += 1
            return
        direction = "ahead of" if ahead > 0 else "behind"
        # Of a request that is not signed with the secret, the time says nothing.
        said = _CLOCK.format(seconds=abs(ahead), direction=direction) if likely == "clock" else _NOT_SIGNED
        more = {f"more_by_{cause}": count for cause, count in sorted(self._unlogged.items())}
        _log.warning("slack.signature_refused", likely=likely, said=said, **more)
        self._logged_at = elapsed
        self._unlogged.clear()
