"""Absence needs two looks: when an item's coupon was first not shown, and the state that this can end in.

SQLite can't change a check, so there the table is made anew. Whatever refers to it is put aside meanwhile:
a table that is dropped must not leave anyone behind who refers to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_LAST_KNOWN, _NEW = "'not_created'", "'gone'"


def upgrade() -> None:
    """Add the column, and let items have the new state. No look from before counts."""
    op.add_column("items", sa.Column("absent_since", sa.BigInteger))
    if op.get_bind().dialect.name == "sqlite":
        _made_anew()
    else:
        _new_check()


def _new_check() -> None:
    known = op.get_bind().scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'items_state'")
    )
    states = ",".join(f"'{name}'" for name in str(known).split("'")[1::2])
    op.drop_constraint("items_state", "items")
    op.create_check_constraint("items_state", "items", f"state IN ({states},{_NEW})")


def _made_anew() -> None:
    stored = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'items' AND sql IS NOT NULL ORDER BY type DESC"
    )
    table, *indexes = op.get_bind().scalars(stored).all()
    assert str(table).count(_LAST_KNOWN) == 1, "the states of items stand in their check, and nowhere else"
    for name in ("items", "snapshots"):
        op.execute(f"CREATE TABLE {name}_before AS SELECT * FROM {name}")  # noqa: S608  our own names
    op.execute("DELETE FROM snapshots")
    op.execute("DROP TABLE items")
    op.execute(str(table).replace(_LAST_KNOWN, f"{_LAST_KNOWN},{_NEW}"))
    for index in indexes:
        op.execute(str(index))
    for name in ("items", "snapshots"):
        op.execute(f"INSERT INTO {name} SELECT * FROM {name}_before")  # noqa: S608  our own names
        op.execute(f"DROP TABLE {name}_before")
