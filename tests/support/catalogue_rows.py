"""Rows of a small catalogue, as the tables hold them."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from catalog.image_ledger import image_key_of
from catalog.tables import deliveries, feeds, image_references, images, listings

START = datetime(2026, 1, 5, tzinfo=UTC)
KINDS = {"maker": "manufacturer", "maison": "retailer", "studio": "retailer", "boutique": "retailer",
         "people": "community"}  # fmt: skip


def listing(feed, number, **changes):
    """A listing of the collection ``shop``; the number is its age, too."""
    return {
        "collection": "shop",
        "listing_id": f"{feed}:{number}",
        "feed": feed,
        "source_id": str(number),
        "delivery_id": 1,
        "first_seen_at": START + timedelta(days=number),
        "last_seen_at": START + timedelta(days=number),
        "withdrawn_at": None,
        "content_digest": "0" * 64,
        "title": f"Piece {number} of {feed}",
        "titles": {},
        "brand": None,
        "category": None,
        "metal": None,
        "metal_colour": None,
        "fineness": None,
        "plating": None,
        "stones": [],
        "styles": [],
        "dimensions_mm": {},
        "gtin": None,
        "mpn": None,
        "certificate": None,
        "availability": "in_stock",
        "price_minor": None,
        "currency": None,
        "read_from": {},
        **changes,
    }


def put_listings(engine, *rows):
    """Make these the listings of the catalogue, sold by the feeds of ``KINDS``."""
    with engine.begin() as connection:
        connection.execute(listings.delete())
        if connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one() == 0:
            connection.execute(
                deliveries.insert().values(
                    delivery_id=1, collection="shop", feed="maison", name="n", digest="0" * 64, bytes=1,
                    delivered_at=START, day="2026-01-05", state="read",
                )
            )  # fmt: skip
            connection.execute(
                feeds.insert(),
                [
                    {"collection": "shop", "feed": feed, "kind": kind, "validators": {}}
                    for feed, kind in KINDS.items()
                ],
            )
        connection.execute(listings.insert(), list(rows))


def put_picture(engine, image_id, shown_by, **changes):
    """Add a picture that was looked at, and the listings that show it."""
    values = {
        "image_key": image_key_of(image_id),
        "bytes": 1,
        "measures": {"sharpness": 1.0},
        "measures_version": "1",
        **changes,
    }
    with engine.begin() as connection:
        connection.execute(images.insert().values(image_id=image_id, **values))
        for listing_id in shown_by:
            taken = connection.execute(
                sa.select(sa.func.count())
                .select_from(image_references)
                .where(image_references.c.listing_id == listing_id)
            ).scalar_one()
            connection.execute(
                image_references.insert().values(
                    collection="shop", listing_id=listing_id, position=taken,
                    feed=listing_id.partition(":")[0], location=f"{image_id[:6]}.jpg", state="fetched",
                    attempts=0, image_id=image_id, live=True,
                )
            )  # fmt: skip
