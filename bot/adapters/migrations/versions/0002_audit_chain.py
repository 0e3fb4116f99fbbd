"""The audit chain: events carry hashes, those stored already as well, and its head is kept beside them."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

# Not frozen here: what is hashed now has to be what the program verifies.
from bot.adapters.store.audit import row_of
from bot.domain.audit import EMPTY, Facts, Head, Link, advance, link_hash

revision = "0002"
down_revision = "0001"

_FACTS = ("at", "kind", "request_id", "code", "actor_id", "actor_name", "data")
_PAGE = 500

_BACKWARDS = "NEW.count <= OLD.count OR NEW.last_id <= OLD.last_id OR NEW.id <> OLD.id"
_REFUSE_ON_SQLITE = """
CREATE TRIGGER {name} BEFORE {change}
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
_FOLLOW_ON_SQLITE = """
CREATE TRIGGER events_follow BEFORE INSERT ON events BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only') WHERE NOT EXISTS (
        SELECT 1 FROM audit_head WHERE last_id = NEW.id - 1 AND last_hash = NEW.previous
    );
    UPDATE audit_head SET last_id = NEW.id, last_hash = NEW.hash, count = count + 1;
END
"""
_REFUSE_ON_POSTGRES = """
CREATE TRIGGER {name} BEFORE {change} EXECUTE FUNCTION events_refuse_change()
"""
_FOLLOW_ON_POSTGRES = """
CREATE FUNCTION events_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE audit_head SET last_id = NEW.id, last_hash = NEW.hash, count = count + 1
    WHERE last_id = NEW.id - 1 AND last_hash = NEW.previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Make the events anew with their hashes, and the head. Every event keeps its id and its values."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        # Whatever is under way elsewhere locks a request first: so nobody waits for each other in a ring.
        op.execute("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")
    op.create_index("items_code", "items", ["code_key"])
    chained = _create_events("events_chained")
    head = EMPTY
    for page in _stored():
        links = []
        for row in page:
            event_id, facts = row.pop("id"), Facts(**row)
            links.append(Link(event_id, facts, head.last_hash, link_hash(event_id, facts, head.last_hash)))
            head = advance(head, links[-1])
        op.get_bind().execute(sa.insert(chained), [row_of(link) for link in links])
    op.drop_table("events")
    _create_events("events")
    op.execute("INSERT INTO events SELECT * FROM events_chained")
    op.drop_table("events_chained")
    op.create_index("events_request", "events", ["request_id"])
    _create_head(head)
    if postgresql:
        _guard_on_postgres()
    else:
        _guard_on_sqlite()


def _stored() -> Iterator[list[dict[str, Any]]]:
    events = sa.table("events", sa.column("id"), *(sa.column(name) for name in _FACTS))
    pages = sa.select(events).order_by(events.c.id).limit(_PAGE)
    page = op.get_bind().execute(pages).mappings().all()
    while page:
        yield [dict(row) for row in page]
        page = op.get_bind().execute(pages.where(events.c.id > page[-1]["id"])).mappings().all()


def _create_events(name: str) -> sa.Table:
    return op.create_table(
        name,
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("actor_id", sa.Text),
        sa.Column("actor_name", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )


def _create_head(head: Head) -> None:
    table = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("last_hash", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="audit_head_one_row"),
    )
    op.get_bind().execute(sa.insert(table).values(id=1, **vars(head)))


def _guard_on_sqlite() -> None:
    """Let the database itself refuse what is no next event, and move the head with each."""
    for name, change in {
        "events_no_update": "UPDATE ON events",
        "events_no_delete": "DELETE ON events",
        "audit_head_no_insert": "INSERT ON audit_head",
        "audit_head_no_delete": "DELETE ON audit_head",
        "audit_head_no_step_back": f"UPDATE ON audit_head WHEN {_BACKWARDS}",
    }.items():
        op.execute(_REFUSE_ON_SQLITE.format(name=name, change=change))
    op.execute(_FOLLOW_ON_SQLITE)


def _guard_on_postgres() -> None:
    """Do the same on PostgreSQL."""
    for name, change in {
        "events_append_only": "UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT",
        "audit_head_stays": "INSERT OR DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT",
        "audit_head_no_step_back": f"UPDATE ON audit_head FOR EACH ROW WHEN ({_BACKWARDS})",
    }.items():
        op.execute(_REFUSE_ON_POSTGRES.format(name=name, change=change))
    op.execute(_FOLLOW_ON_POSTGRES)
    op.execute(
        "CREATE TRIGGER events_follow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_follow()"
    )
