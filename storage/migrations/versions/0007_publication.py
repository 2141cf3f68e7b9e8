"""When snapshots were published, and the signed statement of what a pointer says."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: null for snapshots published before, and for pointers that nobody signed."""
    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("published_at", sa.String(20), nullable=True))
    with op.batch_alter_table("pointers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("statement", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("pointers", schema=None) as batch_op:
        batch_op.drop_column("statement")
    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.drop_column("published_at")
