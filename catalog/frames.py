"""Catalogue tables as pandas frames, for suites and notebooks that think in columns."""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import listings, pieces
from storage.database import reading

if TYPE_CHECKING:
    import pandas as pd


def listings_frame(engine: Engine, collection: str, feed: str) -> "pd.DataFrame":
    """Return one feed's live listings, a column each as in ``catalog.tables``.

    Empty with all columns when none.
    """
    chosen = (
        sa.select(listings)
        .where(
            listings.c.collection == collection, listings.c.feed == feed, listings.c.withdrawn_at.is_(None)
        )
        .order_by(listings.c.listing_id)
    )
    return _frame(engine, chosen)


def pieces_frame(engine: Engine, collection: str) -> "pd.DataFrame":
    """Return a collection's pieces that forward to no other one."""
    chosen = (
        sa.select(pieces)
        .where(pieces.c.collection == collection, pieces.c.forwarded_to.is_(None))
        .order_by(pieces.c.piece_id)
    )
    return _frame(engine, chosen)


def _frame(engine: Engine, chosen: sa.Select) -> "pd.DataFrame":  # type: ignore[type-arg] # any columns
    import pandas as pd  # takes half a second, and definitions import this module

    with reading(engine) as connection:
        rows = connection.execute(chosen)
        return pd.DataFrame([tuple(row) for row in rows], columns=list(rows.keys()))
