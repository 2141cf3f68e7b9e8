"""Pieces are placed by the promoted plan, the catalogue's facts and demand: all of them once a night."""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

sys.path.append(str(Path(__file__).parent.parent / "support"))
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue, sqlite_store

from assets.placing import place_pieces
from catalog.demand import Demand
from index_builds.diff import compare
from index_builds.promotion import promote
from index_builds.reading import read_rows
from index_builds.settings import PlacementSettings
from index_builds.tier_records import kept_plan, record_tiers

DAY = date(2026, 3, 1)
ONE = timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    return sqlite_store(tmp_path)


CATALOGUE = slim_catalogue(60)  # 20 pieces of three pictures each


def rows_of(**facts):
    """The frame: every piece old and in stock, but for what ``facts`` say by piece."""
    table = CATALOGUE.metadata
    names = table["piece_id"].to_pylist()
    plain = {"availability": "in_stock", "withdrawn": False, "age_days": 200}
    columns = {
        field: [facts.get(name.replace("-", "_"), {}).get(field, value) for name in names]
        for field, value in plain.items()
    }
    table = table.drop_columns(["availability"])
    return (
        table.append_column("availability", pa.array(columns["availability"], pa.string()))
        .append_column("withdrawn", pa.array(columns["withdrawn"], pa.bool_()))
        .append_column("age_days", pa.array(columns["age_days"], pa.int32()))
    )


def place(store, rows, demand, **settings):
    return place_pieces(
        "house", rows, CATALOGUE.keys, demand, store, PlacementSettings(**settings), dimension=128
    )


def demand(day=DAY, today=None, **pieces):
    named = {name.replace("_", "-"): value for name, value in pieces.items()}
    return Demand(day=day, today=today or day, pieces=named)


def publish(store, placed, rows):
    made = build(store, CATALOGUE, tier_of=placed.tier_of, metadata=rows, piece_tiers=placed.file)
    promote(store, "house", made.snapshot_id, settings=SETTINGS.gate, actor="a", moved_at=MOVED_AT)
    record_tiers(store, "house")
    return made


def tiers(placed, piece):
    return set(placed.tier_of[np.arange(60) // 3 == piece].tolist())


def test_all_pictures_of_a_piece_share_its_tier(store):
    rows = rows_of(piece_0={"age_days": 2}, piece_1={"withdrawn": True})
    placed = place(store, rows, demand(piece_2=(5.0, 0)))
    assert [tiers(placed, piece) for piece in range(4)] == [{"hot"}, {"cold"}, {"hot"}, {"warm"}]
    assert {(one.source, one.target, one.reason): one.pieces for one in placed.file.stated.moves} == {
        (None, "hot", "new"): 1,
        (None, "cold", "gone"): 1,
        (None, "hot", "wanted"): 1,
        (None, "warm", "live"): 17,
    }


def test_without_any_events_new_pieces_are_hot_and_the_rest_of_the_catalogue_warm(store):
    rows = rows_of(piece_0={"age_days": 2}, piece_1={"availability": "out_of_stock"})
    placed = place(store, rows, Demand(day=None, today=DAY, pieces={}))
    assert [tiers(placed, piece) for piece in range(3)] == [{"hot"}, {"warm"}, {"warm"}]


def test_an_hour_places_what_is_new_and_what_went_and_leaves_the_rest_for_the_night(store):
    rows = rows_of(piece_1={"withdrawn": True})
    first = place(store, rows, demand(piece_0=(9.0, 0)))
    publish(store, first, rows)

    # an hour of the next day: demand was not worked out since, piece 0 is forgotten, piece 2 went
    rows = rows_of(piece_2={"availability": "discontinued"}, piece_3={"age_days": 0})
    hour = place(store, rows, demand(today=DAY + ONE))
    assert [tiers(hour, piece) for piece in range(4)] == [{"hot"}, {"warm"}, {"cold"}, {"warm"}]
    assert hour.file.stated.balanced_on == DAY.isoformat()

    night = place(store, rows, demand(day=DAY + 5 * ONE))
    assert [tiers(night, piece) for piece in range(4)] == [{"warm"}, {"warm"}, {"cold"}, {"hot"}]
    assert night.file.stated.balanced_on == (DAY + 5 * ONE).isoformat()


def test_a_difference_of_two_nights_gives_the_reasons_that_the_later_night_placed_by(store):
    rows = rows_of(piece_1={"age_days": 2})
    first = publish(store, place(store, rows, demand(piece_0=(9.0, 0))), rows)
    rows = rows_of(piece_2={"withdrawn": True})
    night = demand(day=DAY + 5 * ONE, piece_3=(9.0, 0), piece_4=(8.0, 0), piece_5=(7.0, 0))
    second = publish(store, place(store, rows, night, hot_at_most={"pieces": 2}), rows)

    tables = [read_rows(one.content, store.file, one.snapshot_id) for one in (first, second)]
    found = compare(first, second, *tables, kept_plan(second, store.file))

    assert list(found.reasons.moved.items()) == [
        (("hot", "warm", "live"), 2),
        (("warm", "hot", "wanted"), 2),
        (("warm", "cold", "gone"), 1),
    ]
    stated = {(one.source, one.target, one.reason): one.pieces for one in second.content.piece_tiers.moves}
    assert dict(found.reasons.moved) == stated


def test_a_night_whose_snapshot_was_not_promoted_is_made_up_for(store):
    rows = rows_of()
    publish(store, place(store, rows, demand(piece_0=(9.0, 0))), rows)
    night = demand(day=DAY + 5 * ONE)
    assert tiers(place(store, rows, night), 0) == {"warm"}  # and refused: nobody promoted it
    hour = demand(day=DAY + 5 * ONE, today=DAY + 6 * ONE)
    assert tiers(place(store, rows, hour), 0) == {"warm"}


def test_a_picture_of_two_pieces_stands_in_the_hotter_tier(store):
    rows = rows_of(piece_0={"age_days": 1})
    shared = rows.filter(pa.array(np.array(rows["piece_id"].to_pylist()) == "piece-5")).slice(0, 1)
    [row] = shared.to_pylist()
    renamed = pa.Table.from_pylist([row | {"piece_id": "piece-0", "listing_id": "other:1"}], rows.schema)
    placed = place(store, pa.concat_tables([rows, renamed]), demand(piece_0=(9.0, 0)))
    assert sorted(placed.tier_of[15:18].tolist()) == ["hot", "warm", "warm"]
