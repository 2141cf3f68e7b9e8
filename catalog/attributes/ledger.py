"""The rows of ``piece_attributes``: written where they changed, and read by whoever filters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.attributes.suggestions import AttributeRow, State
from catalog.cross_reference import followed
from catalog.decisions import in_force
from catalog.forwarding import forwarding
from catalog.tables import piece_attributes
from storage.batches import batches
from storage.database import reading

_WRITE_BATCH = 500
_COLUMNS = ("state", "stated", "decided", "suggested", "confidence", "calibrated", "asked", "likely")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enriched:
    """What may be filtered by of one attribute of one piece, and whose word it is.

    Attributes:
        values: Its terms; several where feeds state several.
        source: ``decided`` by a person, ``stated`` by a feed, or ``suggested`` by its pictures.
        confidence: Of a suggestion, calibrated; None for what was stated or decided.
    """

    values: tuple[str, ...]
    source: str
    confidence: float | None


def enriched_attributes(engine: Engine, collection: str) -> dict[str, dict[str, Enriched]]:
    """Return piece id to attribute to what may be filtered by.

    Nothing below the floor or uncalibrated is among it; of a contradiction, what feeds state holds.
    """
    with reading(engine) as connection:
        return enriched_in(connection, collection)


def enriched_in(
    connection: Connection, collection: str, attribute: str | None = None
) -> dict[str, dict[str, Enriched]]:
    """Return the same inside a transaction; of one attribute only, where one is named."""
    found: dict[str, dict[str, Enriched]] = {}
    for row in attribute_rows(connection, collection, attribute=attribute, without=("review",)):
        if row.values:
            source = "stated" if row.state == "contradicts" else row.state
            found.setdefault(row.piece_id, {})[row.attribute] = Enriched(
                values=row.values,
                source=source,
                confidence=row.confidence if source == "suggested" else None,
            )
    return found


def attribute_rows(
    connection: Connection,
    collection: str,
    *,
    attribute: str | None = None,
    piece_id: str | None = None,
    asked: bool = False,
    without: Iterable[State] = (),
) -> list[AttributeRow]:
    """Return stored rows, sorted by piece and attribute.

    Args:
        connection: Of the catalogue.
        collection: Whose.
        attribute: Only of this one.
        piece_id: Only of this piece.
        asked: Only those that people are asked about.
        without: Not of these states.
    """
    chosen = sa.select(piece_attributes).where(piece_attributes.c.collection == collection)
    if attribute is not None:
        chosen = chosen.where(piece_attributes.c.attribute == attribute)
    if piece_id is not None:
        chosen = chosen.where(piece_attributes.c.piece_id == piece_id)
    if asked:
        chosen = chosen.where(piece_attributes.c.asked)
    if without := tuple(without):
        chosen = chosen.where(piece_attributes.c.state.not_in(without))
    return [
        AttributeRow(
            piece_id=row.piece_id,
            attribute=row.attribute,
            **{name: row._mapping[name] for name in _COLUMNS},
        )
        for row in connection.execute(
            chosen.order_by(piece_attributes.c.piece_id, piece_attributes.c.attribute)
        )
    ]


def decided_attributes(connection: Connection, collection: str) -> dict[tuple[str, str], str]:
    """Return what people decided, by (piece id, attribute) of the pieces as they are now."""
    held = in_force(connection, collection, "attribute").values()
    found: dict[tuple[str, str], str] = {}
    for one in followed(held, forwarding(connection, collection)):  # oldest first: the newest stays
        found[(one.subject[0], one.subject[1])] = one.decision
    return found


def write_attributes(engine: Engine, collection: str, rows: Iterable[AttributeRow]) -> int:
    """Bring a collection's rows to these; return how many changed."""
    new = {(row.piece_id, row.attribute): _stored(row) for row in rows}
    with engine.begin() as connection:
        chosen = sa.select(piece_attributes).where(piece_attributes.c.collection == collection)
        present: dict[tuple[str, str], dict[str, Any]] = {
            (row.piece_id, row.attribute): {name: row._mapping[name] for name in _COLUMNS}
            for row in connection.execute(chosen)
        }
        changed = [key for key in sorted(present.keys() | new.keys()) if present.get(key) != new.get(key)]
        gone = [key for key in changed if key in present]
        for some in batches(gone, _WRITE_BATCH):
            key = sa.tuple_(piece_attributes.c.piece_id, piece_attributes.c.attribute)
            connection.execute(
                piece_attributes.delete().where(piece_attributes.c.collection == collection, key.in_(some))
            )
        written = [
            {"collection": collection, "piece_id": key[0], "attribute": key[1], **new[key]}
            for key in changed
            if key in new
        ]
        for these in batches(written, _WRITE_BATCH):
            connection.execute(piece_attributes.insert(), these)
    return len(changed)


def _stored(row: AttributeRow) -> Mapping[str, Any]:
    values = {name: getattr(row, name) for name in _COLUMNS}
    # As JSON gives them back, so that what is stored compares equal.
    values["stated"] = {term: list(by) for term, by in row.stated.items()}
    values["likely"] = [list(one) for one in row.likely]
    return values
