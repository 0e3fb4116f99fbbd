"""Until when an approved request can be stopped before anything is sent, and who stopped it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns. Requests that are approved already were promised no time to stop them."""
    op.add_column("requests", sa.Column("stop_until", sa.BigInteger))
    op.add_column("requests", sa.Column("stopped_at", sa.BigInteger))
    op.add_column("requests", sa.Column("stopped_by_id", sa.Text))
    op.add_column("requests", sa.Column("stopped_by_name", sa.Text))
