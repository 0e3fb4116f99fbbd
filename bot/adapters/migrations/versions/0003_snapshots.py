"""What deleted coupons held, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of the sealed snapshots."""
    op.create_table(
        "snapshots",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id", "position"], ["items.request_id", "items.position"], name="snapshots_item"
        ),
    )
    op.create_index("snapshots_kept_at", "snapshots", ["kept_at"])
