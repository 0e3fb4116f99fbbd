"""Requests, items, audit events and private notices in SQLite or PostgreSQL."""

from bot.adapters.store.audit import SqlTrail
from bot.adapters.store.engine.migrate import migrate, require_current
from bot.adapters.store.store import SqlStore

__all__ = ["SqlStore", "SqlTrail", "migrate", "require_current"]
