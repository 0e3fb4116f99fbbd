"""`python -m bot audit`: verify, export and read the audit. Nothing is changed by looking."""

from bot.operate.audit.cli import app

__all__ = ["app"]
