"""The Slack app, as the manifest from which Slack creates it.

The field names are those of Slack's manifest schema, version 2 (github.com/slackapi/manifest-schema). Over
HTTP the command, the buttons and the event need the bot's address; in Socket Mode none may be given.

What each scope is for stands in `bot.adapters.slack.scopes`. What the bot can do without is in `bot_optional`
as well, so that the person who installs the app may leave it out. User groups are no option: without them the
bot would start, and nobody could approve. The Home tab and its event need no scope. The messages tab is where
the bot tells someone privately whom it can reach nowhere else; nobody can write there: it hears nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.domain.errors import BadInput

PLACEHOLDER_URL = "https://YOUR-HOST"
EVENTS_PATH = "/slack/events"

_TEMPLATE = """\
# The Slack app. Made by `python -m bot manifest`; see its --help for your own address or Socket Mode.
_metadata:
  major_version: 2
  minor_version: 1
display_information:
  name: Coupon Guard
  description: Deletes a coupon once two people have approved it, and tells what really happened.
  background_color: "#1f2d3d"
features:
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: true
    messages_tab_read_only_enabled: true
  bot_user:
    display_name: Coupon Guard
    always_online: true
  slash_commands:
    - command: /coupon-delete{command_url}
      description: Ask for the deletion of one or more coupons
      usage_hint: "CODE[,CODE...] [reason]"
      should_escape: false
oauth_config:
  scopes:
    bot:
      - commands
      - chat:write
      - users:read # who may ask and approve
      - usergroups:read # the same, by user groups
      - files:read # many codes as a file
      - files:write # what came of many codes, as a file in the thread
      - channels:read # who may be told what was asked in another channel, and who has left one
      - groups:read # the same, for private channels that the bot is in
    # The bot works without these; `python -m bot check` says what that costs.
    bot_optional:
      - files:read
      - files:write
      - channels:read
      - groups:read
settings:
  event_subscriptions:{events_url}
    bot_events:
      - app_home_opened
  interactivity:
    is_enabled: true{interactivity_url}
  org_deploy_enabled: false
  socket_mode_enabled: {socket}
  token_rotation_enabled: false
"""


def render(url: str | None, socket: bool) -> str:
    """Return the manifest as YAML.

    url: the bot's public https address, with or without the path; None: a placeholder. In Socket Mode there
    is none to give.
    Raises BadInput if the address can't be used.
    """
    if socket:
        if url is not None:
            raise BadInput("Socket Mode needs no address: give either --url or --socket.")
        return _TEMPLATE.format(command_url="", events_url="", interactivity_url="", socket="true")
    target = _events_url(PLACEHOLDER_URL if url is None else url)
    return _TEMPLATE.format(
        command_url=f'\n      url: "{target}"',
        events_url=f'\n    request_url: "{target}"',
        interactivity_url=f'\n    request_url: "{target}"',
        socket="false",
    )


def _events_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not usable or any(char in url for char in '"\\') or not url.isprintable() or " " in url:
        raise BadInput(
            f"“{url}” can't be used: give the bot's https address, such as https://bot.example.com."
        )
    base = url.rstrip("/")
    return base if base.endswith(EVENTS_PATH) else f"{base}{EVENTS_PATH}"
