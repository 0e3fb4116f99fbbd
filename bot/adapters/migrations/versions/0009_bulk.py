"""Requests of many codes: at which pace they are carried out, and the calls that all replicas have taken."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column, and the table with its one row. Requests of before are small, and have no pace."""
    op.add_column("requests", sa.Column("bulk", sa.Text))
    op.create_table(
        "call_rate",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("taken", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name="call_rate_one_row"),
    )
    op.execute("INSERT INTO call_rate (id, taken) VALUES (1, '{}')")
