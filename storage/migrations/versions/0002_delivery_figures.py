"""What a delivery was like, for the circuit breakers of later ones."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; deliveries read before have none and are no yardstick."""
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("figures", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_column("figures")
