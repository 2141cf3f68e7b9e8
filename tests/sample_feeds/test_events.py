"""What visitors do, and the tastes behind it."""

from collections import Counter
from datetime import date

import pytest

from sample_feeds.assortments import assortment
from sample_feeds.events import events_of_day, visitors
from sample_feeds.market import open_market
from sample_feeds.pieces import piece_catalogue

MARKET = open_market(seed=7, first_day=date(2026, 1, 5), days=20)
SOLD = assortment(piece_catalogue(300, 7), seed=7, days=20)
PEOPLE = visitors(300, 7)


@pytest.fixture(scope="module")
def happened():
    return [event for day in range(20) for event in events_of_day(PEOPLE, SOLD, MARKET, day)]


def test_clicks_follow_the_planted_taste_and_views_do_not(happened):
    listed = {f"{one.feed}:{one.source_id}": one.piece for one in SOLD}
    people = {person.visitor: person for person in PEOPLE}

    def share_of_wanted_stones(kind):
        pairs = [(people[one["visitor"]], listed[one["listing"]]) for one in happened if one["event"] == kind]
        return sum(bool(piece.stone) and piece.stone.name in who.stones for who, piece in pairs) / len(pairs)

    assert share_of_wanted_stones("click") > 2 * share_of_wanted_stones("view")


def test_what_is_popular_is_shown_more(happened):
    listed = {f"{one.feed}:{one.source_id}": one.piece for one in SOLD}
    shown = Counter(listed[one["listing"]].key for one in happened if one["event"] == "view")
    ranked = sorted({one.piece.key: one.piece for one in SOLD}.values(), key=MARKET.popularity)

    third = len(ranked) // 3
    assert sum(shown[piece.key] for piece in ranked[-third:]) > 2 * sum(
        shown[piece.key] for piece in ranked[:third]
    )


def test_every_purchase_comes_after_a_click_on_what_was_shown(happened):
    seen = set()
    for one in happened:
        key = one["visitor"], one["listing"]
        if one["event"] == "view":
            seen.add(("view", key))
        else:
            before = {"click": "view", "favourite": "click", "purchase": "favourite"}[one["event"]]
            assert (before, key) in seen
            seen.add((one["event"], key))
    assert Counter(one["event"] for one in happened)["purchase"] > 0


def test_the_clock_of_a_day_stays_in_it_and_the_same_seed_gives_the_same_day():
    first = list(events_of_day(PEOPLE, SOLD, MARKET, 3))

    assert first == list(events_of_day(PEOPLE, SOLD, MARKET, 3))
    assert {one["at"][:10] for one in first} == {"2026-01-08"}
