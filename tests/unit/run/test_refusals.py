"""What is said where Slack refuses: words that fit the error, and Slack's own word where there are none."""

from __future__ import annotations

import pytest

from bot.adapters.slack.errors import judge
from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.operate.refusals import remedy, remedy_of_app_token, told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("token_expired", "The token ran out"),
        ("token_revoked", "The token was revoked"),
        ("account_inactive", "was deactivated"),
        ("invalid_auth", "no valid token"),
        ("not_authed", "no token"),
        ("not_allowed_token_type", "of another kind"),
        ("org_login_required", "being moved into an organisation"),
        ("enterprise_is_restricted", "one of a whole organisation"),
        ("team_access_not_granted", "may not use this workspace"),
        ("team_not_found", "does not know the workspace"),
        ("accesslimited", "from this network"),
        ("ekm_access_denied", "suspended"),
        ("missing_argument", "does not understand"),
        ("invalid_arguments", "does not understand"),
        ("missing_scope", "Update the Slack app to manifest.yml"),
    ],
)
def test_a_refusal_has_words_of_its_own(name: str, said: str) -> None:
    """What is wrong is said by what Slack says, with Slack's word; nobody installs the app again in vain."""
    words = told(SlackRefused(name))
    assert words.startswith(f"Slack refused the call: {name}. ")
    assert said in words
    kept = {
        "org_login_required",
        "accesslimited",
        "ekm_access_denied",
        "missing_argument",
        "invalid_arguments",
    }
    assert not (name in kept and "install the app in the workspace again" in words)


@pytest.mark.parametrize("name", ["two_factor_setup_required", "made_up_today", "SlackRequestError"])
def test_a_name_that_nobody_has_heard_of_is_told_by_itself(name: str) -> None:
    """The list of errors is open: an unknown one is told with where to look it up."""
    words = told(SlackRefused(name))
    assert words.count(name) == 2
    assert "docs.slack.dev" in words
    assert "install" not in words


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        ("channels:read", "lacks the scope channels:read."),
        ("a:read,b:read", "the scope a:read,b:read."),
    ],
)
def test_the_missing_scope_is_named(needed: str, said: str) -> None:
    """Slack says which scope a call needs, and so does the bot."""
    error = judge(
        200, {}, {"ok": False, "error": "missing_scope", "needed": needed, "provided": "chat:write"}
    )
    assert isinstance(error, SlackRefused)
    assert said in remedy(error)


@pytest.mark.parametrize("needed", [None, 7, "", "run: rm -rf", "x" * 300, "channels:read\n", "<!channel>"])
def test_what_is_no_scope_is_not_quoted(needed: object) -> None:
    """What does not look like a scope is left out."""
    error = judge(200, {}, {"ok": False, "error": "missing_scope", "needed": needed})
    assert remedy(error).startswith("Update the Slack app")


@pytest.mark.parametrize(
    ("status", "headers", "name", "said"),
    [
        (429, {"Retry-After": "17"}, "ratelimited", "Wait 17 s"),
        (200, {}, "ratelimited", "Wait a minute"),
        (200, {}, "rate_limited", "Wait a minute"),
        (200, {}, "internal_error", "Slack's own"),
        (200, {}, "team_added_to_org", "being moved into an organisation"),
        (503, {}, "a_new_trouble", "Slack's own"),
        (502, {}, None, "Look at SLACK_API_URL, SLACK_PROXY and the network"),
    ],
)
def test_trouble_that_passes_is_waited_for(
    status: int, headers: dict[str, str], name: str | None, said: str
) -> None:
    """A rate limit and Slack's own trouble are no fault of the token or the address."""
    error = judge(status, headers, {"ok": False, "error": name} if name else None)
    assert isinstance(error, SlackUnavailable)
    assert said in remedy(error)
    assert "install" not in remedy(error)


def test_the_app_level_token_has_its_own_remedy() -> None:
    """What is wrong with the app-level token is not mended at the bot's token; all else is the same."""
    assert "connections:write" in remedy_of_app_token(SlackRefused("invalid_auth"))
    assert "connections:write" in remedy_of_app_token(SlackRefused("missing_scope", needed="a:b"))
    for error in (SlackRefused("accesslimited"), SlackRefused("new"), SlackUnavailable("away")):
        assert remedy_of_app_token(error) == remedy(error)
