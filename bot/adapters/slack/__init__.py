"""Slack's Web API: who is who, messages, and which bot this is."""

from bot.adapters.slack.channels import SlackChannels
from bot.adapters.slack.client import web_client, web_session
from bot.adapters.slack.dialogs import SlackDialogs
from bot.adapters.slack.directory import Directory
from bot.adapters.slack.files import SlackFiles
from bot.adapters.slack.identity import Identity, identify
from bot.adapters.slack.messenger import SlackMessenger
from bot.adapters.slack.replies import SlackReplies

__all__ = [
    "Directory",
    "Identity",
    "SlackChannels",
    "SlackDialogs",
    "SlackFiles",
    "SlackMessenger",
    "SlackReplies",
    "identify",
    "web_client",
    "web_session",
]
