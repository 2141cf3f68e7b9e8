"""Prices, stock and seasons."""

from datetime import date
from statistics import mean

import pytest

from sample_feeds.assortments import assortment
from sample_feeds.faults import plant
from sample_feeds.market import (
    BLACK_FRIDAY,
    PRICE_SLIP,
    VALENTINE,
    WINTER_SALE,
    charming,
    metal_share,
    offers,
    open_market,
    seasons,
)
from sample_feeds.pieces import piece_catalogue

DAYS = 60


@pytest.fixture(scope="module")
def market():
    return open_market(seed=7, first_day=date(2026, 1, 5), days=DAYS)


@pytest.fixture(scope="module")
def histories(market):
    """Every listing of 300 pieces with its offers, day by day."""
    planted = plant(assortment(piece_catalogue(300, 7), seed=7, days=DAYS), seed=7, days=DAYS)
    return [(one, list(offers(one, market))) for one in planted.sold]


def test_a_listing_has_an_offer_for_each_of_its_days(histories):
    for sold, history in histories:
        assert len(history) == sold.last - sold.first + 1
        assert all(offer.price_minor > 0 for offer in history)


def test_what_is_on_sale_costs_less_than_its_list_price(histories):
    reduced = [offer for _, history in histories for offer in history if offer.list_price_minor]

    assert reduced
    assert all(offer.price_minor < offer.list_price_minor for offer in reduced)
    assert {offer.why for offer in reduced} == {"markdown", "sale: soldes d'hiver", "sale: valentine"}


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2026, 1, 20), WINTER_SALE),
        (date(2026, 2, 14), VALENTINE),
        (date(2026, 11, 27), BLACK_FRIDAY),
        (date(2027, 11, 26), BLACK_FRIDAY),
    ],
)
def test_seasons_stand_in_the_calendar(day, season):
    assert season in seasons(day)
    assert not seasons(date(2026, 3, 15))


def test_prices_follow_the_metal_where_there_is_much_of_it(market):
    rising = {metal: tuple(1 + 0.01 * day for day in range(DAYS)) for metal in market.metals}
    boom = type(market)(**{name: getattr(market, name) for name in market.__slots__} | {"metals": rising})
    sold = [one for one in assortment(piece_catalogue(300, 7), seed=7, days=DAYS) if one.feed == "atelier"]

    def rise(one):
        history = [offer for offer in offers(one, boom) if offer.list_price_minor is None]
        return history[-1].price_minor / history[0].price_minor

    heavy = [rise(one) for one in sold if metal_share(one.piece) > 0.5 and one.first == 0]
    light = [rise(one) for one in sold if metal_share(one.piece) < 0.02 and one.first == 0]
    assert mean(heavy) > 1.25
    assert mean(light) < 1.02


def test_what_sells_out_comes_back_unless_it_is_no_longer_made(histories):
    came_back = 0
    for sold, history in histories:
        states = [offer.availability for offer in history]
        if sold.ends is None and "out_of_stock" in states:
            came_back += "in_stock" in states[states.index("out_of_stock") :]
        if sold.ends is not None and sold.feed == "atelier":
            assert states[-1] == "discontinued"
    assert came_back > 20


def test_a_lost_decimal_mark_lasts_one_day(histories):
    slips = [(sold, history) for sold, history in histories if sold.slip_day is not None]

    assert slips
    for sold, history in slips:
        prices = [offer.price_minor for offer in history]
        assert prices[sold.slip_day] > PRICE_SLIP / 2 * max(
            prices[sold.slip_day - 1], prices[sold.slip_day + 1]
        )


@pytest.mark.parametrize(
    ("feed", "price"), [("maison", 128900), ("northgem", 128899), ("juwelhaus", 128890), ("atelier", 128734)]
)
def test_each_shop_has_its_own_charm_prices(feed, price):
    assert charming(128734.4, feed) == price


def test_stock_and_popularity_tell_nothing_of_attributes(market):
    pieces = piece_catalogue(3000, 7)
    popular = [market.popularity(piece) for piece in pieces]

    for attribute in ("category", "style", "metal"):
        for value in {getattr(piece, attribute) for piece in pieces}:
            own = [
                wanted
                for piece, wanted in zip(pieces, popular, strict=True)
                if getattr(piece, attribute) == value
            ]
            if len(own) > 200:
                assert mean(own) == pytest.approx(mean(popular), rel=0.3)
