"""What part a picture plays for its listing, and how much its vector looks like jewelry."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and table; pictures get their roles and scores with the next run."""
    with op.batch_alter_table("image_references", schema=None) as batch_op:
        batch_op.add_column(sa.Column("role_stated", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("role", sa.String(length=16), nullable=True))
    op.create_table(
        "image_domains",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("image_id", sa.String(length=64), nullable=False),
        sa.Column("domain_id", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "image_id", name=op.f("pk_image_domains")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("image_domains")
    with op.batch_alter_table("image_references", schema=None) as batch_op:
        batch_op.drop_column("role")
        batch_op.drop_column("role_stated")
