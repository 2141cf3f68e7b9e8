"""SQL tables of snapshots, of the pointer that serving follows, and of what live queries found."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, MetaData, Table
from sqlalchemy.types import Integer, String, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column(
        "version", Integer, primary_key=True
    ),  # monotone within the collection; clocks never order snapshots
    Column("snapshot_id", String(80), nullable=False),
    Column("content_digest", String(64), nullable=False),  # of what it holds, free of times and run ids
    Column("manifest_digest", String(64), nullable=False),  # SHA-256 of the manifest's bytes, as published
    Column("parent", String(80)),
    Column("state", String(12), nullable=False),  # candidate, refused, retired
    Column("refusal", Text),
    Column("pinned", sa.Boolean, nullable=False),
    Column("published_at", String(20)),  # UTC; how long retention protects it, never for ordering
    Index("ix_snapshots_id", "collection", "snapshot_id", unique=True),
)

pointers = Table(
    "pointers",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("snapshot_id", String(80), nullable=False),
    Column("version", Integer, nullable=False),  # compare-and-set: every move adds one
    Column("statement", Text),  # what the pointer says, signed (signing.Envelope); null where nobody signs
)

promotions = Table(
    "promotions",
    metadata,
    Column("promotion_id", Integer, primary_key=True, autoincrement=True),
    Column("collection", String(64), nullable=False),
    Column("pointer_version", Integer, nullable=False),
    Column("kind", String(12), nullable=False),  # promote, rollback
    Column("from_snapshot", String(80)),
    Column("to_snapshot", String(80), nullable=False),
    Column("moved_at", String(20), nullable=False),  # UTC, for people; never for ordering
    Column("actor", String(200), nullable=False),
    Column("reason", Text),
    Index("ix_promotions_collection", "collection", "pointer_version", unique=True),
)

piece_tiers = Table(
    "piece_tiers",  # a copy of the promoted snapshot's plan (tier_records)
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("tier", String(8), nullable=False),  # hot, warm, cold
    Column("since", String(10), nullable=False),  # the day on which it got there
    Column("reason", String(16), nullable=False),  # tier_planning.REASONS
)

shadow_recall = Table(
    "shadow_recall",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("hour", String(20), primary_key=True),  # its begin, UTC
    Column("snapshot_id", String(80), primary_key=True),  # that answered
    Column("channel", String(64), primary_key=True),
    Column("queries", Integer, nullable=False),  # sampled, with something to find
    Column("found", Integer, nullable=False),
    Column("possible", Integer, nullable=False),
)
