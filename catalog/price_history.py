"""Price history: one row per listing and span of time in which price.

List price, currency and availability held.

Rows change only when something changed.  A row is closed (``valid_to``) when the next one opens or the
listing is withdrawn; a correction at the very instant a row opened replaces that row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.tables import price_history

PRICED = ("price_minor", "list_price_minor", "currency", "availability")


def note_prices(
    connection: Connection,
    collection: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
    delivery_id: int,
) -> int:
    """Note what listings cost from ``at`` on; return the number of spans opened or corrected.

    A statement from before the current span opened is late: it changes nothing.

    Args:
        rows: Mappings with ``listing_id`` and the PRICED fields.
        at: When the delivery says so.
    """
    stated = {row["listing_id"]: {name: row[name] for name in PRICED} for row in rows if _says_something(row)}
    current = {
        row.listing_id: row
        for row in connection.execute(
            sa.select(price_history).where(
                price_history.c.collection == collection,
                price_history.c.listing_id.in_(list(stated)),
                price_history.c.valid_to.is_(None),
            )
        )
    }
    opened: list[dict[str, Any]] = []
    closed: list[dict[str, Any]] = []
    corrected = 0
    for listing_id, values in stated.items():
        span = current.get(listing_id)
        if span is not None and all(getattr(span, name) == values[name] for name in PRICED):
            continue
        if span is not None and span.valid_from > at:
            continue
        if span is not None and span.valid_from == at:
            corrected += 1
            connection.execute(
                price_history.update()
                .where(
                    price_history.c.collection == collection,
                    price_history.c.listing_id == listing_id,
                    price_history.c.valid_from == span.valid_from,
                )
                .values(**values, delivery_id=delivery_id)
            )
            continue
        if span is not None:
            closed.append({"closing": listing_id})
        opened.append(
            {
                "collection": collection,
                "listing_id": listing_id,
                "valid_from": at,
                "delivery_id": delivery_id,
                **values,
            }
        )
    close_spans(connection, collection, [row["closing"] for row in closed], at=at)
    if opened:
        # A listing that left and came back within one instant finds its own closed span: it is reopened as
        # stated.
        connection.execute(
            price_history.delete().where(
                price_history.c.collection == collection,
                price_history.c.listing_id == sa.bindparam("same_listing"),
                price_history.c.valid_from == at,
            ),
            [{"same_listing": row["listing_id"]} for row in opened],
        )
        connection.execute(price_history.insert(), opened)
    return len(opened) + corrected


def close_spans(connection: Connection, collection: str, listing_ids: Sequence[str], *, at: datetime) -> None:
    """End the current span of listings that are no longer offered, or not at that price."""
    if listing_ids:
        connection.execute(
            price_history.update()
            .where(
                price_history.c.collection == collection,
                price_history.c.listing_id == sa.bindparam("closing"),
                price_history.c.valid_to.is_(None),
            )
            .values(valid_to=at),
            [{"closing": listing_id} for listing_id in listing_ids],
        )


def _says_something(row: Mapping[str, Any]) -> bool:
    return row["price_minor"] is not None or row["availability"] != "unknown"
