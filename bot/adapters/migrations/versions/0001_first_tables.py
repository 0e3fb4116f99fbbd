"""Requests, items, decisions, audit events, private notices."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_REFUSE_ON_SQLITE = """
CREATE TRIGGER events_no_{verb} BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
_REFUSE_ON_POSTGRES = """
CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation'; END $$
"""
_TRIGGER_ON_POSTGRES = """
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change()
"""


def upgrade() -> None:
    """Create everything."""
    _requests()
    _items()
    _decisions()
    _events()
    _notices()


def _work() -> list[sa.Column[object]]:
    return [
        sa.Column("due_at", sa.BigInteger),
        sa.Column("claim_token", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    ]


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("requester_id", sa.Text, nullable=False),
        sa.Column("requester_name", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reply_url", sa.Text),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("first_grants", sa.Text, nullable=False),
        sa.Column("final_grants", sa.Text, nullable=False),
        sa.Column("digest", sa.Text),
        sa.Column("approve_by", sa.BigInteger),
        sa.Column("execute_by", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by_id", sa.Text),
        sa.Column("ended_by_name", sa.Text),
        sa.Column("failure_reason", sa.Text),
        sa.Column("failure_detail", sa.Text),
        sa.Column("card_ts", sa.Text),
        sa.Column("card_copies", sa.Text, nullable=False, server_default="[]"),
        sa.Column("drawn_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("drawn_at", sa.BigInteger),
        sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()),
        *_work(),
        sa.CheckConstraint(
            "state IN ('submitted','pending','approved',"
            "'finished','rejected','cancelled','expired','failed')",
            name="requests_state",
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('submitted','pending','approved'))", name="requests_ended"
        ),
    )
    _partial_index("requests_open", "requests", ["opened_at", "id"], "ended_at IS NULL")
    _partial_index("requests_due", "requests", ["due_at"], "due_at IS NOT NULL")


def _items() -> None:
    op.create_table(
        "items",
        sa.Column(
            "request_id", sa.Text, sa.ForeignKey("requests.id", name="items_request"), primary_key=True
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("code_key", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("snapshot", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("warnings", sa.Text, nullable=False, server_default="[]"),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
        *_work(),
        sa.CheckConstraint(
            "state IN ('waiting','sending','deleted','refused','unknown','changed','not_sent')",
            name="items_state",
        ),
    )
    _partial_index("items_one_open_request_per_code", "items", ["code_key"], "open", unique=True)
    _partial_index("items_due", "items", ["due_at"], "due_at IS NOT NULL")


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column(
            "request_id", sa.Text, sa.ForeignKey("requests.id", name="decisions_request"), primary_key=True
        ),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.CheckConstraint("step IN (1, 2)", name="decisions_step"),
        sa.UniqueConstraint("request_id", "actor_id", name="decisions_two_different_people"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("actor_id", sa.Text),
        sa.Column("actor_name", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_request", "events", ["request_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_REFUSE_ON_SQLITE.format(verb="UPDATE"))
        op.execute(_REFUSE_ON_SQLITE.format(verb="DELETE"))
    else:
        op.execute(_REFUSE_ON_POSTGRES)
        op.execute(_TRIGGER_ON_POSTGRES)


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reply_url", sa.Text),
        *_work(),
    )
    _partial_index("notices_due", "notices", ["due_at"], "due_at IS NOT NULL")
