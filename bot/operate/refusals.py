"""What to do if Slack refuses a call, in words that fit the error.

Slack's names are an open list (each method's page on docs.slack.dev has its own), so what has no words here
is told by Slack's own name.
"""

from __future__ import annotations

from bot.adapters.slack.errors import ABOUT_A_TOKEN
from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.operate.unreached import unreached

_INSTALL = "install the app in the workspace again, and copy its Bot User OAuth Token into SLACK_BOT_TOKEN."
_COPY = "Copy the Bot User OAuth Token (OAuth & Permissions), which begins with xoxb-, into SLACK_BOT_TOKEN."
_IN_ONE_WORKSPACE = (
    "The token is one of a whole organisation, and the bot works in one workspace: take the organisation-wide"
    f" installation back, {_INSTALL}"
)
_NOT_UNDERSTOOD = (
    "Slack does not understand how the bot calls it. If the app is installed for a whole organisation,"
    " install it in the workspace instead. If not, update Coupon Guard, and report it with what Slack says."
)
_REMEDIES = {
    "token_expired": "The token ran out: token rotation is on for the app, and can't be turned off again."
    f" Make a new app from manifest.yml, {_INSTALL}",
    "token_revoked": f"The token was revoked, or the app was removed: {_INSTALL}",
    "account_inactive": f"The bot's user or workspace was deactivated, or the app was removed: {_INSTALL}",
    "invalid_auth": f"It is no valid token. {_COPY} If it is that one already: does the app allow calls from"
    " certain addresses alone, and is this machine's one of them?",
    "not_authed": f"Slack saw no token. {_COPY}",
    "not_allowed_token_type": f"It is a token of another kind. {_COPY}",
    "org_login_required": "The workspace is being moved into an organisation, and can't be used until that is"
    " done. Wait, and try again; the token stays as it is.",
    "team_added_to_org": "The workspace is being moved into an organisation. Wait, and try again; the token"
    " stays as it is.",
    "enterprise_is_restricted": _IN_ONE_WORKSPACE,
    "team_access_not_granted": "The app may not use this workspace (any more). Have an administrator of the"
    f" organisation add the app to the workspace, or {_INSTALL}",
    "team_not_found": f"Slack does not know the workspace of this token (any more): {_INSTALL}",
    "accesslimited": "Slack allows no calls from this network. Have an administrator of the workspace allow"
    " this machine's address.",
    "ekm_access_denied": "Administrators of the organisation have suspended it by its encryption keys. Ask"
    " them; the token stays as it is.",
    "missing_argument": _NOT_UNDERSTOOD,
    "invalid_arguments": _NOT_UNDERSTOOD,
    "invalid_arg_name": _NOT_UNDERSTOOD,
    "unknown_method": _NOT_UNDERSTOOD,
    "method_deprecated": _NOT_UNDERSTOOD,
    "deprecated_endpoint": _NOT_UNDERSTOOD,
}
_OF_THE_APP = (
    "Make an app-level token with the scope connections:write in the Slack app's Basic Information, copy it"
    " into SLACK_APP_TOKEN, and turn Socket Mode on."
)
_LIMITED = frozenset({"ratelimited", "rate_limited"})


def told(error: SlackError) -> str:
    """Return what is wrong with Slack, and what to do."""
    return f"{sentence(error)} {remedy(error)}"


def sentence(error: SlackError) -> str:
    """Return what is wrong, as one sentence."""
    return f"{str(error).rstrip('.')}."


def remedy(error: SlackError) -> str:
    """Return what to do about a call that failed with the bot's token."""
    if isinstance(error, SlackUnavailable):
        return _later(error)
    if not isinstance(error, SlackRefused):
        return unreached(error, "SLACK")
    if error.name == "missing_scope":
        return _scope(error.needed)
    return _REMEDIES.get(error.name) or (
        f"What {error.name} means stands in the errors of the method on docs.slack.dev. If it goes on, ask"
        " an administrator of the workspace in Slack, or report it with Slack's word."
    )


def remedy_of_app_token(error: SlackError) -> str:
    """Return what to do about a call that failed with the app-level token."""
    is_about_it = isinstance(error, SlackRefused) and error.name in ABOUT_A_TOKEN
    return _OF_THE_APP if is_about_it else remedy(error)


def _scope(needed: str | None) -> str:
    lacking = f"The app lacks the scope {needed}. " if needed else ""
    return f"{lacking}Update the Slack app to manifest.yml, and install it in the workspace again."


def _later(error: SlackUnavailable) -> str:
    if error.name in _LIMITED or error.retry_after is not None:
        wait = "a minute" if error.retry_after is None else f"{error.retry_after:.0f} s"
        return f"Slack asks for fewer calls. Wait {wait}, and try again."
    if error.name is not None:
        return _REMEDIES.get(error.name, "The trouble is Slack's own. Try again in a minute.")
    return unreached(error, "SLACK")
