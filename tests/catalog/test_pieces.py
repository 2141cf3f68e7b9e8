"""Joining listings into pieces."""

import random

import pytest
import sqlalchemy as sa
from catalogue_rows import listing, put_listings

from catalog.joining import Tie, join
from catalog.pieces import resolve_pieces
from catalog.tables import disagreements, piece_listings, pieces


@pytest.fixture
def store(engine):
    return lambda rows: put_listings(engine, *rows)


def piece_of(engine):
    with engine.connect() as connection:
        return {row.listing_id: row.piece_id for row in connection.execute(sa.select(piece_listings))}


ATTRIBUTES = {
    "brand": "Atelier Nord",
    "category": "ring",
    "metal": "gold",
    "fineness": 750,
    "stones": ["emerald"],
    "dimensions_mm": {"width": 4.0},
}


@pytest.mark.parametrize(
    ("left", "right", "rule"),
    [
        ({"gtin": "2000000000015"}, {"gtin": "2000000000015"}, "gtin"),
        (
            {"certificate": "GIA 1", "category": "ring"},
            {"certificate": "GIA 1", "category": "ring"},
            "certificate",
        ),
        ({"brand": "Nord", "mpn": "R-17"}, {"brand": "NORD", "mpn": "r17"}, "brand_mpn"),
        (ATTRIBUTES, {**ATTRIBUTES, "brand": "atelier nord"}, "brand_attributes"),
    ],
)
def test_stated_identity_joins(left, right, rule):
    groups = join([listing("a", 1, **left), listing("b", 2, **right)])

    assert groups == [(["a:1", "b:2"], {"a:1": rule, "b:2": rule})]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({}, {}),
        ({"brand": "Nord", "mpn": "R-17"}, {"brand": "Sud", "mpn": "R-17"}),
        ({"certificate": "1", "category": "ring"}, {"certificate": "1", "category": "brooch"}),
        (ATTRIBUTES, {**ATTRIBUTES, "dimensions_mm": {}}),
    ],
)
def test_what_is_not_stated_joins_nothing(left, right):
    assert len(join([listing("a", 1, **left), listing("b", 2, **right)])) == 2


def test_twins_of_one_shop_are_different_pieces():
    twins = [listing("a", 1, **ATTRIBUTES), listing("a", 2, **ATTRIBUTES), listing("b", 3, **ATTRIBUTES)]

    assert len(join(twins)) == 3


def test_order_changes_nothing():
    rows = [listing(feed, number, gtin=f"g{number % 3}") for feed in "abc" for number in range(6)]
    shuffled = rows.copy()
    random.Random(3).shuffle(shuffled)

    assert join(rows) == join(shuffled)


def test_what_a_person_told_apart_never_meets_not_even_through_a_third():
    rows = [listing(feed, 1, gtin="1") for feed in "abcd"]

    groups = join(rows, apart=[("a:1", "b:1"), ("a:1", "c:1")])

    assert [members for members, _ in groups] == [["a:1", "d:1"], ["b:1", "c:1"]]


def test_a_decision_joins_what_no_rule_does_and_outranks_the_others():
    rows = [listing("a", 1, gtin="1"), listing("b", 1, gtin="1"), listing("c", 1)]
    looks = [
        Tie(first="a:1", second="c:1", rule="pictures"),
        Tie(first="a:1", second="gone:9", rule="pictures"),
    ]
    decided = [Tie(first="b:1", second="c:1", rule="decided")]

    assert join(rows, ties=looks)[0][1] == {"a:1": "gtin", "b:1": "gtin", "c:1": "pictures"}
    assert join(rows, ties=decided)[0][1] == {"a:1": "gtin", "b:1": "decided", "c:1": "decided"}
    assert len(join(rows, ties=looks, apart=[("b:1", "c:1")])) == 2


def test_a_second_pass_writes_nothing(engine, store):
    store([listing("a", 1, gtin="1"), listing("b", 2, gtin="1"), listing("a", 3)])

    first, second = resolve_pieces(engine, "shop"), resolve_pieces(engine, "shop")

    assert (first.pieces, first.joined) == (2, 1)
    assert second.changed == 0


def test_a_piece_keeps_its_id_when_a_source_joins_and_a_merged_one_forwards(engine, store):
    store([listing("a", 1), listing("b", 2)])
    resolve_pieces(engine, "shop")
    before = piece_of(engine)

    store([listing("a", 1, gtin="1"), listing("b", 2, gtin="1")])
    resolve_pieces(engine, "shop")

    with engine.connect() as connection:
        chosen = sa.select(pieces.c.piece_id, pieces.c.forwarded_to)
        forwarded = dict(tuple(row) for row in connection.execute(chosen))
    assert set(piece_of(engine).values()) == {before["a:1"]}
    assert forwarded == {before["a:1"]: None, before["b:2"]: before["a:1"]}


def test_a_split_keeps_the_earliest_listings_id_and_names_the_other_anew(engine, store):
    store([listing("a", 1, gtin="1"), listing("b", 2, gtin="1")])
    resolve_pieces(engine, "shop")
    before = piece_of(engine)

    store([listing("a", 1, gtin="1"), listing("b", 2, gtin="2")])
    resolve_pieces(engine, "shop")
    after = piece_of(engine)

    assert after["a:1"] == before["a:1"]
    assert after["b:2"] != before["b:2"]


def test_on_a_split_the_older_listing_keeps_the_id_whatever_its_name(engine, store):
    store([listing("a", 9, gtin="1"), listing("b", 2, gtin="1")])
    resolve_pieces(engine, "shop")
    before = piece_of(engine)

    store([listing("a", 9, gtin="1"), listing("b", 2, gtin="2")])
    resolve_pieces(engine, "shop")
    after = piece_of(engine)

    assert after["b:2"] == before["b:2"]
    assert after["a:9"] != before["a:9"]


def test_what_pieces_do_not_look_at_is_not_read(engine, store):
    store([listing("a", 1)])
    statements = []

    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    resolve_pieces(engine, "shop")

    [chosen] = [one for one in statements if "FROM listings" in one]
    assert "read_from" not in chosen
    assert "description" not in chosen


def test_disagreements_are_recorded_and_go_when_sources_agree(engine, store):
    store([listing("a", 1, gtin="1", fineness=750), listing("b", 2, gtin="1", fineness=585)])
    resolve_pieces(engine, "shop")
    with engine.connect() as connection:
        row = connection.execute(sa.select(disagreements)).one()
    assert (row.field, row.said) == ("fineness", {"a:1": 750, "b:2": 585})

    store([listing("a", 1, gtin="1", fineness=750), listing("b", 2, gtin="1", fineness=750)])
    report = resolve_pieces(engine, "shop")
    assert report.disagreements == 0


def test_a_source_that_measures_less_does_not_disagree(engine, store):
    more, less = {"width": 4.0, "diameter": 17.0}, {"width": 4.0}
    store([listing("a", 1, gtin="1", dimensions_mm=more), listing("b", 2, gtin="1", dimensions_mm=less)])
    assert resolve_pieces(engine, "shop").disagreements == 0

    store(
        [
            listing("a", 1, gtin="1", dimensions_mm=more),
            listing("b", 2, gtin="1", dimensions_mm={"width": 5.0}),
        ]
    )
    assert resolve_pieces(engine, "shop").disagreements == 1
