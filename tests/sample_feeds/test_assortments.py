"""Who sells what, when, and at what price."""

import pytest

from sample_feeds.assortments import FEEDS, assortment, offer
from sample_feeds.faults import plant
from sample_feeds.pieces import piece_catalogue


def test_prices_stock_and_assortment_change_between_deliveries():
    sold = assortment(piece_catalogue(72, 7), seed=7, drops=3)

    before, after = ([offer(one, drop=drop, drops=3, seed=7) for one in sold] for drop in (0, 1))
    last = [offer(one, drop=2, drops=3, seed=7) for one in sold]

    assert not any(one.list_price_minor for one in before)
    on_sale = [one for one in after if one.list_price_minor]
    assert on_sale
    assert all(one.price_minor < one.list_price_minor for one in on_sale)
    assert any(was.availability != now.availability for was, now in zip(before, after, strict=True))
    assert any(was == now for was, now in zip(before, after, strict=True))
    assert any(one.availability == "discontinued" for one in last)
    gold = [
        (was.price_minor, now.price_minor)
        for was, now in zip(before, last, strict=True)
        if was.sold.piece.metal == "gold"
    ]
    assert sum(now > was for was, now in gold) > len(gold) / 2
    assert any(one.first > 0 for one in sold)
    assert any(one.last < 2 for one in sold)
    assert any(one.typo for one in sold)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("pieces", "drops"), [(12, 1), (16, 3)])
def test_every_fault_finds_its_place_in_the_smallest_houses(pieces, drops, seed):
    sold, strays, faults = plant(assortment(piece_catalogue(pieces, seed), seed=seed, drops=drops))

    assert len({fault.kind for fault in faults}) == len(faults) == 12
    by_id = {(one.feed, one.source_id) for one in sold}
    assert {feed for feed, _ in by_id} == set(FEEDS)
    for fault in faults:
        if fault.kind not in ("row_without_id", "unreadable_price"):
            assert (fault.feed, fault.source_id) in by_id
    assert ("maison", strays.unreadable_price.source_id) not in by_id
