"""Daily trends: supply, price level and demand by category, metal, stone and style.

A day's row says what held at the end of that day (UTC).  Prices of different currencies are never mixed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.tables import events, listings, piece_listings, price_history, trends

NO_CURRENCY = "XXX"  # ISO 4217's code for "no currency involved"


def update_trends(engine: Engine, collection: str) -> int:
    """Bring the collection's daily rows up to its latest delivery; return how many rows were written.

    Days are computed from the first delivery to the last one.  A day whose rows would not change is left
    alone, so a correction of the past rewrites just the days it touched.
    """
    with engine.begin() as connection:
        facts = _facts(connection, collection)
        if not facts:
            return 0
        spans = [
            (row.listing_id, row.valid_from, row.valid_to, row.price_minor, row.currency, row.availability)
            for row in connection.execute(
                sa.select(price_history).where(price_history.c.collection == collection)
            )
        ]
        demand = _demand(connection, collection)
        stored: dict[str, dict[tuple[str, str, str], tuple[Any, ...]]] = {}
        for row in connection.execute(sa.select(trends).where(trends.c.collection == collection)):
            stored.setdefault(row.day, {})[(row.facet, row.value, row.currency)] = (
                row.supply,
                row.in_stock,
                row.price_median_minor,
                row.demand,
            )
        first = min(fact["first_seen_at"] for fact in facts.values()).date()
        last = max(fact["last_seen_at"] for fact in facts.values()).date()
        written = 0
        for day in _days(first, last):
            rows = _day(day, facts, spans, demand)
            if stored.get(day.isoformat(), {}) == rows:
                continue
            connection.execute(
                trends.delete().where(trends.c.collection == collection, trends.c.day == day.isoformat())
            )
            if rows:
                connection.execute(
                    trends.insert(),
                    [
                        {
                            "collection": collection,
                            "day": day.isoformat(),
                            "facet": facet,
                            "value": value,
                            "currency": currency,
                            "supply": supply,
                            "in_stock": in_stock,
                            "price_median_minor": price,
                            "demand": asked,
                        }
                        for (facet, value, currency), (supply, in_stock, price, asked) in rows.items()
                    ],
                )
            written += len(rows)
    return written


def _facts(connection: Connection, collection: str) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        sa.select(
            listings.c.listing_id,
            listings.c.category,
            listings.c.metal,
            listings.c.stones,
            listings.c.styles,
            listings.c.first_seen_at,
            listings.c.last_seen_at,
            listings.c.withdrawn_at,
            piece_listings.c.piece_id,
        )
        .outerjoin(
            piece_listings,
            sa.and_(
                piece_listings.c.collection == listings.c.collection,
                piece_listings.c.listing_id == listings.c.listing_id,
            ),
        )
        .where(listings.c.collection == collection)
    )
    return {row.listing_id: dict(row._mapping) for row in rows}


def _demand(connection: Connection, collection: str) -> dict[tuple[str, str], int] | None:
    """Events per (day, piece), or None while there are none at all."""
    counts: dict[tuple[str, str], int] = {}
    for row in connection.execute(
        sa.select(events.c.piece_id, events.c.occurred_at).where(events.c.collection == collection)
    ):
        key = (row.occurred_at.date().isoformat(), row.piece_id)
        counts[key] = counts.get(key, 0) + 1
    return counts or None


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _day(
    day: date,
    facts: dict[str, dict[str, Any]],
    spans: list[tuple[Any, ...]],
    demand: dict[tuple[str, str], int] | None,
) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    holding = {
        listing_id: (price, currency, availability)
        for listing_id, valid_from, valid_to, price, currency, availability in spans
        if valid_from < end and (valid_to is None or valid_to >= end)
    }
    gathered: dict[tuple[str, str, str], list[Any]] = {}
    for listing_id, fact in facts.items():
        gone = fact["withdrawn_at"] is not None and fact["withdrawn_at"] < end
        if fact["first_seen_at"] >= end or gone:
            continue
        price, currency, availability = holding.get(listing_id, (None, None, "unknown"))
        currency = currency if price is not None and currency else NO_CURRENCY
        asked = 0 if demand is None else demand.get((day.isoformat(), fact["piece_id"]), 0)
        for facet, value in _values(fact):
            entry = gathered.setdefault((facet, value, currency), [0, 0, [], 0])
            entry[0] += 1
            entry[1] += availability == "in_stock"
            entry[3] += asked
            if price is not None:
                entry[2].append(price)
    return {
        key: (supply, in_stock, median_low(prices) if prices else None, None if demand is None else asked)
        for key, (supply, in_stock, prices, asked) in gathered.items()
    }


def _values(fact: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for facet in ("category", "metal"):
        if fact[facet]:
            yield facet, fact[facet]
    for facet, column in (("stone", "stones"), ("style", "styles")):
        for value in dict.fromkeys(fact[column]):
            yield facet, value
