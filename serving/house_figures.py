"""Figures of a collection for whoever looks after it: what is searchable, what waits, what trends say."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import deliveries, image_references, listings, pieces, trends
from index_builds.tables import promotions, snapshots
from serving.live_snapshot import ServedSnapshot
from storage.database import reading


def collection_figures(engine: Engine, collection: str, served: ServedSnapshot | None) -> dict[str, Any]:
    """Return counts of the catalogue, of the snapshot that serves, and when each was last moved."""
    with reading(engine) as connection:

        def count(chosen: sa.Select[Any]) -> Any:
            return connection.scalar(chosen)

        waiting = count(
            sa.select(sa.func.count()).where(
                image_references.c.collection == collection,
                image_references.c.live,
                image_references.c.state == "pending",
            )
        )
        live = count(
            sa.select(sa.func.count()).where(
                listings.c.collection == collection, listings.c.withdrawn_at.is_(None)
            )
        )
        known = count(
            sa.select(sa.func.count()).where(
                pieces.c.collection == collection, pieces.c.forwarded_to.is_(None)
            )
        )
        delivered = count(
            sa.select(sa.func.max(deliveries.c.delivered_at)).where(deliveries.c.collection == collection)
        )
        moved = count(
            sa.select(promotions.c.moved_at)
            .where(promotions.c.collection == collection)
            .order_by(promotions.c.pointer_version.desc())
            .limit(1)
        )
        published = None
        if served is not None:
            published = count(
                sa.select(snapshots.c.published_at).where(
                    snapshots.c.collection == collection, snapshots.c.snapshot_id == served.snapshot_id
                )
            )
    figures: dict[str, Any] = {
        "pieces": known,
        "listings": live,
        "pictures_waiting": waiting,
        "delivered_at": delivered,
        "promoted_at": moved,
        "snapshot": None,
    }
    if served is not None:
        content = served.manifest.content
        figures["snapshot"] = {
            "snapshot_id": served.snapshot_id,
            "published_at": published,
            "encoder_id": content.encoder_id,
            "pieces": len(served.table),
            "pictures": content.live_vectors,
            "tiers": {
                tier: {channel: file.live_vectors for channel, file in channels.items()}
                for tier, channels in content.tiers.items()
            },
            "channels": list(served.snapshot.channels),
            "neighbour_lists": None if served.neighbours is None else len(served.neighbours.piece_ids),
        }
    return figures


def read_trends(
    engine: Engine,
    collection: str,
    *,
    facet: str | None,
    value: str | None,
    currency: str | None,
    days: int,
) -> list[dict[str, Any]]:
    """Return daily rows, the latest ``days`` days there are, oldest first."""
    shown = [column for column in trends.c if column.name != "collection"]
    own = trends.c.collection == collection
    latest = sa.select(trends.c.day).where(own).distinct().order_by(trends.c.day.desc()).limit(days)
    asked = {"facet": facet, "value": value, "currency": currency}
    chosen = (
        sa.select(*shown)
        .where(own, trends.c.day.in_(latest))
        .where(*(trends.c[name] == wanted for name, wanted in asked.items() if wanted is not None))
        .order_by(trends.c.day, trends.c.facet, trends.c.value, trends.c.currency)
    )
    with reading(engine) as connection:
        return [
            {str(name): value for name, value in row.items()} for row in connection.execute(chosen).mappings()
        ]
