"""Catalogue tables as pandas frames, for suites and notebooks that think in columns."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import image_references, listings, pieces, price_history, verdicts
from storage.database import reading

if TYPE_CHECKING:
    import pandas as pd

_PICTURES = (
    sa.select(sa.func.count())
    .where(
        image_references.c.collection == listings.c.collection,
        image_references.c.listing_id == listings.c.listing_id,
        image_references.c.live,
    )
    .scalar_subquery()
)
# Columns of a listing that no table holds: any of its identifiers, and how many pictures it names now.
COUNTED: dict[str, sa.ColumnElement[Any]] = {
    "identifier": sa.func.coalesce(listings.c.gtin, listings.c.mpn, listings.c.certificate),
    "pictures": _PICTURES,
}


def listings_frame(engine: Engine, collection: str, feed: str, columns: Iterable[str]) -> "pd.DataFrame":
    """Return one feed's live listings with these columns: of ``catalog.tables``, or of ``COUNTED``.

    Empty with all columns when there are none.
    """
    chosen = [COUNTED[name].label(name) if name in COUNTED else listings.c[name] for name in columns]
    return _frame(
        engine,
        sa.select(*chosen)
        .where(
            listings.c.collection == collection, listings.c.feed == feed, listings.c.withdrawn_at.is_(None)
        )
        .order_by(listings.c.listing_id),
    )


def image_references_frame(
    engine: Engine, collection: str, feed: str, columns: Iterable[str]
) -> "pd.DataFrame":
    """Return the pictures that one feed's listings name now."""
    chosen = sa.select(*(image_references.c[name] for name in columns)).where(
        image_references.c.collection == collection,
        image_references.c.feed == feed,
        image_references.c.live,
    )
    return _frame(engine, chosen.order_by(image_references.c.listing_id, image_references.c.position))


def prices_frame(engine: Engine, collection: str, feed: str, columns: Iterable[str]) -> "pd.DataFrame":
    """Return the price history of one feed's listings, withdrawn ones too."""
    chosen = (
        sa.select(*(price_history.c[name] for name in columns))
        .join(
            listings,
            sa.and_(
                listings.c.collection == price_history.c.collection,
                listings.c.listing_id == price_history.c.listing_id,
            ),
        )
        .where(price_history.c.collection == collection, listings.c.feed == feed)
        .order_by(price_history.c.listing_id, price_history.c.valid_from)
    )
    return _frame(engine, chosen)


def pieces_frame(engine: Engine, collection: str, columns: Iterable[str]) -> "pd.DataFrame":
    """Return a collection's pieces that forward to no other one."""
    chosen = (
        sa.select(*(pieces.c[name] for name in columns))
        .where(pieces.c.collection == collection, pieces.c.forwarded_to.is_(None))
        .order_by(pieces.c.piece_id)
    )
    return _frame(engine, chosen)


def verdicts_frame(engine: Engine, collection: str, columns: Iterable[str]) -> "pd.DataFrame":
    """Return the verdicts on a collection's pictures."""
    chosen = sa.select(*(verdicts.c[name] for name in columns)).where(verdicts.c.collection == collection)
    return _frame(engine, chosen.order_by(verdicts.c.image_id))


def _frame(engine: Engine, chosen: sa.Select) -> "pd.DataFrame":  # type: ignore[type-arg] # any columns
    import pandas as pd  # takes half a second, and definitions import this module

    with reading(engine) as connection:
        rows = connection.execute(chosen)
        return pd.DataFrame([tuple(row) for row in rows], columns=list(rows.keys()))
