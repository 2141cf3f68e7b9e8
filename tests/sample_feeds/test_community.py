"""What customers send in, and their consent to it."""

import json
from datetime import date

import pytest

from catalog.declarations import FeedDeclaration
from catalog.field_paths import all_stated
from sample_feeds.assortments import assortment
from sample_feeds.community import community_ndjson, contributions
from sample_feeds.market import open_market
from sample_feeds.pieces import piece_catalogue

MARKET = open_market(seed=7, first_day=date(2026, 1, 5), days=30)
SOLD = assortment(piece_catalogue(300, 7), seed=7, days=30)
CONSENTED = "pictures[consent=granted].file"


def delivered(sent, since, day):
    data = community_ndjson(sent, since=since, day=day, market=MARKET)
    return {record["id"]: record for record in map(json.loads, data.splitlines())}


def pictures_to_take(record):
    return [one.value for one in all_stated(record, CONSENTED)]


def test_there_is_some_of_every_state_of_consent_and_some_claims_are_wrong():
    sent = contributions(SOLD, MARKET)

    assert {one.consent(29) for one in sent} == {"granted", None, "withdrawn"}
    assert 0 < sum(one.shows != one.claims.piece.key for one in sent) < 0.2 * len(sent)


@pytest.mark.parametrize("pieces", [12, 40])
def test_the_smallest_houses_have_every_state_too(pieces):
    sold = assortment(piece_catalogue(pieces, 3), seed=3, days=6)
    sent = contributions(sold, open_market(seed=3, first_day=date(2026, 1, 5), days=6))

    assert {one.consent(5) for one in sent} == {"granted", None, "withdrawn"}


def test_only_pictures_with_consent_are_named_to_a_reader_of_the_declared_path():
    sent = contributions(SOLD, MARKET)

    for source_id, record in delivered(sent, -1, 29).items():
        one = next(one for one in sent if one.source_id == source_id)
        wanted = [picture.file for picture in one.pictures] if one.consent(29) == "granted" else []
        assert pictures_to_take(record) == wanted


def test_a_withdrawal_is_delivered_after_the_picture_and_takes_it_back():
    sent = contributions(SOLD, MARKET)
    one = next(one for one in sent if one.withdrawn is not None)

    before = delivered(sent, one.sent - 1, one.sent)[one.source_id]
    after = delivered(sent, one.withdrawn - 1, one.withdrawn)[one.source_id]

    assert pictures_to_take(before)
    assert not pictures_to_take(after)
    assert after["consent_withdrawn"] == MARKET.day(one.withdrawn).isoformat()


def test_nothing_in_the_feed_tells_who_a_contributor_is_or_what_a_picture_shows():
    record = next(iter(delivered(contributions(SOLD, MARKET), -1, 29).values()))

    assert set(record) == {
        "id", "contributor", "text", "sent", "consent", "consent_withdrawn", "product", "pictures",
    }  # fmt: skip
    assert record["contributor"].startswith("c-")


def test_the_declared_path_is_one_that_declarations_allow():
    FeedDeclaration(
        name="community",
        kind="community",
        format="jsonl",
        location="x",
        mapping={"source_id": "id", "title": "text", "images": CONSENTED},
    )
