"""Daily trends: supply, price level and demand by category, metal, stone and style.

A day's row says what held at the end of that day (UTC).  Prices of different currencies are never mixed; a
collection that declares a reporting currency has them converted by the rate of the day, where there is one.
A piece's demand is counted once per value, in the currency of its earliest listing in supply, so rows of one
value add up over currencies.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.demand import FOUND
from catalog.events.counting import daily_counts
from catalog.forwarding import final, forwarding
from catalog.money import NO_CURRENCY, Money
from catalog.rates.table import Converted, RateTable, rate_table
from catalog.tables import listing_piece, listings, piece_listings, price_history, trends
from storage.database import reading

# (facet, value, currency) -> (supply, in stock, median price, demand)
_Rows = dict[tuple[str, str, str], tuple[int, int, int | None, int | None]]


def update_trends(engine: Engine, collection: str, *, reporting_currency: str | None = None) -> int:
    """Bring the collection's daily rows up to its latest delivery; return how many rows were written.

    Days are computed from the first delivery to the last one.  A day whose rows would not change is left
    alone, so a correction of the past, or of a rate, rewrites just the days it touched.

    Args:
        reporting_currency: Converts every price that a rate of its day reaches; the others stay in their own
            currency and are counted under it.
    """
    rates = rate_table(engine, collection) if reporting_currency else None
    with reading(engine) as connection:
        facts = _facts(connection, collection)
        spans = _spans(connection, collection)
        demand = _demand(connection, collection)
        stored = _stored(connection, collection)
    if not facts:
        return 0
    first = min(fact["first_seen_at"] for fact in facts.values()).date()
    last = max(fact["last_seen_at"] for fact in facts.values()).date()
    first_priced: dict[str, datetime] = {}
    for listing_id, valid_from, *_ in spans:
        first_priced[listing_id] = min(valid_from, first_priced.get(listing_id, valid_from))
    changed: dict[str, _Rows] = {}
    for day in _days(first, last):
        priced = _reported(spans, day, rates, reporting_currency) if rates and reporting_currency else spans
        rows = _day(day, facts, priced, first_priced, demand)
        if stored.get(day.isoformat(), {}) != rows:
            changed[day.isoformat()] = rows
    if changed:
        with engine.begin() as connection:
            for name, rows in changed.items():
                _replace(connection, collection, name, rows)
    return sum(map(len, changed.values()))


def _replace(connection: Connection, collection: str, day: str, rows: _Rows) -> None:
    connection.execute(trends.delete().where(trends.c.collection == collection, trends.c.day == day))
    if rows:
        connection.execute(
            trends.insert(),
            [
                {
                    "collection": collection,
                    "day": day,
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


def _stored(connection: Connection, collection: str) -> dict[str, _Rows]:
    stored: dict[str, _Rows] = {}
    for row in connection.execute(sa.select(trends).where(trends.c.collection == collection)):
        stored.setdefault(row.day, {})[(row.facet, row.value, row.currency)] = (
            row.supply,
            row.in_stock,
            row.price_median_minor,
            row.demand,
        )
    return stored


def _spans(connection: Connection, collection: str) -> list[tuple[Any, ...]]:
    chosen = sa.select(
        price_history.c.listing_id,
        price_history.c.valid_from,
        price_history.c.valid_to,
        price_history.c.price_minor,
        price_history.c.currency,
        price_history.c.availability,
    ).where(price_history.c.collection == collection)
    return [tuple(row) for row in connection.execute(chosen)]


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
            listing_piece,
        )
        .where(listings.c.collection == collection)
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    )
    return {row.listing_id: dict(row._mapping) for row in rows}


def _demand(connection: Connection, collection: str) -> dict[tuple[str, str], int] | None:
    """Events per (day, piece), or None while there are none at all; a merged piece's count where it went.

    A search that found a piece is no demand for it.
    """
    forwarded = forwarding(connection, collection)
    counts: dict[tuple[str, str], int] = {}
    for piece_id, kind, day, count in daily_counts(connection, collection):
        if kind != FOUND:
            key = (day, final(piece_id, forwarded))
            counts[key] = counts.get(key, 0) + count
    return counts or None


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _day(
    day: date,
    facts: dict[str, dict[str, Any]],
    spans: list[tuple[Any, ...]],
    first_priced: Mapping[str, datetime],
    demand: dict[tuple[str, str], int] | None,
) -> _Rows:
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    holding = {
        listing_id: (price, currency, availability)
        for listing_id, valid_from, valid_to, price, currency, availability in spans
        if valid_from < end and (valid_to is None or valid_to >= end)
    }
    gathered: dict[tuple[str, str, str], list[Any]] = {}
    asked_for: set[tuple[str, str, str]] = set()
    for listing_id, fact in facts.items():
        gone = fact["withdrawn_at"] is not None and fact["withdrawn_at"] < end
        if fact["first_seen_at"] >= end or gone:
            continue
        # withdrawn_at forgets a listing's absence when it comes back; its spans remember it.
        if listing_id not in holding and first_priced.get(listing_id, end) < end:
            continue
        price, currency, availability = holding.get(listing_id, (None, None, "unknown"))
        currency = currency if price is not None and currency else NO_CURRENCY
        piece_id = fact["piece_id"]
        asked = demand.get((day.isoformat(), piece_id), 0) if demand and piece_id else 0
        for facet, value in _values(fact):
            entry = gathered.setdefault((facet, value, currency), [0, 0, [], 0])
            entry[0] += 1
            entry[1] += availability == "in_stock"
            if piece_id and (facet, value, piece_id) not in asked_for:
                asked_for.add((facet, value, piece_id))
                entry[3] += asked
            if price is not None:
                entry[2].append(price)
    return {
        key: (supply, in_stock, median_low(prices) if prices else None, None if demand is None else asked)
        for key, (supply, in_stock, prices, asked) in gathered.items()
    }


def _reported(
    spans: list[tuple[Any, ...]], day: date, rates: RateTable, currency: str
) -> list[tuple[Any, ...]]:
    """Return the spans with the prices that can be converted by the day's rate in ``currency``."""
    reported = []
    for span in spans:
        listing_id, valid_from, valid_to, price, stated, availability = span
        if price is not None and stated and stated != currency:
            found = rates.converted(Money(minor=price, currency=stated), currency, on=day)
            if isinstance(found, Converted):
                span = (listing_id, valid_from, valid_to, found.money.minor, currency, availability)
        reported.append(span)
    return reported


def _values(fact: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for facet in ("category", "metal"):
        if fact[facet]:
            yield facet, fact[facet]
    for facet, column in (("stone", "stones"), ("style", "styles")):
        for value in dict.fromkeys(fact[column]):
            yield facet, value
