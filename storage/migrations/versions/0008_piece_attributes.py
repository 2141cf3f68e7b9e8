"""What feeds state, people decided and pictures suggest of each piece's attributes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; it is filled with the next run."""
    op.create_table(
        "piece_attributes",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("piece_id", sa.String(length=32), nullable=False),
        sa.Column("attribute", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stated", sa.JSON(), nullable=False),
        sa.Column("decided", sa.String(length=64), nullable=True),
        sa.Column("suggested", sa.String(length=64), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("calibrated", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("likely", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "piece_id", "attribute", name=op.f("pk_piece_attributes")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("piece_attributes")
