"""What people decided, whose word counts where sources disagree, and how far each source is trusted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; disagreements found before have no word that counts until they are looked at again."""
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_kind", ["collection", "kind"], unique=False)
    op.create_table(
        "source_trust",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("disagreed", sa.Integer(), nullable=False),
        sa.Column("trust", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "feed", "field", name=op.f("pk_source_trust")),
    )
    with op.batch_alter_table("disagreements", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counts", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("why", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away; decisions are lost."""
    with op.batch_alter_table("disagreements", schema=None) as batch_op:
        batch_op.drop_column("why")
        batch_op.drop_column("counts")
    op.drop_table("source_trust")
    op.drop_table("decisions")
