"""Recall of live queries, by hour: what the approximate search found of what an exhaustive one finds."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "shadow_recall",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.String(length=20), nullable=False),
        sa.Column("snapshot_id", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("possible", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "collection", "hour", "snapshot_id", "channel", name=op.f("pk_shadow_recall")
        ),
    )


def downgrade() -> None:
    """Take it away; what was counted is lost."""
    op.drop_table("shadow_recall")
