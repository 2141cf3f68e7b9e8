"""Where a piece went that was merged into another."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.tables import pieces


def forwarding(connection: Connection, collection: str) -> dict[str, str]:
    """Return the next piece of every one that was merged."""
    merged = sa.select(pieces.c.piece_id, pieces.c.forwarded_to).where(
        pieces.c.collection == collection, pieces.c.forwarded_to.is_not(None)
    )
    return {row.piece_id: row.forwarded_to for row in connection.execute(merged)}


def final(piece_id: str, forwarded: Mapping[str, str]) -> str:
    """Return the piece at the end of the way from ``piece_id``: itself where it was not merged."""
    passed = {piece_id}
    while (target := forwarded.get(piece_id)) is not None and target not in passed:
        passed.add(target)
        piece_id = target
    return piece_id
