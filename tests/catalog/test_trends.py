"""Daily trends from listings and price history."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.tables import deliveries, events, listings, price_history, trends
from catalog.trends import NO_CURRENCY, update_trends

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


@pytest.fixture
def catalogue(engine):
    with engine.begin() as connection:
        connection.execute(
            deliveries.insert().values(
                delivery_id=1, collection="shop", feed="a", name="n", digest="0" * 64, bytes=1,
                delivered_at=FIRST, day="2026-01-05", state="read",
            )
        )  # fmt: skip
        common = {
            "collection": "shop", "feed": "a", "delivery_id": 1, "content_digest": "0" * 64, "titles": {},
            "styles": [], "dimensions_mm": {}, "read_from": {}, "availability": "in_stock", "metal": "gold",
            "last_seen_at": day(3),
        }  # fmt: skip
        stones = {"a:1": ["emerald"], "a:2": [], "a:3": []}
        connection.execute(
            listings.insert(),
            [
                {**common, "listing_id": "a:1", "source_id": "1", "title": "1", "category": "ring",
                 "stones": stones["a:1"], "first_seen_at": day(0), "withdrawn_at": None},
                {**common, "listing_id": "a:2", "source_id": "2", "title": "2", "category": "ring",
                 "stones": [], "first_seen_at": day(1), "withdrawn_at": day(3)},
                {**common, "listing_id": "a:3", "source_id": "3", "title": "3", "category": None,
                 "stones": [], "first_seen_at": day(0), "withdrawn_at": None},
            ],
        )  # fmt: skip
        span = {"collection": "shop", "currency": "EUR", "availability": "in_stock", "delivery_id": 1}
        connection.execute(
            price_history.insert(),
            [
                {**span, "listing_id": "a:1", "valid_from": day(0), "valid_to": day(2), "price_minor": 100},
                {**span, "listing_id": "a:1", "valid_from": day(2), "valid_to": None, "price_minor": 80},
                {**span, "listing_id": "a:2", "valid_from": day(1), "valid_to": day(3), "price_minor": 300},
            ],
        )
    return engine


def supply_and_price(engine, facet, value, currency="EUR"):
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(trends.c.day, trends.c.supply, trends.c.price_median_minor)
            .where(trends.c.facet == facet, trends.c.value == value, trends.c.currency == currency)
            .order_by(trends.c.day)
        )
        return {row.day: (row.supply, row.price_median_minor) for row in rows}


def test_each_day_says_what_held_at_its_end(catalogue):
    update_trends(catalogue, "shop")

    assert supply_and_price(catalogue, "category", "ring") == {
        "2026-01-05": (1, 100),
        "2026-01-06": (2, 100),
        "2026-01-07": (2, 80),
        "2026-01-08": (1, 80),
    }
    assert supply_and_price(catalogue, "stone", "emerald")["2026-01-08"] == (1, 80)
    assert supply_and_price(catalogue, "metal", "gold", NO_CURRENCY)["2026-01-05"] == (1, None)


def test_a_second_pass_writes_nothing_and_a_correction_rewrites_its_days_only(catalogue):
    update_trends(catalogue, "shop")
    assert update_trends(catalogue, "shop") == 0

    with catalogue.begin() as connection:
        connection.execute(
            price_history.update().where(price_history.c.valid_from == day(2)).values(price_minor=70)
        )
    update_trends(catalogue, "shop")

    assert [price for _, price in supply_and_price(catalogue, "category", "ring").values()] == [
        100,
        100,
        70,
        70,
    ]


def test_demand_is_unknown_until_there_are_events(catalogue):
    update_trends(catalogue, "shop")
    with catalogue.connect() as connection:
        assert set(connection.execute(sa.select(trends.c.demand)).scalars()) == {None}

    with catalogue.begin() as connection:
        connection.execute(
            events.insert().values(collection="shop", piece_id="p1", kind="view", occurred_at=day(1))
        )
    update_trends(catalogue, "shop")

    with catalogue.connect() as connection:
        assert set(connection.execute(sa.select(trends.c.demand)).scalars()) == {0}
