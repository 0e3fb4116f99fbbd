"""`python -m bot check`: what works and what doesn't, each with its remedy. Nothing is changed by looking."""

from bot.operate.check.finding import Finding, Level, overall
from bot.operate.check.given import Given, read_settings
from bot.operate.check.look import check, look_at_everything
from bot.operate.check.report import as_json, as_text

__all__ = [
    "Finding",
    "Given",
    "Level",
    "as_json",
    "as_text",
    "check",
    "look_at_everything",
    "overall",
    "read_settings",
]
