"""One piece as the catalogue knows it: facts with whoever states them, pictures, offers, prices over time.

Read from SQL by piece id; a piece that was merged into another is answered by where it went.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.attributes.ledger import attribute_rows
from catalog.tables import (
    disagreements,
    image_references,
    images,
    listing_piece,
    listings,
    piece_listings,
    pieces,
    price_history,
    reference_verdict,
    verdicts,
)
from serving.errors import UnknownThingError
from serving.picture_urls import picture_urls, rendition_url
from storage.database import reading

_FACTS = (
    "category", "brand", "metal", "metal_colour", "fineness", "plating", "stones", "styles", "colour",
    "dimensions_mm", "weight_g", "gtin", "mpn", "certificate", "certificate_details", "origin", "rating",
)  # fmt: skip
_OFFERED = (
    "listing_id", "feed", "title", "url", "availability", "price_minor", "list_price_minor", "currency",
    "tax",
    "tax_percent", "first_seen_at", "last_seen_at", "withdrawn_at",
)  # fmt: skip


def piece_forwarded(engine: Engine, collection: str, piece_id: str) -> str | None:
    """Return where a merged piece went; None where it stands for itself.

    Raises:
        UnknownThingError: If there never was such a piece.
    """
    with reading(engine) as connection:
        return _forwarded(connection, collection, piece_id)


def read_piece(engine: Engine, collection: str, piece_id: str) -> dict[str, Any]:
    """Return what is known of a piece: facts, contradictions, suggestions, pictures.

    Raises:
        UnknownThingError: If there is no such piece.
    """
    with reading(engine) as connection:
        stated = connection.execute(
            sa.select(pieces.c.title, pieces.c.first_seen_at).where(
                pieces.c.collection == collection, pieces.c.piece_id == piece_id
            )
        ).one_or_none()
        if stated is None:
            raise _unknown(collection, piece_id)
        rows = _listings(connection, collection, piece_id)
        disputed = {
            row.field: {"said": row.said, "counts": row.counts, "why": row.why}
            for row in connection.execute(
                sa.select(disagreements).where(
                    disagreements.c.collection == collection, disagreements.c.piece_id == piece_id
                )
            )
        }
        attributes = attribute_rows(connection, collection, piece_id=piece_id)
        pictures = _pictures(connection, collection, piece_id)
    facts = {name: fact for name in _FACTS if (fact := _fact(name, rows, disputed.get(name))) is not None}
    return {
        "piece_id": piece_id,
        "title": stated.title,
        "description": next((row["description"] for row in rows if row["description"]), None),
        "first_seen_at": stated.first_seen_at,
        "facts": facts,
        "attributes": [
            {
                "attribute": row.attribute,
                "values": row.values,
                "state": row.state,
                "confidence": row.confidence,
                "stated_by": row.stated,
            }
            for row in attributes
            if row.values
        ],
        "pictures": pictures,
        "listings": [
            {"listing_id": row["listing_id"], "source": row["feed"], "joined_by": row["rule"]} for row in rows
        ],
    }


def read_offers(engine: Engine, collection: str, piece_id: str) -> list[dict[str, Any]]:
    """Return the offers of a piece, those in stock first, the cheapest of a currency first."""
    with reading(engine) as connection:
        rows = _listings(connection, collection, piece_id)
    offers = [
        {("source" if name == "feed" else name): row[name] for name in _OFFERED} | {"joined_by": row["rule"]}
        for row in rows
    ]
    for offer in offers:
        if offer["withdrawn_at"] is not None:
            offer["availability"] = "discontinued"
    return sorted(
        offers,
        key=lambda one: (
            one["availability"] != "in_stock",
            one["currency"] or "~",
            one["price_minor"] is None,
            one["price_minor"] or 0,
            one["listing_id"],
        ),
    )


def read_price_history(engine: Engine, collection: str, piece_id: str) -> list[dict[str, Any]]:
    """Return, per listing of a piece, the spans of time in which its price and availability held."""
    chosen = (
        sa.select(
            price_history.c.listing_id,
            listings.c.feed,
            price_history.c.valid_from,
            price_history.c.valid_to,
            price_history.c.price_minor,
            price_history.c.list_price_minor,
            price_history.c.currency,
            price_history.c.availability,
        )
        .join(
            piece_listings,
            sa.and_(
                piece_listings.c.collection == price_history.c.collection,
                piece_listings.c.listing_id == price_history.c.listing_id,
            ),
        )
        .join(
            listings,
            sa.and_(
                listings.c.collection == price_history.c.collection,
                listings.c.listing_id == price_history.c.listing_id,
            ),
        )
        .where(price_history.c.collection == collection, piece_listings.c.piece_id == piece_id)
        .order_by(price_history.c.listing_id, price_history.c.valid_from)
    )
    found: dict[str, dict[str, Any]] = {}
    with reading(engine) as connection:
        for row in connection.execute(chosen).mappings():
            one = found.setdefault(
                row["listing_id"], {"listing_id": row["listing_id"], "source": row["feed"], "spans": []}
            )
            one["spans"].append({str(name): row[name] for name in row if name not in ("listing_id", "feed")})
    return list(found.values())


def _forwarded(connection: Connection, collection: str, piece_id: str) -> str | None:
    if "\0" in piece_id:  # PostgreSQL takes no such text, so no piece has it
        raise _unknown(collection, piece_id)
    passed = {piece_id}
    here = piece_id
    while True:
        row = connection.execute(
            sa.select(pieces.c.forwarded_to).where(
                pieces.c.collection == collection, pieces.c.piece_id == here
            )
        ).one_or_none()
        if row is None:
            raise _unknown(collection, piece_id)
        if row.forwarded_to is None or row.forwarded_to in passed:
            return None if here == piece_id else here
        here = row.forwarded_to
        passed.add(here)


def _unknown(collection: str, piece_id: str) -> UnknownThingError:
    return UnknownThingError(f"collection {collection} has no piece {piece_id!r}: search names them")


def _listings(connection: Connection, collection: str, piece_id: str) -> list[Mapping[str, Any]]:
    chosen = (
        sa.select(listings, piece_listings.c.rule)
        .join(
            piece_listings,
            listing_piece,
        )
        .where(listings.c.collection == collection, piece_listings.c.piece_id == piece_id)
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    )
    return [
        {str(name): value for name, value in row.items()} for row in connection.execute(chosen).mappings()
    ]


def _fact(
    name: str, rows: list[Mapping[str, Any]], disputed: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return a fact: the value that counts, and every value with the listings that state it."""
    values: list[dict[str, Any]] = []
    for row in rows:
        value = row[name]
        if value is None or value in ([], {}):
            continue
        known = next((one for one in values if one["value"] == value), None)
        if known is None:
            known = {"value": value, "sources": []}
            values.append(known)
        read = (row["read_from"] or {}).get(name) or {}
        known["sources"].append(
            {
                "listing_id": row["listing_id"],
                "source": row["feed"],
                "column": read.get("column"),
                "raw": read.get("raw"),
            }
        )
    if not values:
        return None
    counts = None if disputed is None else disputed["counts"]
    chosen = next(
        (one for one in values if any(source["listing_id"] == counts for source in one["sources"])), values[0]
    )
    fact = {"value": chosen["value"], "values": values}
    return fact if disputed is None else {**fact, "disputed": {"counts": counts, "why": disputed["why"]}}


def _pictures(connection: Connection, collection: str, piece_id: str) -> list[dict[str, Any]]:
    chosen = (
        sa.select(
            image_references.c.image_id,
            image_references.c.role,
            image_references.c.alt,
            image_references.c.listing_id,
            images.c.width,
            images.c.height,
            images.c.renditions,
        )
        .join(
            piece_listings,
            sa.and_(
                piece_listings.c.collection == image_references.c.collection,
                piece_listings.c.listing_id == image_references.c.listing_id,
            ),
        )
        .join(images, images.c.image_id == image_references.c.image_id)
        .join(verdicts, reference_verdict)
        .where(
            image_references.c.collection == collection,
            image_references.c.live,
            verdicts.c.verdict == "accepted",
            piece_listings.c.piece_id == piece_id,
        )
        .order_by(image_references.c.listing_id, image_references.c.position)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(chosen):
        one = found.get(row.image_id)
        if one is None:
            made = row.renditions or {}
            files = made.get("files", {})
            one = found[row.image_id] = {
                **picture_urls(row.image_id),
                "renditions": {
                    name: {
                        "url": rendition_url(row.image_id, name, file["digest"]),
                        "width": file["width"],
                        "height": file["height"],
                    }
                    for name, file in files.items()
                },
                "thumbhash": made.get("thumbhash"),
                "width": row.width,
                "height": row.height,
                "role": row.role,
                "alt": row.alt,
                "listings": [],
            }
        one["listings"].append(row.listing_id)
    order = {"primary": 0, "detail": 1, "worn": 2, "frame_360": 3, "community": 4, "certificate": 5}
    return sorted(found.values(), key=lambda one: order.get(one["role"] or "", 6))
