"""Who sells what, and which faults are planted where."""

from collections import Counter
from pathlib import Path

import pytest

from sample_feeds.assortments import FEEDS, assortment, delivery_days
from sample_feeds.faults import FAULTS, KINDS, plant
from sample_feeds.pieces import piece_catalogue

# These need a piece of one seller only, several deliveries, or a large shop.
NEEDS_ROOM = {"broken_gtin", "price_slip", "tripped_delivery"}


def of(pieces, days, seed=7):
    return assortment(piece_catalogue(pieces, seed), seed=seed, days=days)


def test_pieces_come_and_go_and_titles_are_mistyped():
    sold = of(300, 30)

    assert any(one.first > 0 for one in sold)
    assert any(one.last < 29 for one in sold)
    assert all(one.first <= one.last for one in sold)
    assert any(one.mistyped for one in sold)


def test_three_in_five_pieces_are_sold_by_several_and_every_seller_has_a_share():
    sellers = Counter(one.piece.key for one in of(1000, 30))
    sold = Counter(one.feed for one in of(1000, 30))

    assert sum(count > 1 for count in sellers.values()) / len(sellers) == pytest.approx(0.6, abs=0.01)
    assert all(sold[feed] > 250 for feed in FEEDS)


def test_source_ids_and_picture_files_are_each_sellers_own():
    sold = of(2000, 30)

    for feed in FEEDS:
        ids = [one.source_id for one in sold if one.feed == feed]
        files = [picture.file for one in sold if one.feed == feed for picture in one.pictures]
        assert len(set(ids)) == len(ids)
        assert len(set(files)) == len(files)


@pytest.mark.parametrize("days", [1, 2, 30])
def test_every_listing_is_in_one_delivery_at_least(days):
    for one in of(300, days):
        assert any(one.first <= day <= one.last for day in delivery_days(one.feed, days)), one.source_id


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("pieces", "days"), [(12, 1), (16, 4)])
def test_every_fault_finds_its_place_in_the_smallest_houses(pieces, days, seed):
    planted = plant(of(pieces, days, seed), seed=seed, days=days)

    kinds = {fault.kind for fault in planted.faults}
    assert set(KINDS) - NEEDS_ROOM <= kinds
    by_id = {(one.feed, one.source_id) for one in planted.sold}
    assert {feed for feed, _ in by_id} == set(FEEDS)
    strays = {(stray.sold.feed, stray.sold.source_id) for stray in planted.strays}
    for fault in planted.faults:
        assert (fault.feed, fault.source_id) in by_id | strays


def test_the_demo_has_one_of_each_fault_and_a_big_house_the_stated_rates():
    demo = Counter(fault.kind for fault in plant(of(300, 30), seed=7, days=30).faults)
    sold = of(8000, 10)
    big = Counter(fault.kind for fault in plant(sold, seed=7, days=10).faults)

    assert set(demo) == set(KINDS)
    for kind in FAULTS:
        listings = sum(one.feed in kind.feeds for one in sold)
        assert big[kind.name] == pytest.approx(max(1, kind.rate * listings), abs=1), kind.name
    planted = plant(sold, seed=7, days=10).faults
    by_listing = Counter((fault.feed, fault.source_id) for fault in planted if fault.source_id)
    assert max(by_listing.values()) == 1


def test_the_stated_table_of_faults_is_the_one_that_is_planted():
    told = (Path(__file__).parents[2] / "docs" / "sample_house.md").read_text()

    for kind in FAULTS:
        rate = f"{kind.rate * 100:g} %" if kind.rate else "one"
        assert f"| `{kind.name}` | {', '.join(kind.feeds)} | {rate} | {kind.expected} |" in told
