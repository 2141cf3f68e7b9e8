"""What searches showed, what came of them, and how good they were; events keep what led to them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OF_EVENTS = (
    ("sent_id", sa.String(length=36)),
    ("client", sa.String(length=34)),
    ("session", sa.String(length=34)),
    ("search_id", sa.String(length=36)),
    ("position", sa.Integer()),
    ("after_search_ms", sa.Integer()),
)


def upgrade() -> None:
    """Add columns and tables; they are filled by what serves, and by the next night."""
    for name, kind in _OF_EVENTS:
        op.add_column("events", sa.Column(name, kind))
    op.create_index("ix_events_sent", "events", ["collection", "sent_id"], unique=True)
    op.create_table(
        "event_counts",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("piece_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "day", "piece_id", "kind", name=op.f("pk_event_counts")),
    )
    op.create_table(
        "event_salts",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_event_salts")),
    )
    op.create_table(
        "searches",
        sa.Column("search_id", sa.String(length=36), nullable=False),
        sa.Column("first_position", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("snapshot_id", sa.String(length=80), nullable=False),
        sa.Column("asked_at", sa.String(length=20), nullable=False),
        sa.Column("filtered", sa.Boolean(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("search_id", "first_position", name=op.f("pk_searches")),
    )
    op.create_index("ix_searches_time", "searches", ["collection", "asked_at"])
    op.create_table(
        "search_quality",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("snapshot_id", sa.String(length=80), nullable=False),
        sa.Column("searches", sa.Integer(), nullable=False),
        sa.Column("zero_results", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("purchased", sa.Integer(), nullable=False),
        sa.Column("mrr", sa.Float(), nullable=False),
        sa.Column("diversity", sa.Float()),
        sa.Column("seconds_to_click", sa.Float()),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "day", "kind", "snapshot_id", name=op.f("pk_search_quality")),
    )


def downgrade() -> None:
    """Take it all away; what was recorded is lost, and events whose rows had expired are not counted."""
    for table in ("search_quality", "searches", "event_salts", "event_counts"):
        op.drop_table(table)
    op.drop_index("ix_events_sent", "events")
    for name, _ in reversed(_OF_EVENTS):
        op.drop_column("events", name)
