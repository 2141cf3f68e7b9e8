"""Attributes that pictures contradict, or of which they are not sure enough."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.attributes.definitions import attributes
from catalog.attributes.ledger import attribute_rows
from catalog.attributes.suggestions import NONE, AttributeRow
from catalog.cross_reference import followed
from catalog.decisions import Decision, DecisionError, Subject, in_force
from catalog.forwarding import final, forwarding
from catalog.review.items import ReviewItem
from catalog.tables import listings, piece_listings, pieces


def waiting(connection: Connection, collection: str) -> list[ReviewItem]:
    """Return those of the questions that the last run chose which no decision answers."""
    rows = attribute_rows(connection, collection, asked=True)
    return [one for one in _items(connection, collection, rows) if one.decided is None]


def item(connection: Connection, collection: str, subject: Subject) -> ReviewItem:
    """Return the question about any attribute of a piece, or of the piece that it was merged into.

    Raises:
        DecisionError: If there is no such piece or attribute.
    """
    piece_id, name = final(subject[0], forwarding(connection, collection)), subject[1]
    row = AttributeRow(piece_id=piece_id, attribute=name, state="review")
    known = attribute_rows(connection, collection, piece_id=piece_id, attribute=name)
    found = _items(connection, collection, known or [row]) if name in attributes() else []
    if not found:
        message = (
            f"no attribute {name} of piece {piece_id} in {collection}: attributes are "
            f"{', '.join(attributes())}, and `loupe run -c {collection}` knows the pieces"
        )
        raise DecisionError(message)
    return found[0]


def asleep(connection: Connection, collection: str) -> dict[int, str]:
    """Return the decisions that have no effect now, by number, and why: their pieces are gone or merged."""
    held = followed(
        in_force(connection, collection, "attribute").values(), forwarding(connection, collection)
    )
    newest = {one.subject: one.decision_id for one in held}
    there = _listings(connection, collection, {one.subject[0] for one in held})
    found = {}
    for one in held:
        if one.subject[0] not in there:
            found[one.decision_id] = f"no listing is of piece {one.subject[0]} now"
        elif newest[one.subject] != one.decision_id:
            found[one.decision_id] = f"#{newest[one.subject]} is about the piece that it was merged into"
    return found


def _items(connection: Connection, collection: str, rows: Collection[AttributeRow]) -> list[ReviewItem]:
    held: dict[Subject, Decision] = {
        one.subject: one
        for one in followed(
            in_force(connection, collection, "attribute").values(), forwarding(connection, collection)
        )
    }
    of_pieces = {row.piece_id for row in rows}
    titles = _titles(connection, collection, of_pieces)
    shown_by = _listings(connection, collection, of_pieces)
    return [
        _item(row, titles[row.piece_id], shown_by[row.piece_id], held.get((row.piece_id, row.attribute)))
        for row in rows
        if row.piece_id in titles
    ]


def _item(row: AttributeRow, title: str, members: list[Any], decided: Decision | None) -> ReviewItem:
    named = row.attribute.replace("_", " ")
    pictures = f"pictures suggest {row.suggested} ({row.confidence:.0%})" if row.suggested else ""
    feeds = f"feeds state {', '.join(row.stated)}" if row.stated else ""
    return ReviewItem(
        kind="attribute",
        subject=(row.piece_id, row.attribute),
        question=f"{named} of {title}: {' / '.join(one for one in (feeds, pictures) if one) or 'unknown'}",
        options=(*_terms(row.attribute), NONE),
        evidence={
            "state": row.state,
            "said": {listing_id: term for term, by in row.stated.items() for listing_id in by},
            "suggested": row.suggested,
            "confidence": row.confidence,
            "calibrated": row.calibrated,
            "likely": [list(one) for one in row.likely],
        },
        listings=tuple(one.listing_id for one in members),
        live_listings=sum(one.withdrawn_at is None for one in members),
        since=min((one.first_seen_at for one in members), default=None),
        decided=decided,
    )


def _terms(attribute: str) -> tuple[str, ...]:
    return next((tuple(one.phrases) for name, one in attributes().items() if name == attribute), ())


def _titles(connection: Connection, collection: str, piece_ids: Collection[str]) -> Mapping[str, str]:
    chosen = sa.select(pieces.c.piece_id, pieces.c.title).where(
        pieces.c.collection == collection, pieces.c.piece_id.in_(piece_ids), pieces.c.forwarded_to.is_(None)
    )
    return {row.piece_id: row.title for row in connection.execute(chosen)}


def _listings(connection: Connection, collection: str, piece_ids: Collection[str]) -> dict[str, list[Any]]:
    chosen = (
        sa.select(
            piece_listings.c.piece_id,
            listings.c.listing_id,
            listings.c.first_seen_at,
            listings.c.withdrawn_at,
        )
        .join(
            listings,
            sa.and_(
                listings.c.collection == piece_listings.c.collection,
                listings.c.listing_id == piece_listings.c.listing_id,
            ),
        )
        .where(piece_listings.c.collection == collection, piece_listings.c.piece_id.in_(piece_ids))
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.piece_id].append(row)
    return found
