"""Contradictions between the sources of one piece."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.cross_reference import followed, settles
from catalog.decisions import NONE, Decision, DecisionError, Subject, in_force
from catalog.forwarding import final, forwarding
from catalog.money import Money
from catalog.review.items import ReviewItem, as_json, stated
from catalog.tables import disagreements, pieces


def waiting(connection: Connection, collection: str) -> list[ReviewItem]:
    """Return the contradictions that no decision answers."""
    found = _items(connection, collection, sa.true())
    return [item for item in found if item.decided is None]


def item(connection: Connection, collection: str, subject: Subject) -> ReviewItem:
    """Return the question about one piece's field, or about that of the piece it was merged into.

    Raises:
        DecisionError: If its sources do not contradict each other.
    """
    piece_id = final(subject[0], forwarding(connection, collection))
    which = sa.and_(disagreements.c.piece_id == piece_id, disagreements.c.field == subject[1])
    found = _items(connection, collection, which)
    if not found:
        message = (
            f"the sources of piece {piece_id} of {collection} do not contradict each other in {subject[1]}"
        )
        raise DecisionError(message)
    return found[0]


def asleep(connection: Connection, collection: str) -> dict[int, str]:
    """Return the decisions that answer no contradiction as it is now, by number, and why they do not."""
    held = followed(
        in_force(connection, collection, "contradiction").values(), forwarding(connection, collection)
    )
    newest = {one.subject: one.decision_id for one in held}
    chosen = sa.select(disagreements).where(disagreements.c.collection == collection)
    said = {(row.piece_id, row.field): row.said for row in connection.execute(chosen)}
    found = {}
    for one in held:
        if one.subject not in said:
            found[one.decision_id] = "its sources do not contradict each other now"
        elif newest[one.subject] != one.decision_id:
            found[one.decision_id] = f"#{newest[one.subject]} is about the piece that it was merged into"
        elif not settles(one, said[one.subject], _feeds(said[one.subject])):
            found[one.decision_id] = "its sources say something else now"
    return found


def _feeds(said: Mapping[str, Any]) -> dict[str, str]:
    return {listing_id: listing_id.partition(":")[0] for listing_id in said}


def _items(connection: Connection, collection: str, which: sa.ColumnElement[bool]) -> list[ReviewItem]:
    held: dict[Subject, Decision] = {
        one.subject: one
        for one in followed(
            in_force(connection, collection, "contradiction").values(), forwarding(connection, collection)
        )
    }
    rows = list(
        connection.execute(
            sa.select(disagreements, pieces.c.title)
            .join(
                pieces,
                sa.and_(
                    pieces.c.collection == disagreements.c.collection,
                    pieces.c.piece_id == disagreements.c.piece_id,
                ),
            )
            .where(disagreements.c.collection == collection, which)
            .order_by(disagreements.c.piece_id, disagreements.c.field)
        )
    )
    facts = stated(connection, collection, {one for row in rows for one in row.said})
    return [_item(row, facts, held.get((row.piece_id, row.field))) for row in rows]


def _item(row: Any, facts: Mapping[str, Mapping[str, Any]], decided: Decision | None) -> ReviewItem:
    speakers = [one for one in row.said if one in facts]
    feeds = _feeds(row.said)
    answers = decided is not None and settles(decided, row.said, feeds)
    words = " / ".join(f"{feeds[one]} {shown(row.said[one])}" for one in row.said)
    return ReviewItem(
        kind="contradiction",
        subject=(row.piece_id, row.field),
        question=f"{row.field} of {row.title}: {words}",
        options=(*row.said, *dict.fromkeys(feeds.values()), NONE),
        evidence={
            "said": row.said,
            "counts": row.counts,
            "why": row.why,
            "listings": {one: as_json(facts[one]) for one in speakers},
        },
        listings=tuple(row.said),
        live_listings=sum("withdrawn_at" not in facts[one] for one in speakers),
        since=max((facts[one]["first_seen_at"] for one in speakers), default=None),
        decided=decided if answers else None,
    )


def shown(value: Any) -> str:
    """Return a word of a source as people read it."""
    if isinstance(value, dict) and "price_minor" in value:
        return str(Money(minor=value["price_minor"], currency=value["currency"]))
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
