"""What people send in: consent decides what is fetched, nobody is named, claims find their listing."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.community.claims import resolve_claims
from catalog.community.consent import read_consent
from catalog.community.pseudonyms import Pseudonyms
from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.image_ledger import Fetched, locations_to_fetch, record_fetched, retry_failed
from catalog.intake import take_in
from catalog.listing import ImageMention, Listing, Remark
from catalog.reading import read_delivery
from catalog.tables import image_references, listings
from catalog.tables import metadata as catalogue
from storage.objects import LocalObjectStore

MAPPING = {
    "source_id": "id", "title": "text", "images": "pictures[].file", "images_consent": "pictures[].consent",
    "contributor": "by", "claims.feed": "of.shop", "claims.source_id": "of.id", "claims.gtin": "of.gtin",
    "claims.url": "of.url",
}  # fmt: skip
COMMUNITY = FeedDeclaration(
    name="community", kind="community", format="jsonl", location="x", deliveries="increments", mapping=MAPPING
)
SHOP = FeedDeclaration(name="shop", kind="retailer", format="shopify_csv", location="x")
KEYED = Pseudonyms(b"a key of this test's own")
ANNA = "anna.schmidt@example.org"


def sent(source_id="u1", consent="granted", of=None, by=ANNA):
    pictures = [{"file": f"{source_id}_1.jpg", "consent": consent}]
    return {"id": source_id, "text": "My ring", "by": by, "pictures": pictures, "of": of or {}}


@pytest.fixture
def house(engine, tmp_path):
    objects = LocalObjectStore(tmp_path / "objects")

    def deliver(feed, statements, day):
        at = datetime(2026, 1, day, tzinfo=UTC)
        path = tmp_path / f"{feed.name}-2026-01-{day:02}.jsonl"
        path.write_text("\n".join(json.dumps(one, default=repr) for one in statements), encoding="utf-8")
        arrival = Arrival(name=path.name, path=path, delivered_at=at, validators={})
        keep(engine, objects, "house", feed, [arrival], received_at=at, day=f"{at:%Y-%m-%d}")
        for delivery in waiting(engine, "house", feed.name):
            found = read_delivery(path, feed, KEYED) if feed is COMMUNITY else statements
            take_in(engine, delivery, feed, found)

    def fetch():
        wanted = locations_to_fetch(engine, "house", "community", attempts=3, retry_failed=True)
        outcomes = [Fetched(location=one, data=one.encode()) for one in wanted]
        record_fetched(engine, objects, "house", "community", outcomes)
        return wanted

    deliver.engine, deliver.fetch = engine, fetch
    return deliver


def references(engine):
    with engine.connect() as connection:
        return connection.execute(sa.select(image_references).order_by(image_references.c.listing_id)).all()


def test_only_pictures_with_granted_consent_are_fetched_and_the_others_are_counted(house):
    house(COMMUNITY, [sent("a"), sent("b", None), sent("c", "withdrawn"), sent("d", "perhaps")], 5)

    assert house.fetch() == ["a_1.jpg"]
    assert retry_failed(house.engine, "house") == 0
    assert [(row.consent, row.state, row.reason) for row in references(house.engine)] == [
        ("granted", "fetched", None),
        ("missing", "failed", "no_consent"),
        ("withdrawn", "failed", "no_consent"),
        ("missing", "failed", "no_consent"),
    ]
    (feed,) = books(house.engine, "house", [COMMUNITY]).feeds
    assert feed.balanced
    assert feed.image_reasons == {"no_consent": 3}


def test_a_picture_goes_when_consent_is_withdrawn_and_comes_back_when_it_is_given_again(house):
    house(COMMUNITY, [sent()], 5)
    house.fetch()
    (before,) = references(house.engine)

    house(COMMUNITY, [sent(consent="withdrawn")], 6)
    (gone,) = references(house.engine)
    assert before.image_id is not None
    assert (gone.image_id, gone.state, gone.reason) == (None, "failed", "no_consent")
    assert house.fetch() == []

    house(COMMUNITY, [sent(consent="granted")], 7)
    assert house.fetch() == ["u1_1.jpg"]
    assert references(house.engine)[0].image_id == before.image_id


def test_one_word_may_speak_for_all_pictures_of_a_row_and_the_filter_still_works(tmp_path):
    path = tmp_path / "x.jsonl"
    record = sent() | {
        "consent": "yes",
        "pictures": [{"file": "1.jpg", "consent": "granted"}, {"file": "2.jpg"}],
    }
    path.write_text(json.dumps(record), encoding="utf-8")

    def images(**changes):
        declaration = COMMUNITY.model_copy(update={"mapping": MAPPING | changes})
        (listing,) = (one for one in read_delivery(path, declaration) if isinstance(one, Listing))
        return [(one.location, one.consent) for one in listing.images]

    assert images() == [("1.jpg", "granted"), ("2.jpg", "missing")]
    assert images(images_consent="consent") == [("1.jpg", "granted"), ("2.jpg", "granted")]
    assert images(images="pictures[consent=granted].file", images_consent="consent") == [("1.jpg", "granted")]
    assert read_consent("Erteilt") == "granted"
    assert read_consent("granted?") == read_consent("GRANTED") == "granted"
    assert read_consent("not granted") == "missing"


def test_a_contributor_is_a_pseudonym_and_stands_nowhere_by_name(house):
    house(COMMUNITY, [sent("a"), sent("b"), sent("c", by="someone else")], 5)

    with house.engine.connect() as connection:
        names = list(
            connection.execute(sa.select(listings.c.contributor).order_by(listings.c.listing_id)).scalars()
        )
        stored = [
            repr(row) for table in catalogue.sorted_tables for row in connection.execute(sa.select(table))
        ]
    assert names[0] == names[1] != names[2]
    assert names[0] == KEYED.of(ANNA) != Pseudonyms(b"another key").of(ANNA)
    assert not any(ANNA in row for row in stored)


def test_without_a_key_no_contributor_is_kept_and_the_reader_says_so(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(sent()), encoding="utf-8")

    found = list(read_delivery(path, COMMUNITY))

    assert [one.contributor for one in found if isinstance(one, Listing)] == [None]
    assert [one.field for one in found if isinstance(one, Remark) and "contributor_key" in one.message] == [
        "contributor"
    ]


def test_a_claim_finds_the_listing_it_names_and_an_unclear_one_finds_none(house):
    offers = [
        Listing(
            place=number, source_id=f"r{number}", title="Ring", url=f"https://shop.example/r{number}",
            gtin="04006381333931" if number == "1" else None, images=(ImageMention(location="x.jpg"),),
        )
        for number in "12"
    ]  # fmt: skip
    claims = {
        "a": {"shop": "shop", "id": "r1"}, "b": {"gtin": "4006381333931"}, "c": {"url": "https://shop.example/r2"},
        "d": {"shop": "elsewhere", "id": "r1"}, "e": {"gtin": "1234"},
    }  # fmt: skip
    house(COMMUNITY, [sent(name, of=of) for name, of in claims.items()], 5)
    before = resolve_claims(house.engine, "house")
    house(SHOP, offers, 6)

    report = resolve_claims(house.engine, "house")

    with house.engine.connect() as connection:
        found = connection.execute(
            sa.select(listings.c.source_id, listings.c.claimed_listing_id).where(
                listings.c.feed == "community"
            )
        ).all()
    assert (before.claims, before.resolved) == (5, 0)
    assert (report.claims, report.resolved, report.changed) == (5, 3, 3)
    assert {row.source_id: row.claimed_listing_id for row in found} == {
        "a": "shop:r1", "b": "shop:r1", "c": "shop:r2", "d": None, "e": None,
    }  # fmt: skip
    assert resolve_claims(house.engine, "house").changed == 0
