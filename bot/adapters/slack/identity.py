"""Which bot this is, so that payloads meant for another can be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import answered
from bot.domain.errors import SlackRefused, SlackUnavailable


@dataclass(frozen=True)
class Identity:
    """The bot as Slack knows it. scopes: what its token may do."""

    team_id: str
    app_id: str
    bot_user_id: str
    workspace_url: str
    scopes: frozenset[str]


async def identify(client: AsyncWebClient) -> Identity:
    """Ask Slack whose token the client holds.

    Raises SlackRefused if the token is not valid, is not a bot's, is an organisation's, or lacks the scope
    `users:read`; and SlackUnavailable if Slack gave no usable answer.
    """
    token = await answered(client.auth_test())
    if not token.get("bot_id"):
        raise SlackRefused("not_allowed_token_type")
    if token.get("is_enterprise_install"):
        # Every command would come from another workspace than the token's.
        raise SlackRefused("enterprise_is_restricted")
    answer = await answered(client.bots_info(bot=_text(token.data, "bot_id")))
    return Identity(
        team_id=_text(token.data, "team_id"),
        app_id=_text(answer.get("bot"), "app_id"),
        bot_user_id=_text(token.data, "user_id"),
        workspace_url=_text(token.data, "url"),
        scopes=_scopes(token.headers),
    )


def _scopes(headers: Mapping[str, str]) -> frozenset[str]:
    return frozenset(scope.strip() for scope in headers.get("X-OAuth-Scopes", "").split(",") if scope.strip())


def _text(data: object, field: str) -> str:
    value = data.get(field) if isinstance(data, dict) else None
    if not isinstance(value, str) or not value:
        raise SlackUnavailable(f"Slack's answer lacks {field}")
    return value
