"""Slack's Web API: who is who, messages, and which bot this is."""

from bot.adapters.slack.client import web_client, web_session
from bot.adapters.slack.dialogs import SlackDialogs
from bot.adapters.slack.directory import Directory
from bot.adapters.slack.files import SlackFiles
from bot.adapters.slack.identity import Identity, identify
from bot.adapters.slack.messenger import SlackMessenger

__all__ = [
    "Directory",
    "Identity",
    "SlackDialogs",
    "SlackFiles",
    "SlackMessenger",
    "identify",
    "web_client",
    "web_session",
]
