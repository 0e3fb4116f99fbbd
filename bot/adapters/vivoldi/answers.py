"""What an answer of Vivoldi proves.

The rules are the table "What each answer to DELETE proves"; reads follow the same lines. Anything that the
table does not name proves nothing. Reasons name an error's class and never quote its text, which can hold a
header.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import assert_never

import httpx

from bot.adapters.network import distrust
from bot.adapters.retry_after import retry_after
from bot.adapters.vivoldi.wire import parse_coupon, parse_json
from bot.domain.coupon import CouponCode, NotShown, Reading, Shown
from bot.domain.errors import VivoldiRefused, VivoldiUnavailable
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.text import plain

# What a call can raise. httpx looks at the `Location` of a redirect even if it does not follow it, and
# InvalidURL, for one that it can't read, is none of its HTTPErrors.
FOREIGN = (httpx.HTTPError, httpx.InvalidURL, OSError)
Foreign = httpx.HTTPError | httpx.InvalidURL | OSError

_MESSAGE = 500  # the most characters of Vivoldi's message that are kept
_LOOK_AT = {
    HTTPStatus.UNAUTHORIZED: "look at the setting VIVOLDI_API_KEY",
    HTTPStatus.FORBIDDEN: (
        "look at the settings VIVOLDI_USER_AGENT and VIVOLDI_API_KEY, and at the plan, "
        "which has to be Personal or higher"
    ),
    HTTPStatus.NOT_FOUND: "look at the setting VIVOLDI_API_URL",
}


def judge_change(status: int, headers: Mapping[str, str], body: bytes) -> DeleteAnswer:
    """Return what an answer to DELETE, or to another call that changes a coupon, proves.

    status, headers, body: the answer's; headers are looked up without regard to case.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotExecuted("Vivoldi's rate limit was reached (HTTP 429)", retry_after(headers))
    if _refuses(status):
        return RefusedAnswer(_refusal(status, body))
    match _code(status, body):
        case None:
            return Unproven(_useless(status))
        case 0 if status < 300:
            return Executed()
        case 0:
            return Unproven(_useless(status))
        case code:
            message = _message(body)
            return RefusedAnswer(
                f"Vivoldi says: “{message}”" if message else f"Vivoldi gave no reason (code {code})"
            )


def judge_failure(error: Foreign) -> DeleteAnswer:
    """Return what it proves that a call ended in an error instead of an answer.

    Only a connection that never came about proves that nothing was sent. A proxy error is one: it is raised
    if the proxy refuses to connect, before anything is sent through it.
    """
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return NotExecuted(failure(error))
    return Unproven(failure(error))


def judge_reading(code: CouponCode, status: int, headers: Mapping[str, str], body: bytes) -> Reading:
    """Return what an answer to a read of `code` shows.

    Raises VivoldiRefused if a setting has to be mended first, and VivoldiUnavailable if the answer
    shows nothing that can be relied on, a coupon of another number included.
    """
    if _refuses(status):
        raise VivoldiRefused(_refusal(status, body))
    answer = _code(status, body)
    if answer is None:
        said = f"Vivoldi answered {status}" if status >= 500 else _useless(status)
        raise VivoldiUnavailable(said, retry_after=retry_after(headers))
    result = _envelope(body).get("result")
    if answer != 0 and result is None:
        return NotShown(_message(body) or f"Vivoldi gave no reason (code {answer})")
    coupon = parse_coupon(code, result)
    if coupon is not None and coupon.number.replace("-", "") != code:
        raise VivoldiRefused(
            f"Vivoldi shows {coupon.number} where {code} was asked for, and may take them for two coupons; "
            "ask with exactly the spelling that is meant"
        )
    if answer != 0 or status >= 300 or coupon is None:
        raise VivoldiUnavailable(
            f"Vivoldi's answer does not show the coupon {code} (HTTP {status}, code {answer})"
        )
    return Shown(coupon)


def failure(error: Foreign) -> str:
    """Return in words why there was no answer."""
    if (why := distrust(error)) is not None:
        return f"Vivoldi's certificate is not trusted ({why})"
    match error:
        case httpx.ProxyError():
            what = "the proxy to Vivoldi refused"
        case httpx.ConnectTimeout() | httpx.ConnectError():
            what = "Vivoldi could not be reached"
        case httpx.TimeoutException() | TimeoutError():
            what = "Vivoldi did not answer in time"
        case httpx.InvalidURL():
            what = "Vivoldi's redirect can't be read"
        case _:
            what = "the connection to Vivoldi broke"
    return f"{what} ({type(error).__name__})"


def _refuses(status: int) -> bool:
    retried = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return 400 <= status < 500 and status not in retried


def _refusal(status: int, body: bytes) -> str:
    look_at = f": {_LOOK_AT[HTTPStatus(status)]}" if status in _LOOK_AT else ""
    message = _message(body)
    quoted = f". Vivoldi says: “{message}”" if message else ""
    return f"Vivoldi refused the call (HTTP {status}){look_at}{quoted}"


def _useless(status: int) -> str:
    return f"Vivoldi's answer says nothing certain (HTTP {status})"


def _envelope(body: bytes) -> Mapping[str, object]:
    """Return the JSON object that every answer should be; empty if it is something else."""
    try:
        value = parse_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _code(status: int, body: bytes) -> int | None:
    """Return the answer's `code`, which counts with a status of 2xx or 3xx only."""
    code = _envelope(body).get("code")
    return code if 200 <= status < 400 and type(code) is int else None


def _message(body: bytes) -> str | None:
    return plain(_envelope(body).get("message"), _MESSAGE)


def kind_of_reading(reading: Reading) -> str:
    """Return what a read came to, as it is counted."""
    return "shown" if isinstance(reading, Shown) else "not_shown"


def kind_of_answer(answer: DeleteAnswer) -> str:
    """Return what the answer to a change proves, as it is counted."""
    match answer:
        case Executed():
            return "executed"
        case RefusedAnswer():
            return "refused"
        case NotExecuted():
            return "not_executed"
        case Unproven():
            return "unproven"
        case _:
            assert_never(answer)
