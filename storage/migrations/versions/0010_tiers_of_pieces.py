"""How much pieces are wanted, and which tier each stands in, since when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; they are filled with the next night, and with the next promotion."""
    op.create_table(
        "piece_demand",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("piece_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("demand", sa.Float(), nullable=False),
        sa.Column("touches", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "piece_id", name=op.f("pk_piece_demand")),
    )
    op.create_table(
        "demand_days",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("collection", name=op.f("pk_demand_days")),
    )
    op.create_table(
        "piece_tiers",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("piece_id", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.String(length=8), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("collection", "piece_id", name=op.f("pk_piece_tiers")),
    )


def downgrade() -> None:
    """Take them away; a later upgrade fills them again."""
    for table in ("piece_tiers", "demand_days", "piece_demand"):
        op.drop_table(table)
