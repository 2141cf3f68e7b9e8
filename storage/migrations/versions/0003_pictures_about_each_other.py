"""What pictures say about each other: perceptual hashes, relations, flags, and joins for a person to decide."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add hashes, empty until a picture is looked at again, and the three tables."""
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("perceptual_hash", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("frame_hash", sa.String(length=16), nullable=True))
    op.create_table(
        "picture_relations",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("first", sa.String(length=64), nullable=False),
        sa.Column("second", sa.String(length=64), nullable=False),
        sa.Column("relation", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("collection", "first", "second", name=op.f("pk_picture_relations")),
    )
    op.create_table(
        "picture_flags",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("image_id", sa.String(length=64), nullable=False),
        sa.Column("flag", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "image_id", "flag", name=op.f("pk_picture_flags")),
    )
    op.create_table(
        "join_proposals",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("first", sa.String(length=300), nullable=False),
        sa.Column("second", sa.String(length=300), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "first", "second", name=op.f("pk_join_proposals")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("join_proposals")
    op.drop_table("picture_flags")
    op.drop_table("picture_relations")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("frame_hash")
        batch_op.drop_column("perceptual_hash")
