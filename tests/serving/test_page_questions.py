"""Addresses as questions and back; trends as lines; the price of a card."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import QueryError
from serving.pages.asked_picture import crop_of
from serving.pages.question import FILTERS, address_of, is_tidy, pairs_of, read_question
from serving.pages.showing import card_price
from serving.pages.trend_lines import polyline, trend_lines

_WORD = st.text(string.ascii_letters + string.digits + " &=ü:,", max_size=12)
_PAIRS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from((*FILTERS, "q", "like", "unlike", "collection", "surplus")), _WORD),
        st.tuples(st.sampled_from(("price_min", "price_max")), st.sampled_from(("", "1,5", "0", "250.00"))),
        st.tuples(st.sampled_from(("by_colour", "by_visual")), st.sampled_from(("0", "1", "0.3", "2.0"))),
        st.tuples(st.just("currency"), st.sampled_from(("eur", "USD", ""))),
        st.tuples(st.just("sort"), st.sampled_from(("relevance", "newest", "price_asc", ""))),
        st.tuples(st.just("drop"), st.sampled_from(("q", "filters", "like:a"))),
    ),
    max_size=12,
)


def read(pairs):
    return read_question(pairs, lambda _: "CHF")


@given(_PAIRS)
def test_a_question_written_and_read_again_is_the_same_and_tidy(pairs):
    asked = read(pairs)
    written = pairs_of(asked)
    assert read(written) == asked
    assert is_tidy(written, read(written))


def test_what_is_taken_out_is_gone_and_the_rest_stays():
    pairs = [("q", "ring"), ("like", "a"), ("like", "b"), ("metal", "gold"), ("price_max", "9")]
    assert pairs_of(read([*pairs, ("drop", "like:a")])) == pairs_of(
        read([pair for pair in pairs if pair[1] != "a"])
    )
    assert pairs_of(read([*pairs, ("drop", "filters")])) == [("q", "ring"), ("like", "a"), ("like", "b")]


def test_prices_without_a_currency_are_of_the_usual_one_unless_nothing_is_priced():
    asked = read([("price_min", "5")])
    assert (asked.currency, asked.price_min_minor, asked.currency_assumed) == ("CHF", 500, True)
    assert address_of(asked) == "/?price_min=5.00"
    with pytest.raises(QueryError, match="choose a currency"):
        read_question([("price_min", "5")], lambda _: None)


def test_only_likeness_to_pieces_and_pictures_is_weighed():
    weighed = [("by_colour", "1"), ("by_visual", "0")]
    assert read([*weighed, ("like", "a")]).asked().channels == {"colour": 1.0}
    assert read([*weighed, ("q", "ring")]).asked().channels == {"visual": 1.0}


def test_a_crop_without_edges_is_the_whole_picture():
    assert crop_of({}) is None
    assert crop_of({"crop_left": "0", "crop_right": "100"}) is None
    assert crop_of({"crop_left": "12,5", "crop_bottom": "50"}) == (0.125, 0.0, 1.0, 0.5)
    for wrong in ({"crop_left": "nan"}, {"crop_top": "inf"}, {"crop_right": "101"}, {"crop_left": "-1"}):
        with pytest.raises(QueryError, match="crop"):
            crop_of(wrong)


def _row(day, value, currency, supply, price, demand=None):
    return {
        "day": f"2026-01-{day:02}", "value": value, "currency": currency, "supply": supply,
        "in_stock": supply - 1, "price_median_minor": price, "demand": demand,
    }  # fmt: skip


def test_a_trend_adds_up_currencies_and_prices_one():
    ring, brooch = trend_lines(
        [
            _row(1, "ring", "EUR", 4, 10_000, 3), _row(1, "ring", "USD", 2, 500, 1),
            _row(2, "ring", "EUR", 5, 12_000, None), _row(2, "ring", "USD", 4, 900, 2),
            _row(2, "brooch", "XXX", 1, None),
        ],
        "EUR",
    )  # fmt: skip
    assert (ring.supply, ring.in_stock, ring.supply_change, ring.demand) == (9, 7, 3, 6)
    assert (ring.price_median_minor, ring.price_change) == (12_000, pytest.approx(0.2))
    assert ring.price_points == "0.0,22.0 100.0,2.0"
    assert (brooch.supply_change, brooch.price_median_minor, brooch.price_change, brooch.demand) == (
        1, None, None, None,
    )  # fmt: skip


def test_a_line_needs_two_points_and_an_even_one_runs_through_the_middle():
    assert polyline([(0, 5)], 1) == ""
    assert polyline([(0, 5), (2, 5)], 3) == "0.0,12.0 100.0,12.0"


def test_a_card_shows_the_price_that_is_compared():
    offers = [
        {"price_minor": 900, "currency": "EUR", "availability": "out_of_stock"},
        {"price_minor": 1_000, "currency": "EUR", "availability": "in_stock"},
        {"price_minor": 500, "currency": "USD", "availability": "in_stock"},
        {"price_minor": None, "currency": None, "availability": "in_stock"},
    ]
    piece = {"price_minor": 500, "currency": "USD", "offers": offers}
    assert card_price(piece, "EUR") == (1_000, "EUR")
    assert card_price(piece, "CHF") == card_price(piece, None) == (500, "USD")
