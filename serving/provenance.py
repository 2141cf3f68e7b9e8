"""From a piece to what its feeds sent: listing, delivery, file, and where each picture came from.

Nothing here tells who a customer is: of a community feed neither the contributor nor the names of pictures
are shown, since file names are often those of people.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import deliveries, feeds, image_references, listing_piece, listings, piece_listings
from storage.database import reading

_COMMUNITY = "community"


def read_provenance(engine: Engine, collection: str, piece_id: str) -> list[dict[str, Any]]:
    """Return, per listing of a piece, the delivery that last stated it and the pictures that it names.

    Each with ``listing_id``, ``source_id``, ``source`` (the feed), ``kind`` of feed, ``joined_by``,
    ``first_seen_at``, ``last_seen_at``, ``withdrawn_at``, ``columns`` (our field -> the feed's column),
    ``delivery`` (``delivery_id``, ``name``, ``digest``, ``place`` in it, ``delivered_at``) and
    ``pictures`` (``image_id``, ``position``, ``location``).
    """
    chosen = (
        sa.select(
            listings.c.listing_id,
            listings.c.source_id,
            listings.c.feed,
            listings.c.first_seen_at,
            listings.c.last_seen_at,
            listings.c.withdrawn_at,
            listings.c.read_from,
            listings.c.place,
            piece_listings.c.rule,
            feeds.c.kind,
            deliveries.c.delivery_id,
            deliveries.c.name,
            deliveries.c.digest,
            deliveries.c.delivered_at,
        )
        .join(piece_listings, listing_piece)
        .join(deliveries, deliveries.c.delivery_id == listings.c.delivery_id)
        .outerjoin(
            feeds, sa.and_(feeds.c.collection == listings.c.collection, feeds.c.feed == listings.c.feed)
        )
        .where(listings.c.collection == collection, piece_listings.c.piece_id == piece_id)
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(chosen).all()
        named = connection.execute(
            sa.select(image_references)
            .where(
                image_references.c.collection == collection,
                image_references.c.listing_id.in_([row.listing_id for row in rows]),
                image_references.c.live,
                image_references.c.image_id.is_not(None),
            )
            .order_by(image_references.c.listing_id, image_references.c.position)
        ).all()
    pictures: dict[str, list[dict[str, Any]]] = {row.listing_id: [] for row in rows}
    private = {row.listing_id for row in rows if row.kind == _COMMUNITY}
    for one in named:
        location = None if one.listing_id in private else one.location
        pictures[one.listing_id].append(
            {"image_id": one.image_id, "position": one.position, "location": location}
        )
    return [
        {
            "listing_id": row.listing_id,
            "source_id": row.source_id,
            "source": row.feed,
            "kind": row.kind,
            "joined_by": row.rule,
            "first_seen_at": row.first_seen_at,
            "last_seen_at": row.last_seen_at,
            "withdrawn_at": row.withdrawn_at,
            "columns": {
                field: said["column"] for field, said in (row.read_from or {}).items() if said.get("column")
            },
            "delivery": {
                "delivery_id": row.delivery_id,
                "name": row.name,
                "digest": row.digest,
                "place": row.place,
                "delivered_at": row.delivered_at,
            },
            "pictures": pictures[row.listing_id],
        }
        for row in rows
    ]
