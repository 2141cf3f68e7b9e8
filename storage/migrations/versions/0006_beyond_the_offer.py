"""What feeds carry beyond an offer: attachments, certificates, origin, consent, claims, tax, exchange rates."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LISTING_COLUMNS = (
    ("origin", sa.String(100)),
    ("certificate_details", sa.JSON()),
    ("contributor", sa.String(64)),
    ("claims", sa.JSON()),
    ("claimed_listing_id", sa.String(300)),
    ("tax", sa.String(8)),
    ("tax_percent", sa.Float()),
)


def upgrade() -> None:
    """Add the columns, null for listings read before, and the tables."""
    with op.batch_alter_table("listings", schema=None) as batch_op:
        for name, kind in _LISTING_COLUMNS:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("image_references", schema=None) as batch_op:
        batch_op.add_column(sa.Column("consent", sa.String(10), nullable=True))
    op.create_table(
        "attachments",
        sa.Column("collection", sa.String(64), nullable=False),
        sa.Column("listing_id", sa.String(300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("feed", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "listing_id", "position", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_state", "attachments", ["collection", "state"])
    op.create_table(
        "exchange_rates",
        sa.Column("collection", sa.String(64), nullable=False),
        sa.Column("base", sa.String(3), nullable=False),
        sa.Column("quote", sa.String(3), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("rate", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("collection", "base", "quote", "day", name=op.f("pk_exchange_rates")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("exchange_rates")
    op.drop_index("ix_attachments_state", table_name="attachments")
    op.drop_table("attachments")
    with op.batch_alter_table("image_references", schema=None) as batch_op:
        batch_op.drop_column("consent")
    with op.batch_alter_table("listings", schema=None) as batch_op:
        for name, _ in reversed(_LISTING_COLUMNS):
            batch_op.drop_column(name)
