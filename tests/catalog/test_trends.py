"""Daily trends from listings and price history."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.money import NO_CURRENCY
from catalog.tables import deliveries, events, listings, piece_listings, pieces, price_history, trends
from catalog.trends import update_trends

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


def demand(engine, facet, value):
    with engine.connect() as connection:
        chosen = sa.select(trends.c.day, sa.func.sum(trends.c.demand)).where(
            trends.c.facet == facet, trends.c.value == value
        )
        return {row[0]: row[1] for row in connection.execute(chosen.group_by(trends.c.day))}


def test_an_event_counts_once_for_its_piece_however_many_listings_it_has(catalogue):
    with catalogue.begin() as connection:
        connection.execute(
            piece_listings.insert(),
            [
                {"collection": "shop", "listing_id": f"a:{number}", "piece_id": "p1", "rule": "gtin"}
                for number in (1, 2, 3)
            ],
        )
        connection.execute(
            events.insert().values(collection="shop", piece_id="p1", kind="view", occurred_at=day(2))
        )
    update_trends(catalogue, "shop")

    assert demand(catalogue, "category", "ring")["2026-01-07"] == 1
    assert demand(catalogue, "metal", "gold")["2026-01-07"] == 1
    assert demand(catalogue, "category", "ring")["2026-01-06"] == 0


def test_an_event_on_a_merged_piece_counts_for_the_piece_it_was_forwarded_to(catalogue):
    with catalogue.begin() as connection:
        connection.execute(
            pieces.insert(),
            [
                {
                    "collection": "shop",
                    "piece_id": name,
                    "forwarded_to": to,
                    "title": name,
                    "first_seen_at": FIRST,
                }
                for name, to in (("p1", None), ("p2", "p1"), ("p3", "p2"))
            ],
        )
        connection.execute(
            piece_listings.insert().values(collection="shop", listing_id="a:1", piece_id="p1", rule="gtin")
        )
        connection.execute(
            events.insert(),
            [
                {"collection": "shop", "piece_id": name, "kind": "view", "occurred_at": day(2)}
                for name in ("p1", "p2", "p3")
            ],
        )
    update_trends(catalogue, "shop")

    assert demand(catalogue, "stone", "emerald")["2026-01-07"] == 3


def test_a_listing_that_left_and_came_back_is_not_in_supply_while_it_was_away(catalogue):
    with catalogue.begin() as connection:
        connection.execute(
            price_history.update().where(price_history.c.valid_from == day(0)).values(valid_to=day(1))
        )
    update_trends(catalogue, "shop")

    supply = {name: held[0] for name, held in supply_and_price(catalogue, "stone", "emerald").items()}
    assert supply == {"2026-01-05": 1, "2026-01-07": 1, "2026-01-08": 1}
    assert supply_and_price(catalogue, "stone", "emerald", NO_CURRENCY) == {}


def test_a_listing_is_in_supply_before_its_first_price(catalogue):
    with catalogue.begin() as connection:
        connection.execute(price_history.delete().where(price_history.c.valid_from == day(0)))
    update_trends(catalogue, "shop")

    assert supply_and_price(catalogue, "stone", "emerald", NO_CURRENCY) == {
        "2026-01-05": (1, None),
        "2026-01-06": (1, None),
    }


def test_a_pass_that_changes_nothing_takes_no_write_lock(catalogue):
    update_trends(catalogue, "shop")
    begun = []

    def note(connection):
        begun.append(connection.get_execution_options().get("sqlite_begin", "IMMEDIATE"))

    sa.event.listen(catalogue, "begin", note)
    update_trends(catalogue, "shop")

    assert begun == ["DEFERRED"]
