"""Foreign errors of calls to Slack, translated into the two that the program knows.

Of an error only its class or Slack's own error name is kept, since its text can hold an answer or a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.network import distrust
from bot.adapters.retry_after import retry_after
from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable

# What a call to Slack can raise. The SDK itself stumbles over an answer that is not a JSON object:
# AttributeError for a text or a list, ValueError for bytes or bytes that are no text.
FOREIGN = (SlackClientError, aiohttp.ClientError, OSError, AttributeError, ValueError)

# What is mended at the token itself. All else is mended elsewhere, or passes.
ABOUT_A_TOKEN = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_revoked",
    }
)
_SCOPES = re.compile(r"[a-z:._,-]{1,200}")

# Slack's names for trouble of its own, which goes away (from the error lists of its method reference).
_PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)


def translated(error: Exception) -> SlackError:
    """Return the error of the domain that stands for one of FOREIGN."""
    if (why := distrust(error)) is not None:
        return SlackUnavailable(f"Slack's certificate is not trusted ({why})")
    match error:
        case SlackApiError(response=AsyncSlackResponse() as answer):
            return judge(answer.status_code, answer.headers, answer.data)
        case SlackApiError(response=aiohttp.ClientResponse() as answer):
            return judge(answer.status, answer.headers, None)
        case SlackClientError():
            return SlackRefused(type(error).__name__)
        case TimeoutError():
            return SlackUnavailable("Slack did not answer in time")
        case aiohttp.ClientProxyConnectionError():
            return SlackUnavailable("the proxy to Slack could not be reached")
        case aiohttp.ClientHttpProxyError(status=status):
            return SlackUnavailable(f"the proxy to Slack refused (HTTP {status})")
        case aiohttp.ClientConnectionError() | OSError():
            return SlackUnavailable(f"Slack could not be reached ({type(error).__name__})")
        case _:
            return SlackUnavailable(f"Slack's answer can't be read ({type(error).__name__})")


def judge(status: int, headers: Mapping[str, str], data: object) -> SlackError:
    """Return what an answer means that is not a success.

    data: the JSON value of its body, or anything else if it is not JSON.
    """
    name = data.get("error") if isinstance(data, dict) else None
    passing = status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500 or name in _PASSING
    if isinstance(name, str) and not passing:
        return SlackRefused(name, needed=_scope(data))
    known = name if isinstance(name, str) else None
    said = f": {known}" if known else ""
    return SlackUnavailable(
        f"Slack gave no usable answer (HTTP {status}{said})", retry_after=retry_after(headers), name=known
    )


def _scope(data: object) -> str | None:
    """Return the scope that Slack says is missing, or the few of which one would do."""
    needed = data.get("needed") if isinstance(data, dict) else None
    return needed if isinstance(needed, str) and _SCOPES.fullmatch(needed) else None
