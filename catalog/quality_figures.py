"""Figures of quality over time and over pictures, as rows of the catalogue hold them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import deliveries, image_references, images
from storage.database import reading

LAST_DELIVERIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRates:
    """One delivery that was read.

    Attributes:
        feed: Whose it was.
        delivered_at: When.
        rejected: Share of its rows that were rejected, in [0, 1]; None where it had none.
        pictures_failed: Share of the pictures that it newly named and that could not be fetched; None where
            it named fewer than breakers look at.
    """

    feed: str
    delivered_at: datetime
    rejected: float | None
    pictures_failed: float | None


def delivery_rates(engine: Engine, collection: str, feed: str) -> list[DeliveryRates]:
    """Return the rates of a feed's last 60 deliveries that were read, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.collection == collection,
                deliveries.c.feed == feed,
                deliveries.c.state.in_(["read", "damaged"]),
            )
            .order_by(deliveries.c.delivered_at.desc(), deliveries.c.delivery_id.desc())
            .limit(LAST_DELIVERIES)
        ).all()
    return [
        DeliveryRates(
            feed=feed,
            delivered_at=row.delivered_at,
            rejected=row.rejected / row.rows if row.rows else None,
            pictures_failed=(row.figures or {}).get("pictures_failed"),
        )
        for row in reversed(rows)
    ]


def measures_of(engine: Engine, collection: str, feed: str, *, limit: int) -> list[dict[str, Any]]:
    """Return the measures of at most ``limit`` of the pictures that a feed's listings show, by digest."""
    with reading(engine) as connection:
        shown = sa.select(image_references.c.image_id).where(
            image_references.c.collection == collection,
            image_references.c.feed == feed,
            image_references.c.live,
            image_references.c.image_id.is_not(None),
        )
        found = connection.execute(
            sa.select(images.c.measures)
            .where(images.c.image_id.in_(shown), images.c.unreadable.is_(None))
            .order_by(images.c.image_id)
            .limit(limit)
        ).scalars()
        return [measures for measures in found if measures]
