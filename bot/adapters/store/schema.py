"""The tables, alike on SQLite and PostgreSQL.

The rules that must hold whatever the program does stand here as constraints: one open request per code
(I6), two different people (I1), known states. The migrations create all this; a test holds both together.
Events are append-only by triggers, which only the migrations know, and form a chain (see `bot.domain.audit`)
whose head is the one row of `audit_head`.

What is to be done is in the row itself: `due_at` says when (NULL: nothing), `claim_token` and `lease_until`
who is at it, `attempts` how often it was taken.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970 in UTC: exact, and ordered alike in both databases.

    Raises ValueError for a naive time.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds since 1970."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


def microseconds(time: datetime) -> int:
    """Return a time as it is stored. Raises ValueError for a naive one."""
    if time.tzinfo is None:
        raise ValueError("A time without a time zone can't be stored.")
    return (time - _EPOCH) // _MICROSECOND


class Json(TypeDecorator[Any]):
    """Plain values, kept as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the JSON text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the values."""
        return None if value is None else json.loads(value)


def json_text(values: object) -> str:
    """Return plain values as they are stored."""
    return json.dumps(values, separators=(",", ":"))


def _work() -> tuple[Column[Any], ...]:
    return (
        Column("due_at", Instant),
        Column("claim_token", Text),
        Column("lease_until", Instant),
        Column("attempts", Integer, nullable=False, server_default="0"),
    )


def _due_index(table: str) -> Index:
    due = text("due_at IS NOT NULL")
    return Index(f"{table}_due", "due_at", sqlite_where=due, postgresql_where=due)


metadata = MetaData()

_STILL_OPEN, _OVER = text("ended_at IS NULL"), text("ended_at IS NOT NULL")
# Word for word the condition of the query, or SQLite does not see that the index has what it asks for.
UNTOLD = text("ended_at IS NOT NULL AND NOT told AND NOT given_up")

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("team", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("requester_id", Text, nullable=False),
    Column("requester_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reply_url", Text),
    Column("opened_at", Instant, nullable=False),
    Column("first_grants", Json, nullable=False),
    Column("final_grants", Json, nullable=False),
    Column("purpose", Text, nullable=False, server_default="delete"),
    Column("freeze", Boolean, nullable=False, server_default=false()),
    Column("bulk", Json),
    Column("digest", Text),
    Column("approve_by", Instant),
    Column("execute_by", Instant),
    Column("stop_until", Instant),
    Column("stopped_at", Instant),
    Column("stopped_by_id", Text),
    Column("stopped_by_name", Text),
    Column("ended_at", Instant),
    Column("ended_by_id", Text),
    Column("ended_by_name", Text),
    Column("failure_reason", Text),
    Column("failure_detail", Text),
    Column("card_ts", Text),
    Column("card_copies", Json, nullable=False, server_default="[]"),
    Column("drawn_version", Integer, nullable=False, server_default="0"),
    Column("drawn_at", Instant),
    Column("told", Boolean, nullable=False, server_default=false()),
    Column("remind_at", Instant),
    Column("reminded_at", Instant),
    Column("card_moved_to", Text),
    Column("card_clicked_in", Text),
    Column("cards_replaced", Integer, nullable=False, server_default="0"),
    Column("card_stuck_since", Instant),
    Column("gone_since", Instant),
    Column("refused_by", Text),
    Column("in_thread", Boolean, nullable=False, server_default=false()),
    Column("given_up", Boolean, nullable=False, server_default=false()),
    *_work(),
    CheckConstraint(
        "state IN ('submitted','pending','approved','finished','rejected','cancelled','expired','failed')",
        name="requests_state",
    ),
    CheckConstraint(
        "(ended_at IS NULL) = (state IN ('submitted','pending','approved'))",
        name="requests_ended",
    ),
    Index("requests_open", "opened_at", "id", sqlite_where=_STILL_OPEN, postgresql_where=_STILL_OPEN),
    Index("requests_by_end", "ended_at", sqlite_where=_OVER, postgresql_where=_OVER),
    Index("requests_untold", "ended_at", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
    Index("requests_of_requester", "requester_id", "ended_at", sqlite_where=_OVER, postgresql_where=_OVER),
    _due_index("requests"),
)

items = Table(
    "items",
    metadata,
    Column("request_id", Text, ForeignKey("requests.id", name="items_request"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("code_key", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("snapshot", Json),
    Column("digest", Text),
    Column("warnings", Json, nullable=False, server_default="[]"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("detail", Json, nullable=False, server_default="{}"),
    Column("freeze", Json),
    Column("draft", Json),
    Column("absent_since", Instant),
    *_work(),
    CheckConstraint(
        "state IN ('waiting','sending','deleted','refused','unknown','changed','not_sent',"
        "'to_create','creating','unclear','created','not_created','gone')",
        name="items_state",
    ),
    Index(
        "items_one_open_request_per_code",
        "code_key",
        unique=True,
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    ),
    Index("items_code", "code_key"),
    _due_index("items"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("request_id", Text, ForeignKey("requests.id", name="decisions_request"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("digest", Text, nullable=False),
    Column("server", Text),
    CheckConstraint("step IN (1, 2)", name="decisions_step"),
    UniqueConstraint("request_id", "actor_id", name="decisions_two_different_people"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_id", Text),
    Column("code", Text),
    Column("actor_id", Text),
    Column("actor_name", Text),
    Column("data", Json, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("events_request", "request_id"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("last_hash", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="audit_head_one_row"),
)

call_rate = Table(
    "call_rate",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("taken", Json, nullable=False),
    CheckConstraint("id = 1", name="call_rate_one_row"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
    ForeignKeyConstraint(
        ["request_id", "position"], ["items.request_id", "items.position"], name="snapshots_item"
    ),
    Index("snapshots_kept_at", "kept_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("person", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("reply_url", Text),
    Column("outcome", Boolean, nullable=False, server_default=false()),
    *_work(),
    _due_index("notices"),
)

# Refusals of the last minute, each with how often it was repeated since its audit event. A click on a request
# that is not known has an empty request_id; the private answer to it, whatever was clicked, an empty action.
# A command that opened nothing has the action `command`, and in place of a version which texts count as one.
refusals = Table(
    "refusals",
    metadata,
    Column("person", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("person_name", Text, nullable=False),
    Column("until", Instant, nullable=False),
    Column("repeats", Integer, nullable=False, server_default="0"),
    Index("refusals_until", "until"),
)

homes = Table(
    "homes",
    metadata,
    Column("person", Text, primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Column("shown", Text),
    Column("rest_until", Instant),
    *_work(),
    _due_index("homes"),
)
