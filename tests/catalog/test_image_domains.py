"""Pictures without jewelry stay out and are counted; certificates are no pictures of a piece."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.decisions import record
from catalog.declarations import FeedDeclaration
from catalog.image_domains import forget_scores, kept_out, note_scores, unscored_images
from catalog.image_ledger import image_key_of
from catalog.review import queue
from catalog.role_ledger import assign_roles
from catalog.searchable import searchable_images
from catalog.tables import deliveries, image_references, images, listings, piece_listings, verdicts

AT = datetime(2026, 1, 5, tzinfo=UTC)
FEED = FeedDeclaration(name="shop", kind="retailer", format="shopify_csv", location="feed")
# listing -> category, its pictures as (file, image)
SHOWN = {
    "1": ("ring", [("a.jpg", "a"), ("b-certificate.jpg", "b")]),
    "2": (None, [("c.jpg", "c"), ("d.jpg", "d")]),
    "3": ("ring", [("c.jpg", "c")]),
}


def image_id(name):
    return name.encode().hex().ljust(64, "0")


@pytest.fixture
def catalogue(engine):
    """Three listings, two of which state a category; four accepted pictures, one of them in two listings."""
    with engine.begin() as connection:
        connection.execute(
            deliveries.insert().values(
                delivery_id=1, collection="main", feed="shop", name="n", digest="0" * 64, bytes=1,
                delivered_at=AT, day="2026-01-05", state="read", rows=3, accepted=3, rejected=0, warnings=0,
            )
        )  # fmt: skip
        for name in "abcd":
            key = image_key_of(image_id(name))
            connection.execute(images.insert().values(image_id=image_id(name), image_key=key, bytes=1))
            connection.execute(
                verdicts.insert().values(
                    collection="main", image_id=image_id(name), verdict="accepted", reasons=[],
                    rules_version="1",
                )
            )  # fmt: skip
        for source_id, (category, shown) in SHOWN.items():
            named = {"collection": "main", "listing_id": f"shop:{source_id}"}
            connection.execute(
                listings.insert().values(
                    **named, feed="shop", source_id=source_id, delivery_id=1, first_seen_at=AT,
                    last_seen_at=AT, content_digest="0" * 64, title="x", titles={}, category=category,
                    stones=[], styles=[],
                    dimensions_mm={}, availability="in_stock", read_from={},
                )
            )  # fmt: skip
            connection.execute(
                piece_listings.insert().values(**named, piece_id=f"p{source_id}", rule="alone")
            )
            for position, (location, name) in enumerate(shown):
                connection.execute(
                    image_references.insert().values(
                        **named, position=position, feed="shop", location=location, state="fetched",
                        attempts=0,
                        image_id=image_id(name), live=True,
                    )
                )  # fmt: skip
    return engine


def noted(catalogue, **scores):
    note_scores(
        catalogue, "main", "head", {image_id(name): score for name, score in scores.items()}, bound=-1.0
    )


def test_a_listing_that_states_jewelry_outranks_what_its_picture_suggests(catalogue):
    noted(catalogue, a=-2.0, b=-9.0, c=-2.0, d=-2.0)

    assert [(found.image_id, found.required) for found in kept_out(catalogue, "main")] == [
        (image_id("d"), -1.0)
    ]

    with catalogue.begin() as connection:  # the listing that stated it no longer shows it
        connection.execute(
            image_references.update().where(image_references.c.listing_id == "shop:3").values(live=False)
        )
    assert image_id("c") in {found.image_id for found in kept_out(catalogue, "main")}


def test_what_is_kept_out_waits_for_a_person_in_books_that_balance(catalogue):
    noted(catalogue, a=4.0, c=4.0, d=-2.0)

    [feed] = books(catalogue, "main", [FEED]).feeds

    assert feed.balanced
    assert (feed.image_states["accepted"], feed.image_states["review"]) == (4, 1)
    assert feed.image_reasons == {"not_jewelry": 1}
    assert kept_out(catalogue, "main")[0].finding() == {
        "rule": "not_jewelry",
        "measured": -2.0,
        "required": "at least -1",
        "unit": "logit",
    }


def test_what_is_kept_out_is_a_question_and_who_accepts_it_outranks_the_encoder(catalogue):
    noted(catalogue, a=4.0, c=4.0, d=-2.0)

    [asked] = queue.waiting(catalogue, "main")
    assert asked.subject == (image_id("d"),)
    assert [finding["rule"] for finding in asked.evidence["findings"]] == ["not_jewelry"]
    record(
        catalogue, "main", kind="picture", subject=asked.subject, decision="accept", who="ana",
        why="a ring in its box", decided_at=AT, evidence=asked.evidence,
    )  # fmt: skip

    assert kept_out(catalogue, "main") == queue.waiting(catalogue, "main") == []
    [feed] = books(catalogue, "main", [FEED]).feeds
    assert (feed.balanced, feed.image_states["accepted"], feed.image_states["review"]) == (True, 5, 0)


def test_a_picture_is_scored_once_by_each_head_and_forgotten_with_it(catalogue):
    noted(catalogue, a=4.0, b=4.0, d=-9.0)

    assert [one for _, one in unscored_images(catalogue, "main", "head")] == [image_id("c")]
    assert len(unscored_images(catalogue, "main", "another head")) == 4

    note_scores(catalogue, "main", "another head", {image_id("d"): 1.0}, bound=0.0)
    assert kept_out(catalogue, "main") == []
    assert forget_scores(catalogue, "main") == 3


def test_a_certificate_finds_no_piece_and_a_second_look_changes_no_role(catalogue):
    how = (catalogue, "main", {"shop": "retailer"}, {"shop": "en"})

    assert (assign_roles(*how), assign_roles(*how)) == (5, 0)

    with catalogue.connect() as connection:
        roles = connection.execute(
            sa.select(image_references.c.location, image_references.c.role).order_by("location", "role")
        ).all()
    found = searchable_images(catalogue, "main").rows
    assert roles == [
        ("a.jpg", "primary"),
        ("b-certificate.jpg", "certificate"),
        ("c.jpg", "primary"),
        ("c.jpg", "primary"),
        ("d.jpg", "detail"),
    ]
    assert {row["image_id"] for row in found} == {image_id("a"), image_id("c"), image_id("d")}
