"""Refusals that repeat are counted, and an address to answer to goes with the end of its request."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table. Of requests that have ended, the address of the command is of no use any more."""
    op.create_table(
        "refusals",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, primary_key=True),
        sa.Column("action", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("person_name", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("refusals_until", "refusals", ["until"])
    op.execute("UPDATE requests SET reply_url = NULL WHERE ended_at IS NOT NULL")
