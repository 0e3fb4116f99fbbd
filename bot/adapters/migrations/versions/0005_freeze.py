"""Freezes: how far each item's is, whether a request offers one, and requests that are for one alone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns. Requests of before offer no freeze; their cards show no button for it."""
    op.add_column("requests", sa.Column("purpose", sa.Text, nullable=False, server_default="delete"))
    op.add_column("requests", sa.Column("freeze", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("items", sa.Column("freeze", sa.Text))
