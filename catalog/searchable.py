"""What a snapshot needs to know of each picture: the listings that show it, as filters and tiers use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.attributes.ledger import Enriched, enriched_in
from catalog.tables import (
    deliveries,
    image_references,
    images,
    listing_piece,
    listings,
    piece_listings,
    reference_listing,
    reference_verdict,
    verdicts,
)
from storage.database import reading

_AS_STATED = (
    "listing_id", "category", "brand", "metal", "metal_colour", "stones", "styles", "colour",
    "price_minor", "currency", "title", "url",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchableImages:
    """Rows of one collection, one per (picture, listing), and the time its latest delivery speaks of.

    ``rows`` carry image_key, image_id, piece_id, listing_id, source, category, brand, metal, metal_colour,
    stones, styles, colour, availability, price_minor, currency, title, url, and for the tier rule
    ``age_days`` (since first seen) and ``withdrawn``.  They are sorted by (image_key,
    listing_id).  A withdrawn listing's availability is ``discontinued``, whatever it last said.  Where no
    feed states a piece's style, ``styles`` is what a person decided, or what its pictures suggest with
    confidence, as the last run left it.
    """

    as_of: datetime | None
    rows: list[dict[str, Any]]


def searchable_images(engine: Engine, collection: str) -> SearchableImages:
    """Read the accepted pictures of a collection with every live reference to them.

    A certificate is a picture of paper, not of the piece: the listing that shows it is not found by it.
    "Now" is the latest delivery: the same catalogue gives the same tiers whenever it is read.
    """
    with reading(engine) as connection:
        as_of = connection.execute(
            sa.select(sa.func.max(deliveries.c.delivered_at)).where(deliveries.c.collection == collection)
        ).scalar_one()
        if as_of is None:
            return SearchableImages(as_of=None, rows=[])
        styles = {
            piece_id: found["style"]
            for piece_id, found in enriched_in(connection, collection, "style").items()
            if found["style"].source != "stated"
        }
        rows = connection.execute(
            sa.select(
                images.c.image_key,
                images.c.image_id,
                piece_listings.c.piece_id,
                *(listings.c[name] for name in _AS_STATED),
                listings.c.feed,
                listings.c.availability,
                listings.c.first_seen_at,
                listings.c.withdrawn_at,
            )
            .join(image_references, image_references.c.image_id == images.c.image_id)
            .join(verdicts, reference_verdict)
            .join(listings, reference_listing)
            .join(
                piece_listings,
                listing_piece,
            )
            .where(
                image_references.c.collection == collection,
                image_references.c.live,
                verdicts.c.verdict == "accepted",
                sa.or_(image_references.c.role.is_(None), image_references.c.role != "certificate"),
            )
            .order_by(images.c.image_key, listings.c.listing_id)
        ).mappings()
        # A listing may name one picture twice; JSON columns keep PostgreSQL from telling equal rows apart.
        once = {(row["image_key"], row["listing_id"]): _row(row, as_of, styles) for row in rows}
        return SearchableImages(as_of=as_of, rows=list(once.values()))


SCHEMA = pa.schema(
    [
        ("image_key", pa.int64()),
        ("image_id", pa.string()),
        ("piece_id", pa.string()),
        ("listing_id", pa.string()),
        ("source", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("metal", pa.string()),
        ("metal_colour", pa.string()),
        ("stones", pa.list_(pa.string())),
        ("styles", pa.list_(pa.string())),
        ("colour", pa.string()),
        ("availability", pa.string()),
        ("price_minor", pa.int64()),
        ("currency", pa.string()),
        ("title", pa.string()),
        ("url", pa.string()),
        ("age_days", pa.int32()),
        ("withdrawn", pa.bool_()),
    ]
)


def as_parquet(found: SearchableImages) -> bytes:
    """Return the rows as a Parquet file; the same rows give the same bytes."""
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(found.rows, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue()


def _row(row: Mapping[Any, Any], as_of: datetime, styles: Mapping[str, Enriched]) -> dict[str, Any]:
    withdrawn = row["withdrawn_at"] is not None
    enriched = styles.get(row["piece_id"])
    return {
        **{name: row[name] for name in ("image_key", "image_id", "piece_id", *_AS_STATED)},
        "styles": row["styles"] or (list(enriched.values) if enriched else []),
        "source": row["feed"],
        "availability": "discontinued" if withdrawn else row["availability"],
        "age_days": (as_of - row["first_seen_at"]).days,
        "withdrawn": withdrawn,
    }
