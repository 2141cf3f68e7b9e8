"""Reading deliveries into the catalogue."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, known_validators, waiting
from catalog.intake import take_in
from catalog.listing import Damage, ImageMention, Listing, Reject, Remark
from catalog.tables import deliveries, image_references, listings, price_history, rejects
from storage.objects import LocalObjectStore

FEED = FeedDeclaration(name="maison", kind="retailer", format="shopify_csv", location="feed")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
TUESDAY = datetime(2026, 1, 6, tzinfo=UTC)
WEDNESDAY = datetime(2026, 1, 7, tzinfo=UTC)


def ring(number: int, **changes) -> Listing:
    values = {
        "place": f"row {number}",
        "source_id": f"ring-{number}",
        "title": f"Ring {number}",
        "availability": "in_stock",
        "price_minor": 10_000 + number,
        "currency": "EUR",
        "images": (ImageMention(location=f"{number}.jpg"),),
    }
    return Listing(**{**values, **changes})


@pytest.fixture
def deliver(engine, tmp_path):
    objects = LocalObjectStore(tmp_path / "objects")

    def deliver_one(statements, at, feed=FEED, name=None):
        name = name or f"{at:%Y-%m-%d}.csv"
        path = tmp_path / name
        path.write_text(repr(statements))
        arrival = Arrival(name=name, path=path, delivered_at=at, validators={"size": 1})
        keep(engine, objects, "shop", feed, [arrival], received_at=at, day=f"{at:%Y-%m-%d}")
        reports = [take_in(engine, one, feed, statements) for one in waiting(engine, "shop", feed.name)]
        return reports[0] if reports else None

    return deliver_one


def rows(engine, table):
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(sa.select(table))]


def test_a_delivery_becomes_listings_rejects_prices_and_references(engine, deliver):
    report = deliver(
        [
            ring(1),
            Remark(
                place="row 1",
                source_id="ring-1",
                field="stones",
                value="unobtainium",
                message="maps to nothing",
            ),
            Reject(place="row 2", reason="missing_id", message="no id"),
            ring(3, images=()),
        ],
        MONDAY,
    )

    assert (report.state, report.accepted, report.rejected, report.remarks) == ("read", 2, 1, 1)
    assert [row["listing_id"] for row in rows(engine, listings)] == ["maison:ring-1", "maison:ring-3"]
    assert [row["reason"] for row in rows(engine, rejects)] == ["missing_id"]
    assert [row["price_minor"] for row in rows(engine, price_history)] == [10_001, 10_003]
    assert [(row["location"], row["state"]) for row in rows(engine, image_references)] == [
        ("1.jpg", "pending")
    ]


def test_the_same_bytes_again_change_nothing(engine, deliver):
    deliver([ring(1)], MONDAY, name="catalogue.csv")
    before = rows(engine, listings)

    assert deliver([ring(1)], MONDAY, name="catalogue.csv") is None
    assert rows(engine, listings) == before
    assert known_validators(engine, "shop", "maison") == {"catalogue.csv": {"size": 1}}


def test_a_price_row_opens_only_when_something_changed(engine, deliver):
    deliver([ring(1), ring(2)], MONDAY)
    deliver([ring(1), ring(2, price_minor=9_000)], TUESDAY)

    history = [
        (row["listing_id"], row["price_minor"], row["valid_from"], row["valid_to"])
        for row in rows(engine, price_history)
    ]
    assert sorted(history, key=lambda row: row[:1] + row[2:3]) == [
        ("maison:ring-1", 10_001, MONDAY, None),
        ("maison:ring-2", 10_002, MONDAY, TUESDAY),
        ("maison:ring-2", 9_000, TUESDAY, None),
    ]


def test_a_correction_of_the_same_moment_replaces_the_price(engine, deliver):
    deliver([ring(1)], MONDAY, name="2026-01-05.csv")
    deliver([ring(1, price_minor=5)], MONDAY, name="2026-01-05-corrected.csv")

    assert [(row["price_minor"], row["valid_to"]) for row in rows(engine, price_history)] == [(5, None)]


def test_a_full_delivery_withdraws_what_it_leaves_out_and_a_later_one_brings_it_back(engine, deliver):
    deliver([ring(1), ring(2)], MONDAY)

    report = deliver([ring(1)], TUESDAY)
    gone = {row["listing_id"]: row["withdrawn_at"] for row in rows(engine, listings)}
    assert report.withdrawn == 1
    assert gone == {"maison:ring-1": None, "maison:ring-2": TUESDAY}
    assert [row["valid_to"] for row in rows(engine, price_history) if row["listing_id"].endswith("2")] == [
        TUESDAY
    ]

    deliver([ring(1), ring(2)], WEDNESDAY)
    spans = [row for row in rows(engine, price_history) if row["listing_id"].endswith("2")]
    assert {row["withdrawn_at"] for row in rows(engine, listings)} == {None}
    assert [(row["valid_from"], row["valid_to"]) for row in spans] == [(MONDAY, TUESDAY), (WEDNESDAY, None)]


def test_increments_withdraw_nothing(engine, deliver):
    feed = FEED.model_copy(update={"deliveries": "increments"})
    deliver([ring(1)], MONDAY, feed)
    deliver([ring(2)], TUESDAY, feed)

    assert {row["withdrawn_at"] for row in rows(engine, listings)} == {None}


def test_a_damaged_delivery_keeps_what_came_before_the_damage_and_withdraws_nothing(engine, deliver):
    deliver([ring(1), ring(2)], MONDAY)

    report = deliver([ring(1, title="New"), Damage(place="line 7", message="tag never closed")], TUESDAY)

    assert (report.state, report.error) == ("damaged", "line 7: tag never closed")
    assert sorted((row["title"], row["withdrawn_at"]) for row in rows(engine, listings)) == [
        ("New", None),
        ("Ring 2", None),
    ]


def test_a_full_delivery_that_lost_nearly_everything_is_held(engine, deliver):
    deliver([ring(number) for number in range(40)], MONDAY)
    before = rows(engine, listings)

    report = deliver([ring(1, price_minor=1)], TUESDAY)

    assert report.state == "held"
    assert rows(engine, listings) == before
    assert [row["state"] for row in rows(engine, deliveries)] == ["read", "held"]


def test_a_delivery_older_than_what_was_read_changes_nothing(engine, deliver):
    deliver([ring(1)], TUESDAY)

    report = deliver([ring(1, price_minor=1), ring(2)], MONDAY)

    assert report.state == "superseded"
    assert [row["price_minor"] for row in rows(engine, listings)] == [10_001]


def test_a_moved_picture_is_fetched_again_and_a_dropped_one_is_no_longer_live(engine, deliver):
    both = (ImageMention(location="a.jpg"), ImageMention(location="b.jpg"))
    deliver([ring(1, images=both)], MONDAY)
    with engine.begin() as connection:
        connection.execute(image_references.update().values(state="fetched", image_id="f" * 64))

    deliver([ring(1, images=(ImageMention(location="c.jpg"),))], TUESDAY)

    found = sorted(
        (row["position"], row["location"], row["state"], row["live"])
        for row in rows(engine, image_references)
    )
    assert found == [(0, "c.jpg", "pending", True), (1, "b.jpg", "fetched", False)]


def test_a_crash_while_reading_leaves_the_delivery_waiting_and_the_catalogue_untouched(engine, deliver):
    deliver([ring(1)], MONDAY)
    before = rows(engine, listings)

    def breaks_off():
        yield from (ring(number, price_minor=1) for number in range(2500))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(breaks_off(), TUESDAY)

    assert rows(engine, listings) == before
    assert [row["state"] for row in rows(engine, deliveries)] == ["read", "received"]
    assert [one.name for one in waiting(engine, "shop", "maison")] == ["2026-01-06.csv"]


def test_changed_content_counts_as_changed_and_the_same_content_does_not(engine, deliver):
    deliver([ring(1), ring(2)], MONDAY)

    report = deliver([ring(1), replace(ring(2), title="Other")], TUESDAY)

    assert (report.added, report.changed) == (0, 1)
