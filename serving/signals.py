"""What the catalogue knows of pieces beside their pictures, an array per signal in a piece table's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Engine

from catalog.demand import FOUND
from catalog.events.counting import daily_counts
from catalog.forwarding import final, forwarding
from catalog.tables import deliveries, listings, piece_listings, pieces
from storage.database import reading

POPULAR_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSignals:
    """One value per piece; NaN where nothing is known.

    Attributes:
        first_seen: Seconds since 1970.
        rating: Mean of what its listings state.
        views: Views, clicks and favourites of the last ``POPULAR_DAYS`` before the latest delivery.
        purchases: Purchases in them.
        as_of: Seconds since 1970 of the latest delivery; NaN before the first.
    """

    first_seen: NDArray[np.float64]
    rating: NDArray[np.float64]
    views: NDArray[np.float64]
    purchases: NDArray[np.float64]
    as_of: float


def read_signals(engine: Engine, collection: str, piece_ids: Sequence[str]) -> PieceSignals:
    """Read the signals of a snapshot's pieces."""
    place_of = {piece_id: place for place, piece_id in enumerate(piece_ids)}
    first_seen, rating = np.full(len(piece_ids), np.nan), np.full(len(piece_ids), np.nan)
    views, purchases = np.zeros(len(piece_ids)), np.zeros(len(piece_ids))
    with reading(engine) as connection:
        as_of: datetime | None = connection.scalar(
            sa.select(sa.func.max(deliveries.c.delivered_at)).where(deliveries.c.collection == collection)
        )
        for piece_id, seen in connection.execute(
            sa.select(pieces.c.piece_id, pieces.c.first_seen_at).where(pieces.c.collection == collection)
        ):
            if (place := place_of.get(piece_id)) is not None:
                first_seen[place] = seen.timestamp()
        for piece_id, mean in connection.execute(
            sa.select(piece_listings.c.piece_id, sa.func.avg(listings.c.rating))
            .join(
                listings,
                sa.and_(
                    listings.c.collection == piece_listings.c.collection,
                    listings.c.listing_id == piece_listings.c.listing_id,
                ),
            )
            .where(piece_listings.c.collection == collection, listings.c.rating.is_not(None))
            .group_by(piece_listings.c.piece_id)
        ):
            if (place := place_of.get(piece_id)) is not None:
                rating[place] = mean
        forwarded = forwarding(connection, collection)
        since = date.min if as_of is None else as_of.date() - timedelta(days=POPULAR_DAYS - 1)
        for piece_id, kind, _, count in daily_counts(connection, collection, since=since):
            if kind != FOUND and (place := place_of.get(final(piece_id, forwarded))) is not None:
                (purchases if kind == "purchase" else views)[place] += count
    return PieceSignals(
        first_seen=first_seen,
        rating=rating,
        views=views,
        purchases=purchases,
        as_of=float("nan") if as_of is None else as_of.timestamp(),
    )
