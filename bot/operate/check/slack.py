"""Slack: does it take the tokens, in which workspace is the bot, what may it do, and where can it post."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.slack import scopes, web_client
from bot.adapters.slack.client import answered, try_link
from bot.domain.errors import SlackError, SlackRefused
from bot.operate.check.finding import Finding, failure, fine, unlooked, warning
from bot.operate.check.given import Given
from bot.operate.refusals import remedy, remedy_of_app_token, sentence

# The settings without which Slack is not asked at all.
WAY = ("slack_api_url", "slack_proxy", "ssl_cert_file")
_TOKEN = "slack token"  # noqa: S105 - the name of a finding
_SCOPES = "scopes"
_APP_TOKEN = "app token"  # noqa: S105 - the name of a finding


@dataclass(frozen=True)
class Workspace:
    """What Slack told about the bot's token. team_id: the workspace; None: Slack does not take the token."""

    team_id: str | None
    findings: tuple[Finding, ...]


async def look_at_token(given: Given, client: AsyncWebClient) -> Workspace:
    """Return the workspace of the bot's token, and what was found about it and about its scopes."""
    if not given.has("slack_bot_token", *WAY):
        return Workspace(None, (unlooked(_TOKEN),))
    try:
        answer = await answered(client.auth_test())
    except SlackError as error:
        return Workspace(None, (failure(_TOKEN, sentence(error), remedy(error)),))
    if not answer.get("bot_id") or not isinstance(answer.get("team_id"), str):
        said, wrong = "Slack takes it, but it belongs to no bot.", SlackRefused("not_allowed_token_type")
        return Workspace(None, (failure(_TOKEN, said, remedy(wrong)),))
    if answer.get("is_enterprise_install"):
        said, wrong = "Slack takes it, but not for one workspace.", SlackRefused("enterprise_is_restricted")
        return Workspace(None, (failure(_TOKEN, said, remedy(wrong)),))
    found = (
        fine(_TOKEN, f"Slack takes it. It belongs to @{answer.get('user')}."),
        fine("team", f"{answer.get('team')} ({answer.get('team_id')}), {answer.get('url')}"),
        _scopes(given, answer),
    )
    return Workspace(str(answer.get("team_id")), found)


def _scopes(given: Given, answer: AsyncSlackResponse) -> Finding:
    listed = str(answer.headers.get("X-OAuth-Scopes", ""))
    granted = {scope.strip() for scope in listed.split(",") if scope.strip()}
    settings = given.settings
    named = [settings.approvers, settings.final_approvers, settings.requesters]
    needed = set(scopes.NEEDED)
    if not any(grants and grants.groups for grants in named):
        needed.discard(scopes.GROUPS)
    if not granted:
        see = "See OAuth & Permissions in the Slack app's settings."
        return warning(_SCOPES, f"Slack did not tell them. Needed: {_listed(needed)}.", see)
    again = "Update the Slack app to manifest.yml, and install it in the workspace again."
    if missing := scopes.without(granted, needed):
        return failure(_SCOPES, f"Missing: {'; '.join(missing)}.", again)
    if missing := scopes.without(granted, scopes.OPTIONAL):
        said = f"The bot works without these, which are optional. {'; '.join(missing)}."
        return warning(_SCOPES, said, f"If you want that: {again[0].lower()}{again[1:]}")
    if more := granted - scopes.ALL:
        out = "Take them out under OAuth & Permissions, and install the app again: what a token may do, "
        return warning(_SCOPES, f"More than needed: {_listed(more)}.", f"{out}a thief may do as well.")
    return fine(_SCOPES, f"{_listed(granted)}: what is needed, and no more.")


def _listed(scopes: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(scopes))


async def look_at_app_token(given: Given, client: AsyncWebClient) -> list[Finding]:
    """Return whether Slack takes the app-level token, if there is one, and lets the WebSocket be opened.

    That is closed at once: while it is open, Slack may send to it what a running bot should hear.
    """
    token = given.settings.slack_app_token
    if token is None or not given.has(*WAY):
        return []
    assert client.session is not None, "web_client gives it one"
    app = web_client(token.get_secret_value(), given.settings.slack_api_url, client.session)
    try:
        url = (await answered(app.apps_connections_open(app_token=str(app.token)))).get("url")
    except SlackError as error:
        return [failure(_APP_TOKEN, sentence(error), remedy_of_app_token(error))]
    try:
        await try_link(client.session, str(url))
    except SlackError as error:
        said = f"Slack takes it, but the WebSocket of Socket Mode can't be opened: {sentence(error)}"
        return [failure(_APP_TOKEN, said, remedy(error))]
    return [fine(_APP_TOKEN, "Slack takes it, and Socket Mode can be used: its WebSocket opens.")]


async def look_at_channels(given: Given, client: AsyncWebClient, workspace: Workspace) -> list[Finding]:
    """Return what can be seen of the channels that CHANNELS names, as far as the token's scopes go."""
    if not given.has("channels") or workspace.team_id is None:
        return [unlooked("channels")]
    if given.settings.channels is None:
        said = "CHANNELS is not set, so the bot works wherever it is invited."
        return [fine("channels", said)]
    ids = sorted(given.settings.channels)
    found = await asyncio.gather(*(_channel(client, channel) for channel in ids))
    unseen = [channel for channel, finding in zip(ids, found, strict=True) if finding is None]
    seen = [finding for finding in found if finding is not None]
    return [*seen, _unseen(unseen)] if unseen else seen


def _unseen(channels: list[str]) -> Finding:
    said = (
        f"{', '.join(channels)}: whether the bot is in there can't be seen without the scope channels:read,"
        " and groups:read for a private one."
    )
    return warning("channels", said, "Make sure yourself, by typing /invite @Coupon Guard there.")


async def _channel(client: AsyncWebClient, channel: str) -> Finding | None:
    """Return what can be seen of a channel; None: the token may not look at it."""
    try:
        shown = (await answered(client.conversations_info(channel=channel))).get("channel")
    except SlackRefused as error:
        if error.name == "missing_scope":
            return None
        if error.name == "channel_not_found":
            said = f"{channel}: there is no such channel, or it is private and the bot is not in it."
            return failure("channels", said, "Mend CHANNELS, or type /invite @Coupon Guard there.")
        return failure("channels", f"{channel}: {sentence(error)}", remedy(error))
    except SlackError as error:
        return failure("channels", f"{channel}: {sentence(error)}", remedy(error))
    shown = shown if isinstance(shown, dict) else {}
    name = f"#{shown.get('name')} ({channel})"
    if shown.get("is_archived"):
        return failure("channels", f"{name} is archived.", "Take it out of CHANNELS, or unarchive it.")
    if not shown.get("is_member"):
        return failure("channels", f"The bot is not in {name}.", "Type /invite @Coupon Guard there.")
    return fine("channels", f"The bot is in {name}.")
