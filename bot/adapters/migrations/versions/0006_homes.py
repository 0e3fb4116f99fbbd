"""Who looks at their Home tab, and what is needed to show it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table, and the indexes by which the last outcomes are found."""
    op.create_table(
        "homes",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.Text),
        sa.Column("rest_until", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("claim_token", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    )
    _partial_index("homes_due", "homes", ["due_at"], "due_at IS NOT NULL")
    _partial_index("requests_by_end", "requests", ["ended_at"], "ended_at IS NOT NULL")
    _partial_index("requests_of_requester", "requests", ["requester_id", "ended_at"], "ended_at IS NOT NULL")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
