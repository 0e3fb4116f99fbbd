"""When people are reminded of a request that waits for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the times. Requests that wait already get theirs when their card changes next."""
    op.add_column("requests", sa.Column("remind_at", sa.BigInteger))
    op.add_column("requests", sa.Column("reminded_at", sa.BigInteger))
