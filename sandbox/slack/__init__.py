"""A Slack that runs on loopback: the bot reaches it by `SLACK_API_URL`, tests and the demo control it."""

from sandbox.slack.server import LocalSlack

__all__ = ["LocalSlack"]
