"""How far an outcome has been told, whatever Slack refuses; and where the card is by now."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_UNTOLD = "ended_at IS NOT NULL AND NOT told AND NOT given_up"


def upgrade() -> None:
    """Add the columns. Notices without a reply address are kept until told, since most tell an outcome."""
    for name, kind in (("card_moved_to", sa.Text), ("card_clicked_in", sa.Text), ("refused_by", sa.Text)):
        op.add_column("requests", sa.Column(name, kind))
    for name in ("card_stuck_since", "gone_since"):
        op.add_column("requests", sa.Column(name, sa.BigInteger))
    op.add_column("requests", sa.Column("cards_replaced", sa.Integer, nullable=False, server_default="0"))
    for table, name in (("requests", "in_thread"), ("requests", "given_up"), ("notices", "outcome")):
        op.add_column(table, sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    condition = sa.text(_UNTOLD)
    op.create_index(
        "requests_untold", "requests", ["ended_at"], sqlite_where=condition, postgresql_where=condition
    )
    op.execute("UPDATE notices SET outcome = TRUE WHERE reply_url IS NULL")
