"""The ledger of pictures."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.declarations import FeedDeclaration
from catalog.image_ledger import (
    Fetched,
    ImageKeyCollisionError,
    RenditionFile,
    RenditionSet,
    Seen,
    accepted_images,
    image_key_of,
    judge_pictures,
    locations_to_fetch,
    look_at_pictures,
    record_fetched,
    refused_images,
    render_pictures,
    retry_failed,
)
from catalog.searchable import searchable_images
from catalog.tables import deliveries, image_references, images, listings, piece_listings, verdicts
from quality.refused import refused_by_reason
from storage.objects import LocalObjectStore, digest_key, sha256_hex

AT = datetime(2026, 1, 5, tzinfo=UTC)
FEED = FeedDeclaration(name="maison", kind="retailer", format="shopify_csv", location="feed")


@pytest.fixture
def objects(tmp_path):
    return LocalObjectStore(tmp_path / "objects")


@pytest.fixture
def ledger(engine):
    """An engine whose catalogue names three pictures, one of them twice."""
    with engine.begin() as connection:
        connection.execute(
            deliveries.insert().values(
                delivery_id=1,
                collection="shop",
                feed="maison",
                name="n",
                digest="0" * 64,
                bytes=1,
                delivered_at=AT,
                day="2026-01-05",
                state="read",
                rows=2,
                accepted=2,
                rejected=0,
                warnings=0,
            )
        )
        for number in (1, 2):
            connection.execute(
                listings.insert().values(
                    collection="shop",
                    listing_id=f"maison:{number}",
                    feed="maison",
                    source_id=str(number),
                    delivery_id=1,
                    first_seen_at=AT,
                    last_seen_at=AT,
                    content_digest="0" * 64,
                    title=f"Ring {number}",
                    titles={},
                    stones=[],
                    styles=[],
                    dimensions_mm={},
                    availability="in_stock",
                    read_from={},
                )
            )
        for listing, position, location in (
            (1, 0, "a.jpg"),
            (1, 1, "b.jpg"),
            (2, 0, "a.jpg"),
            (2, 1, "c.jpg"),
        ):
            connection.execute(
                image_references.insert().values(
                    collection="shop",
                    listing_id=f"maison:{listing}",
                    position=position,
                    feed="maison",
                    location=location,
                    state="pending",
                    attempts=0,
                    live=True,
                )
            )
    return engine


def fetched(engine, objects, *outcomes):
    return record_fetched(engine, objects, "shop", "maison", outcomes)


def waiting(engine, attempts=3):
    return locations_to_fetch(engine, "shop", "maison", attempts=attempts)


def test_a_picture_that_two_listings_name_is_fetched_once(ledger, objects):
    assert waiting(ledger) == ["a.jpg", "b.jpg", "c.jpg"]

    fetched(ledger, objects, Fetched(location="a.jpg", data=b"one"))

    with ledger.connect() as connection:
        states = connection.execute(
            sa.select(image_references.c.state).where(image_references.c.location == "a.jpg")
        ).scalars()
        assert list(states) == ["fetched", "fetched"]
    assert objects.get(digest_key("images", sha256_hex(b"one"))) == b"one"
    assert waiting(ledger) == ["b.jpg", "c.jpg"]


def test_a_transient_failure_is_tried_again_up_to_its_bound(ledger, objects):
    for _ in range(3):
        assert "a.jpg" in waiting(ledger)
        fetched(
            ledger, objects, Fetched(location="a.jpg", reason="timeout", message="no answer", transient=True)
        )

    assert "a.jpg" not in waiting(ledger)


def test_a_permanent_failure_waits_but_a_missing_file_is_looked_for_again(ledger, objects):
    fetched(
        ledger,
        objects,
        Fetched(location="a.jpg", reason="not_found", message="404"),
        Fetched(location="b.jpg", reason="missing_file", message="no such file"),
    )

    assert waiting(ledger) == ["b.jpg", "c.jpg"]


def test_two_pictures_that_share_an_index_key_are_named(ledger, objects):
    ours = sha256_hex(b"one")
    with ledger.begin() as connection:
        connection.execute(images.insert().values(image_id="f" * 64, image_key=image_key_of(ours), bytes=1))

    with pytest.raises(ImageKeyCollisionError, match=f"{ours} and {'f' * 64}"):
        fetched(ledger, objects, Fetched(location="a.jpg", data=b"one"))


def state_of(engine, location):
    with engine.connect() as connection:
        return connection.execute(
            sa.select(
                image_references.c.state,
                image_references.c.reason,
                image_references.c.message,
                image_references.c.attempts,
            )
            .where(image_references.c.location == location)
            .limit(1)
        ).one()


def test_a_picture_whose_host_was_given_up_still_waits_and_has_lost_no_attempt(ledger, objects):
    for _ in range(5):
        counts = fetched(
            ledger,
            objects,
            Fetched(location="a.jpg", reason="not_asked", message="the host is down", transient=True),
        )

    assert counts == {"pending": 1}
    assert state_of(ledger, "a.jpg") == ("pending", "not_asked", "the host is down", 0)
    assert "a.jpg" in waiting(ledger)


def test_a_failure_stays_as_it_was_when_its_host_is_given_up(ledger, objects):
    timeout = Fetched(location="a.jpg", reason="timeout", message="no answer", transient=True)
    fetched(ledger, objects, timeout)

    fetched(ledger, objects, Fetched(location="a.jpg", reason="not_asked", message="down", transient=True))

    assert state_of(ledger, "a.jpg") == ("failed", "timeout", "no answer", 1)


def test_a_permanent_failure_after_a_transient_one_is_final(ledger, objects):
    timeout = Fetched(location="a.jpg", reason="timeout", message="no answer", transient=True)
    fetched(ledger, objects, timeout)
    fetched(ledger, objects, Fetched(location="a.jpg", reason="not_found", message="404"))

    assert "a.jpg" not in waiting(ledger)


def test_failed_pictures_get_another_try_when_asked_for(ledger, objects):
    for _ in range(3):
        fetched(
            ledger,
            objects,
            Fetched(location="a.jpg", reason="timeout", message="no answer", transient=True),
            Fetched(location="b.jpg", reason="refused", message="403"),
            Fetched(location="c.jpg", data=b"one"),
        )
    assert waiting(ledger) == []
    everything = locations_to_fetch(ledger, "shop", "maison", attempts=3, retry_failed=True)
    assert everything == ["a.jpg", "b.jpg"]

    assert retry_failed(ledger, "other") == 0
    assert retry_failed(ledger, "shop") == 3

    assert state_of(ledger, "a.jpg") == ("pending", None, None, 0)
    assert waiting(ledger) == ["a.jpg", "b.jpg"]


def test_a_reference_that_its_listing_dropped_is_not_asked_for_again(ledger, objects):
    fetched(ledger, objects, Fetched(location="b.jpg", reason="refused", message="403"))
    with ledger.begin() as connection:
        connection.execute(image_references.update().values(live=False))

    assert retry_failed(ledger, "shop") == 0


def test_two_collections_that_fetch_one_picture_at_once_both_have_it(ledger, objects):
    if ledger.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    image_id = sha256_hex(b"one")
    others = []

    def other_writer(connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO images") and not others:
            others.append(image_id)
            with ledger.begin() as other:
                other.execute(
                    images.insert().values(image_id=image_id, image_key=image_key_of(image_id), bytes=3)
                )

    sa.event.listen(ledger, "before_cursor_execute", other_writer)

    counts = fetched(ledger, objects, Fetched(location="a.jpg", data=b"one"))

    assert others == [image_id]
    assert counts == {"fetched": 1}


def looked_at(engine, objects):
    def look(data: bytes) -> Seen:
        if data == b"bad":
            return Seen(unreadable="truncated", message="truncated: half a picture")
        return Seen(format="JPEG", width=10, height=10, measures={"sharpness": float(len(data))})

    return look_at_pictures(engine, objects, "shop", look, version="1", workers=2)


def judged(engine, *, floor=4.0, version="1"):
    def judge(measures, kind):
        passed = measures["sharpness"] >= floor
        finding = {"rule": "sharpness", "measured": measures["sharpness"], "required": floor, "unit": ""}
        return ("accepted", []) if passed else ("quarantined", [finding])

    return judge_pictures(engine, "shop", judge, {"maison": "retailer"}, version=version)


@pytest.fixture
def looked(ledger, objects):
    fetched(
        ledger,
        objects,
        Fetched(location="a.jpg", data=b"sharp"),
        Fetched(location="b.jpg", data=b"dim"),
        Fetched(location="c.jpg", data=b"bad"),
    )
    assert looked_at(ledger, objects) == 3
    return ledger


def test_every_picture_gets_a_verdict_and_the_books_balance(looked):
    judged(looked)

    held = books(looked, "shop", [FEED]).feeds[0]
    states = {state: count for state, count in held.image_states.items() if count}
    assert states == {"accepted": 2, "quarantined": 1, "rejected": 1}
    assert held.image_reasons == {"sharpness": 1, "truncated": 1}
    assert held.balanced
    assert accepted_images(looked, "shop") == [(image_key_of(sha256_hex(b"sharp")), sha256_hex(b"sharp"))]
    assert [row["verdict"] for row in refused_images(looked, "shop", limit=9)] == ["quarantined", "rejected"]


def test_new_rules_bring_a_quarantined_picture_back(looked):
    judged(looked)

    changed = judged(looked, floor=1.0, version="2")

    assert changed == 3
    assert len(accepted_images(looked)) == 2


def test_a_second_pass_writes_nothing(looked, objects):
    judged(looked)

    assert looked_at(looked, objects) == 0
    assert judged(looked) == 0


def test_accepted_pictures_are_rendered_once(looked, objects):
    judged(looked)

    def render(data: bytes):
        file = RenditionFile(name="160", width=1, height=1, data=data + b" small")
        return RenditionSet(files=[file], thumbhash="AA==", processing={})

    counts = [render_pictures(looked, objects, "shop", render, version="1", workers=2) for _ in range(2)]
    digest = sha256_hex(b"sharp small")
    assert counts == [1, 0]
    assert objects.get(digest_key("renditions", digest, ".webp")) == b"sharp small"


def test_another_collections_verdicts_are_not_touched(looked):
    judged(looked)
    with looked.begin() as connection:
        connection.execute(
            verdicts.insert().values(
                collection="other", image_id="e" * 64, verdict="accepted", reasons=[], rules_version="1"
            )
        )

    judged(looked, version="2")

    with looked.connect() as connection:
        others = connection.execute(sa.select(verdicts).where(verdicts.c.collection == "other")).all()
    assert len(others) == 1


def test_a_picture_whose_bytes_are_gone_stops_no_other_and_is_fetched_again(ledger, objects):
    fetched(
        ledger,
        objects,
        Fetched(location="a.jpg", data=b"sharp"),
        Fetched(location="b.jpg", data=b"dim"),
        Fetched(location="c.jpg", data=b"bad"),
    )
    objects.delete(digest_key("images", sha256_hex(b"sharp")))

    assert looked_at(ledger, objects) == 2

    judged(ledger)
    with ledger.connect() as connection:
        row = connection.execute(sa.select(images).where(images.c.image_id == sha256_hex(b"sharp"))).one()
    assert (row.unreadable, row.measures_version) == ("missing_object", None)
    assert waiting(ledger) == ["a.jpg"]
    assert accepted_images(ledger) == []
    fetched(ledger, objects, Fetched(location="a.jpg", data=b"sharp"))
    assert looked_at(ledger, objects) == 1
    judged(ledger)
    assert [image_id for _, image_id in accepted_images(ledger)] == [sha256_hex(b"sharp")]


def test_a_picture_whose_bytes_are_gone_cannot_be_had_again_and_again(ledger, objects):
    fetched(ledger, objects, Fetched(location="a.jpg", data=b"sharp"))
    objects.delete(digest_key("images", sha256_hex(b"sharp")))
    looked_at(ledger, objects)
    fetched(ledger, objects, Fetched(location="a.jpg", reason="not_found", message="404"))

    looked_at(ledger, objects)

    assert "a.jpg" not in waiting(ledger)


def test_rendering_passes_over_a_picture_whose_bytes_are_gone(looked, objects):
    judged(looked, floor=1.0)
    objects.delete(digest_key("images", sha256_hex(b"sharp")))

    def render(data: bytes):
        file = RenditionFile(name="160", width=1, height=1, data=data + b" small")
        return RenditionSet(files=[file], thumbhash="AA==", processing={})

    assert render_pictures(looked, objects, "shop", render, version="1", workers=2) == 1
    assert waiting(looked) == ["a.jpg"]
    fetched(looked, objects, Fetched(location="a.jpg", data=b"sharp"))
    assert render_pictures(looked, objects, "shop", render, version="1", workers=2) == 1


def test_the_sheet_of_refused_pictures_shows_a_card_where_bytes_are_gone(looked, objects):
    judged(looked)
    objects.delete(digest_key("images", sha256_hex(b"dim")))
    rows = [
        {**row, "reasons": [{"rule": "sharpness", "measured": None}]}
        for row in refused_images(looked, "shop", limit=9)
    ]

    assert set(refused_by_reason(rows, objects)) == {one["rule"] for row in rows for one in row["reasons"]}


def test_a_withdrawn_listing_is_discontinued_whatever_it_last_said(looked):
    judged(looked)
    with looked.begin() as connection:
        for number in (1, 2):
            connection.execute(
                piece_listings.insert().values(
                    collection="shop", listing_id=f"maison:{number}", piece_id="p", rule="alone"
                )
            )
        connection.execute(
            listings.update().where(listings.c.listing_id == "maison:2").values(withdrawn_at=AT)
        )

    rows = searchable_images(looked, "shop").rows

    assert [(row["listing_id"], row["availability"], row["withdrawn"]) for row in rows] == [
        ("maison:1", "in_stock", False),
        ("maison:2", "discontinued", True),
    ]
    assert (rows[0]["source"], rows[0]["title"], rows[0]["age_days"]) == ("maison", "Ring 1", 0)
