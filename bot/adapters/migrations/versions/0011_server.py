"""The server that an approval was stored on: after a failover or a restored backup it counts no more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column. Approvals of before have none, and count on whichever server they are."""
    op.add_column("decisions", sa.Column("server", sa.Text))
