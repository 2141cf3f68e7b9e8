"""Measures of searches, by hand and by the day."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.events.daily_quality import read_search_quality, update_search_quality
from catalog.events.quality import (
    Reaction,
    Shown,
    diversity_of,
    drop_in_clicks,
    measure_searches,
    together,
)
from catalog.events.writing import Event, ShownPage, write_events, write_pages
from catalog.tables import pieces, search_quality, searches

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOOKS = {
    "a": ("Aurel", "ring"),
    "b": ("Aurel", "ring"),
    "c": ("Aurel", "necklace"),
    "d": ("Bijou", "ring"),
}


def shown(search, *found, first=0, kind="text", snapshot="00000001-a", latency=5.0):
    return Shown(
        search_id=search,
        first_position=first,
        kind=kind,
        snapshot_id=snapshot,
        pieces=found,
        latency_ms=latency,
    )


def click(piece, after=None, kind="click"):
    return Reaction(piece_id=piece, kind=kind, after_ms=after)


def test_measures_are_what_a_hand_reckons():
    pages = [
        shown("s1", "a", "b", "c", "d", latency=2.0),  # clicked at ranks 2 and 4
        shown("s2", "d", "c", latency=4.0),  # clicked at rank 3, on the next page
        shown("s2", "a", first=2, latency=90.0),
        shown("s3", latency=9.0),  # nothing found
        shown("s4", "a", "b", latency=10.0),  # nothing clicked that it showed
    ]
    reactions = {
        "s1": [click("d", 9_000), click("b", 4_000), click("b", 20_000), click("b", kind="purchase")],
        "s2": [click("a", 30_000), click("a", kind="favourite")],
        "s4": [click("z", 1), click("a", kind="view"), click("z", kind="purchase")],
        "s9": [click("a", 1)],
    }
    positions = {}
    (found,) = measure_searches(pages, reactions, LOOKS, positions)

    assert (found.searches, found.zero_results, found.clicked, found.clicks) == (4, 1, 2, 3)
    assert found.purchased == 1
    assert found.mrr == pytest.approx((1 / 2 + 1 / 3) / 4, abs=1e-6)
    assert found.click_through == 0.5
    assert found.zero_result_rate == 0.25
    assert found.seconds_to_click == pytest.approx((4.0 + 30.0) / 2)
    assert found.diversity == pytest.approx((5 / 6 + 1.0 + 0.0) / 3, abs=1e-6)
    assert found.latency_ms == 6.5
    assert {place: (at.shown, at.clicked) for place, at in positions.items()} == {
        0: (3, 0), 1: (3, 1), 2: (2, 1), 3: (1, 1),
    }  # fmt: skip


def test_kinds_and_snapshots_are_measured_apart_and_a_page_without_its_first_not_at_all():
    pages = [
        shown("s1", "a", kind="similar"),
        shown("s2", "a", snapshot="00000002-b"),
        shown("s3", "a"),
        shown("s4", "a", first=24),
    ]
    found = measure_searches(pages, {"s4": [click("a")]}, LOOKS)
    assert [(one.kind, one.snapshot_id, one.searches, one.clicked) for one in found] == [
        ("similar", "00000001-a", 1, 0),
        ("text", "00000001-a", 1, 0),
        ("text", "00000002-b", 1, 0),
    ]
    assert found[0].diversity is None
    assert found[0].seconds_to_click is None


def test_diversity_looks_at_ten_hits_of_known_pieces():
    assert diversity_of(["a", "b"], LOOKS) == 0.0
    assert diversity_of(["a", "unknown", "d"], LOOKS) == 1.0
    assert diversity_of(["a"], LOOKS) is None
    assert diversity_of(["a", "b"] * 5 + ["d"] * 50, LOOKS) == 0.0


def measured(searches, clicked, **more):
    values = {
        "kind": "text", "snapshot_id": "00000001-a", "zero_results": 0, "clicks": clicked, "purchased": 0,
        "mrr": 0.1, "diversity": None, "seconds_to_click": None, "latency_ms": 1.0,
    }  # fmt: skip
    (row,) = measure_searches([shown("s", "a")], {}, LOOKS)
    return type(row)(**(values | more), searches=searches, clicked=clicked)


def test_days_add_up_weighed_by_their_searches():
    whole = together(
        [
            measured(100, 10, mrr=0.2, diversity=0.5, seconds_to_click=4.0),
            measured(300, 30, mrr=0.4, seconds_to_click=8.0),
        ]
    )
    assert (whole.searches, whole.clicked) == (400, 40)
    assert whole.mrr == pytest.approx(0.35)
    assert whole.diversity == 0.5
    assert whole.seconds_to_click == pytest.approx(7.0)


def test_a_drop_in_clicks_is_as_unlikely_as_the_normal_table_says():
    assert drop_in_clicks(measured(1_000, 100), measured(1_000, 100)) == pytest.approx(0.5)
    # 0.10 to 0.08: pooled 0.09, standard error 0.0127984, z = -1.5627
    assert drop_in_clicks(measured(1_000, 100), measured(1_000, 80)) == pytest.approx(0.0591, abs=2e-4)
    assert drop_in_clicks(measured(1_000, 80), measured(1_000, 100)) > 0.9
    assert drop_in_clicks(measured(10, 0), measured(10, 0)) == 1.0


def id_of(number):
    return f"00000000-0000-7000-8000-{number:012d}"


def ask(engine, number, *found, day=0, first=0, snapshot="00000001-a", kind="text"):
    with engine.begin() as connection:
        write_pages(
            connection,
            [
                ShownPage(
                    search_id=id_of(number), first_position=first, collection="shop", kind=kind,
                    snapshot_id=snapshot, asked_at=START + timedelta(days=day), filtered=False, pieces=found,
                    latency_ms=3.0,
                )
            ],
        )  # fmt: skip


def react(engine, number, piece, *, day=0.0, kind="click", collection="shop"):
    with engine.begin() as connection:
        write_events(
            connection,
            [
                Event(
                    collection=collection, piece_id=piece, kind=kind, occurred_at=START + timedelta(days=day),
                    search_id=id_of(number), after_search_ms=5_000,
                )
            ],
        )  # fmt: skip


def days_of(engine):
    return {
        (one.day, one.measured.kind): (one.measured.searches, one.measured.clicked)
        for one in read_search_quality(engine, "shop", days=90)
    }


def test_a_day_is_measured_with_the_clicks_that_came_later_and_then_is_final(engine):
    ask(engine, 1, "a", "b")
    ask(engine, 2, "a", day=1)
    react(engine, 1, "b")
    react(engine, 1, "b", collection="archive")
    assert update_search_quality(engine, "shop", late_days=2).changed == 2
    assert days_of(engine) == {("2026-01-05", "text"): (1, 1), ("2026-01-06", "text"): (1, 0)}
    assert update_search_quality(engine, "shop", late_days=2).changed == 0

    react(engine, 2, "a", day=2.0)
    ask(engine, 3, day=4)
    again = update_search_quality(engine, "shop", late_days=2)
    assert again.changed == 2
    assert days_of(engine)[("2026-01-06", "text")] == (1, 1)
    assert days_of(engine)[("2026-01-09", "text")] == (1, 0)

    with engine.begin() as connection:  # as they expire
        connection.execute(searches.delete().where(searches.c.asked_at < START + timedelta(days=2)))
    assert update_search_quality(engine, "shop", late_days=2).changed == 0
    assert len(days_of(engine)) == 3


def test_a_page_after_midnight_is_of_the_day_of_its_search(engine):
    ask(engine, 1, *(f"p{number}" for number in range(24)), day=0.499)
    ask(engine, 1, "late", day=0.501, first=24)
    react(engine, 1, "late", day=0.502)
    update_search_quality(engine, "shop", late_days=1)
    (found,) = read_search_quality(engine, "shop", days=9)
    assert (found.day, found.measured.searches, found.measured.clicked) == ("2026-01-05", 1, 1)
    assert found.measured.mrr == pytest.approx(1 / 25)


def test_diversity_is_read_from_the_catalogue_and_the_newest_day_comes_first(engine):
    with engine.begin() as connection:
        for name, (brand, category) in LOOKS.items():
            connection.execute(
                pieces.insert().values(
                    collection="shop", piece_id=name, brand=brand, category=category, title=name,
                    first_seen_at=START,
                )
            )  # fmt: skip
    ask(engine, 1, "a", "b", "d", kind="similar")
    ask(engine, 2, "a", "c", day=1)
    ask(engine, 3, "a", "b", day=1)
    update_search_quality(engine, "shop", late_days=1)
    found = read_search_quality(engine, "shop", days=9)
    assert [(one.day, one.measured.kind) for one in found] == [
        ("2026-01-06", "text"),
        ("2026-01-05", "similar"),
    ]
    assert [one.measured.diversity for one in found] == [0.5, pytest.approx(2 / 3, abs=1e-6)]
    assert [one.day for one in read_search_quality(engine, "shop", days=1)] == ["2026-01-06"]


def test_without_searches_nothing_is_measured(engine):
    report = update_search_quality(engine, "shop", late_days=7)
    assert (report.days, report.changed, report.positions) == (0, 0, {})
    assert read_search_quality(engine, "shop", days=9) == []
    with engine.connect() as connection:
        assert connection.execute(sa.select(search_quality)).all() == []
