"""Reading deliveries into the catalogue."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog import intake
from catalog.declarations import FeedDeclaration
from catalog.deliveries import (
    Arrival,
    keep,
    known_validators,
    note_check,
    reading_position,
    waiting,
)
from catalog.errors import FeedRefusedError
from catalog.held import release
from catalog.intake import take_in
from catalog.listing import Damage, ImageMention, Listing, Reject, Remark
from catalog.price_history import note_prices
from catalog.tables import deliveries, feeds, image_references, listings, price_history, rejects
from storage.objects import LocalObjectStore, digest_key, sha256_hex

FEED = FeedDeclaration(name="maison", kind="retailer", format="shopify_csv", location="feed")
INCREMENTS = FEED.model_copy(update={"deliveries": "increments"})
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


@pytest.fixture
def keep_files(engine, tmp_path):
    objects = LocalObjectStore(tmp_path / "objects")

    def keep_some(dated, *, at, feed=FEED):
        arrivals = []
        for name, stated in dated.items():
            (tmp_path / name).write_text(f"{name} {at}")
            arrivals.append(Arrival(name=name, path=tmp_path / name, delivered_at=stated, validators={}))
        return keep(engine, objects, "shop", feed, arrivals, received_at=at, day=f"{at:%Y-%m-%d}")

    return keep_some


def shop(count=40, price=1.0, first=0, **changes):
    return [
        ring(
            number,
            **{"price_minor": int((10_000 + number) * price), "category": "ring", "brand": "B"} | changes,
        )
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (shop(price=100.0), "known listings cost 100 times"),
        (shop(price=0.1), "known listings cost 0.1 times"),
        (shop(count=12), "12 rows where 40 are usual"),
        (shop(category=None), "100% without category where 0% are usual"),
        (
            shop() + [Reject(place=f"row {n}", reason="bad_price", message="no") for n in range(40)],
            "50% rejected where 0% are usual",
        ),
        (shop(count=10) + shop(first=100), "80% with ids never seen before where"),
    ],
)
def test_a_delivery_unlike_its_feed_is_held_and_can_be_released(engine, deliver, statements, said):
    deliver(shop(), MONDAY)
    deliver(shop(), TUESDAY)
    before = rows(engine, listings)

    held = deliver(statements, WEDNESDAY)
    after = rows(engine, listings)
    release(engine, "shop", FEED)
    released = [take_in(engine, one, FEED, statements) for one in waiting(engine, "shop", FEED.name)]

    assert held.state == "held"
    assert said in held.error
    assert "loupe feeds release shop.maison" in held.error
    assert after == before
    assert [report.state for report in released] == ["read"]


def test_what_was_released_is_the_new_habit(engine, deliver):
    for day in range(5, 13):
        deliver(shop(), datetime(2026, 1, day, tzinfo=UTC))
    bare = shop(brand=None)
    held = deliver(bare, datetime(2026, 1, 13, tzinfo=UTC))
    release(engine, "shop", FEED)
    for one in waiting(engine, "shop", FEED.name):
        take_in(engine, one, FEED, bare)

    after = [deliver(bare, datetime(2026, 1, day, tzinfo=UTC)).state for day in (14, 15, 16)]
    odd = deliver(shop(brand=None, category=None), datetime(2026, 1, 17, tzinfo=UTC))

    assert (held.state, after, odd.state) == ("held", ["read"] * 3, "held")


def test_prices_in_another_currency_are_held(deliver):
    deliver(shop(), MONDAY)

    held = deliver(shop(currency="INR"), TUESDAY)

    assert held.state == "held"
    assert "100% of the known listings are in another currency" in held.error


def test_a_feeds_own_habits_trip_nothing(deliver):
    deliver(shop(category=None), MONDAY)
    habit = deliver(shop(category=None), TUESDAY)
    sale = deliver(shop(price=0.6, category=None), WEDNESDAY)

    assert (habit.state, sale.state) == ("read", "read")


def test_a_damaged_delivery_is_read_to_the_break_or_not_at_all_by_setting(engine, deliver):
    whole_only = FEED.model_copy(update={"damage": "hold"})
    broken = [*shop(count=30), Damage(place="line 31", message="breaks")]

    held = deliver(broken, MONDAY, feed=whole_only)
    none = rows(engine, listings)
    kept = deliver(broken, TUESDAY, name="again.csv")

    assert (held.state, none) == ("held", [])
    assert "it is damaged (line 31: breaks)" in held.error
    assert (kept.state, len(rows(engine, listings))) == ("damaged", 30)


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


@pytest.mark.parametrize("parsed_ahead", [1000, 50_000])
def test_a_crash_while_reading_leaves_the_delivery_waiting_and_the_catalogue_untouched(
    engine, deliver, monkeypatch, parsed_ahead
):
    monkeypatch.setattr(intake, "PARSED_AHEAD", parsed_ahead)
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


def test_a_listing_names_the_row_it_was_last_read_from_and_moving_is_no_change(engine, deliver):
    deliver(shop(), MONDAY)
    report = deliver(
        [ring(99), *(replace(one, place=f"row {place}") for place, one in enumerate(shop(), 2))], TUESDAY
    )
    with engine.connect() as connection:
        rows = connection.execute(sa.select(listings.c.listing_id, listings.c.place))
        places = {row.listing_id: row.place for row in rows}

    assert (report.added, report.changed) == (1, 0)
    assert (places["maison:ring-0"], places["maison:ring-39"]) == ("row 2", "row 41")
    assert places["maison:ring-99"] == "row 99"


def test_a_delivery_that_another_run_took_changes_nothing(engine, keep_files):
    [waits] = keep_files({"catalogue.csv": None}, at=MONDAY)
    take_in(engine, waits, FEED, [ring(1)])
    before = [rows(engine, table) for table in (listings, price_history, deliveries)]

    report = take_in(engine, waits, FEED, [ring(1, price_minor=1), ring(2)])

    assert (report.state, report.items, report.changed) == ("taken", 0, 0)
    assert [rows(engine, table) for table in (listings, price_history, deliveries)] == before


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        (WEDNESDAY, TUESDAY),
        (datetime(1970, 1, 1, tzinfo=UTC), TUESDAY),
        (None, TUESDAY),
        (MONDAY, MONDAY),
    ],
)
def test_a_delivery_is_never_dated_later_than_received_nor_before_there_were_feeds(
    engine, keep_files, stated, kept
):
    noted = keep_files({"catalogue.csv": stated}, at=TUESDAY)

    assert [one.delivered_at for one in noted] == [kept]
    assert [one.delivered_at for one in waiting(engine, "shop", "maison")] == [kept]


def test_late_data_overwrites_no_listing_that_was_stated_later(engine, deliver, caplog):
    deliver([ring(1), ring(2)], TUESDAY, INCREMENTS)
    before = [rows(engine, table) for table in (listings, image_references, price_history)]
    late = ring(1, price_minor=1, images=(ImageMention(location="late.jpg"),))

    with caplog.at_level(logging.WARNING, logger="catalog"):
        report = deliver([late, ring(3)], MONDAY, INCREMENTS)

    assert (report.state, report.accepted, report.stale, report.added) == ("read", 2, 1, 1)
    after = [
        [row for row in rows(engine, table) if not row["listing_id"].endswith("3")]
        for table in (listings, image_references, price_history)
    ]
    assert after == before
    assert "1 listings were stated by a later delivery" in caplog.text


def test_a_late_price_opens_no_span_before_the_current_one_and_does_not_rewrite_it(engine, deliver):
    deliver([ring(1)], TUESDAY)
    said = {"listing_id": "maison:ring-1", "list_price_minor": None, "currency": "EUR"}
    late = [{**said, "price_minor": 1, "availability": "in_stock"}]

    with engine.begin() as connection:
        assert note_prices(connection, "shop", late, at=MONDAY, delivery_id=1) == 0

    assert [(row["price_minor"], row["valid_from"]) for row in rows(engine, price_history)] == [
        (10_001, TUESDAY)
    ]


def test_a_full_delivery_of_other_listings_is_held_before_anything_is_withdrawn(engine, deliver):
    deliver([ring(number) for number in range(40)], MONDAY)
    before = rows(engine, listings)

    report = deliver([ring(number) for number in range(100, 140)], TUESDAY)

    assert (report.state, report.withdrawn, report.added) == ("held", 0, 0)
    assert rows(engine, listings) == before
    assert "loupe feeds release shop.maison" in report.error


def test_an_empty_full_delivery_is_held_however_small_the_feed(engine, deliver):
    deliver([ring(1)], MONDAY)

    assert deliver([], TUESDAY).state == "held"
    assert {row["withdrawn_at"] for row in rows(engine, listings)} == {None}


def test_a_full_delivery_that_keeps_a_tenth_is_read(engine, deliver):
    deliver([ring(number) for number in range(40)], MONDAY)

    report = deliver([ring(number) for number in range(4)], TUESDAY)

    assert (report.state, report.withdrawn) == ("read", 36)


def test_a_released_delivery_is_read_without_the_rule_that_held_it(engine, deliver):
    deliver([ring(number) for number in range(40)], MONDAY)
    deliver([ring(1)], TUESDAY)
    before = reading_position(engine, "shop", "maison")

    assert release(engine, "shop", FEED) == ["2026-01-06.csv"]
    [waits] = waiting(engine, "shop", "maison")
    report = take_in(engine, waits, FEED, [ring(1)])

    assert (waits.state, report.state, report.withdrawn) == ("released", "read", 39)
    assert reading_position(engine, "shop", "maison") != before
    assert release(engine, "shop", FEED) == []


def test_an_ordinary_delivery_is_parsed_before_the_transaction_begins(engine, deliver):
    order = []

    def parsed():
        yield ring(1)
        order.append("parsed")

    sa.event.listen(engine, "begin", lambda _: order.append("begun"))
    deliver(parsed(), MONDAY)

    assert order[-2:] == ["parsed", "begun"]


def test_several_undated_files_of_a_full_feed_are_refused_and_none_is_kept(engine, keep_files):
    with pytest.raises(FeedRefusedError, match="deliveries: increments") as refused:
        keep_files({"2026-01-05.csv": MONDAY, "a.csv": None, "b.csv": None}, at=TUESDAY)

    assert refused.value.reason == "ambiguous_deliveries"
    assert "shop.maison" in str(refused.value)
    assert rows(engine, deliveries) == rows(engine, feeds) == []


def test_several_undated_files_are_kept_where_nothing_replaces_anything(keep_files):
    assert len(keep_files({"a.csv": None, "b.csv": None}, at=TUESDAY, feed=INCREMENTS)) == 2
    assert len(keep_files({"2026-01-05.csv": MONDAY, "c.csv": None}, at=TUESDAY)) == 2


def test_what_came_before_a_failing_arrival_stays(engine, tmp_path):
    (tmp_path / "a.csv").write_text("a")

    def arrivals():
        yield Arrival(name="a.csv", path=tmp_path / "a.csv", delivered_at=None, validators={"size": 1})
        raise FeedRefusedError("b.csv cannot be read")

    objects = LocalObjectStore(tmp_path / "objects")
    with pytest.raises(FeedRefusedError, match=r"b\.csv"):
        keep(engine, objects, "shop", FEED, arrivals(), received_at=MONDAY, day="2026-01-05")

    assert [row["name"] for row in rows(engine, deliveries)] == ["a.csv"]


class Growing(type(Path())):
    """A file that somebody writes to while it is read."""

    def open(self, *arguments, **named):
        """Open it, and let it grow."""
        file = super().open(*arguments, **named)
        with Path(self).open("ab") as writer:
            writer.write(b"more")
        return file


def test_a_file_that_changes_while_it_is_copied_waits_for_the_next_look(engine, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"begun")
    objects = LocalObjectStore(tmp_path / "objects")

    def look(at_path):
        arrival = Arrival(name="a.csv", path=at_path, delivered_at=None, validators={"size": 1})
        return keep(engine, objects, "shop", FEED, [arrival], received_at=MONDAY, day="2026-01-05")

    assert look(Growing(path)) == []
    assert known_validators(engine, "shop", "maison") == {}
    assert list(objects.keys("deliveries/")) == []
    [kept] = look(path)
    assert kept.digest == sha256_hex(objects.get(digest_key("deliveries", kept.digest)))


class ChangedBehindTheHash(LocalObjectStore):
    """A store whose look-up is the moment at which somebody writes to the original."""

    def exists(self, key):
        """Write to the original, then look."""
        (self.root.parent / "a.csv").write_bytes(b"replaced")
        return super().exists(key)


def test_the_bytes_that_are_hashed_are_the_bytes_that_are_stored(engine, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"original")
    objects = ChangedBehindTheHash(tmp_path / "objects")
    arrival = Arrival(name="a.csv", path=path, delivered_at=None, validators={})

    [kept] = keep(engine, objects, "shop", FEED, [arrival], received_at=MONDAY, day="2026-01-05")

    assert objects.get(digest_key("deliveries", kept.digest)) == b"original"


def test_two_processes_that_note_a_feeds_first_check_do_not_collide(engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    other = []

    def insert_first(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO feeds") and not other:
            other.append(statement)
            with engine.begin() as connection:
                note_check(connection, "shop", FEED, MONDAY, {"a.csv": {"size": 1}})

    sa.event.listen(engine, "before_cursor_execute", insert_first)
    with engine.begin() as connection:
        note_check(connection, "shop", FEED, TUESDAY, {"b.csv": {"size": 2}})

    assert known_validators(engine, "shop", "maison") == {"a.csv": {"size": 1}, "b.csv": {"size": 2}}
