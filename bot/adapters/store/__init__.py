"""Requests, items, audit events and private notices in SQLite or PostgreSQL."""

from bot.adapters.store.migrate import migrate, require_current
from bot.adapters.store.store import SqlStore
from bot.adapters.store.trail import SqlTrail

__all__ = ["SqlStore", "SqlTrail", "migrate", "require_current"]
