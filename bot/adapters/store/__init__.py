"""Requests, items, audit events and private notices in SQLite or PostgreSQL."""

from bot.adapters.store.migrate import migrate, require_current
from bot.adapters.store.store import SqlStore

__all__ = ["SqlStore", "migrate", "require_current"]
