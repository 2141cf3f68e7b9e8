"""Where in its delivery a listing stands."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty: the next delivery that states a listing fills it."""
    op.add_column("listings", sa.Column("place", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("listings", "place")
