"""Drawings, models and certificates: named by a feed, fetched once, kept by digest."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.attachments.certificates import read_certificate
from catalog.attachments.fetching import fetch_attachments
from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.intake import take_in
from catalog.listing import Remark
from catalog.locations import LocationAccess
from catalog.reading import read_delivery
from catalog.tables import attachments, listings
from storage.objects import LocalObjectStore, digest_key, sha256_hex

MAPPING = {
    "source_id": "id", "title": "name", "origin": "made_in",
    "attachments.drawing": "drawings[]", "attachments.model_3d": "model",
    "certificate_details.laboratory": "report.lab", "certificate_details.number": "report.no",
    "certificate_details.carat": "report.weight", "certificate_details.clarity": "report.clarity",
}  # fmt: skip
RING = {
    "id": "r1", "name": "Ring", "made_in": "Italy", "model": "r1.stl",
    "drawings": [{"file": "r1.svg", "title": "Front"}, {"file": "gone.pdf"}],
    "report": {"lab": "GIA", "no": "2141438172", "weight": "0.71 ct", "clarity": "vvs 1"},
}  # fmt: skip


@pytest.fixture
def house(engine, tmp_path):
    """Deliver records on a day of January, and fetch what they name; give the engine and the objects."""
    objects = LocalObjectStore(tmp_path / "objects")
    declaration = FeedDeclaration(
        name="maker", kind="manufacturer", format="json", location=str(tmp_path), mapping=MAPPING
    )
    (tmp_path / "r1.svg").write_bytes(b"<svg/>")
    (tmp_path / "r1.stl").write_bytes(b"solid ring")

    def deliver(records, day):
        at = datetime(2026, 1, day, tzinfo=UTC)
        path = tmp_path / f"2026-01-{day:02}.json"
        path.write_text(json.dumps(records), encoding="utf-8")
        arrival = Arrival(name=path.name, path=path, delivered_at=at, validators={})
        keep(engine, objects, "house", declaration, [arrival], received_at=at, day=f"{at:%Y-%m-%d}")
        for delivery in waiting(engine, "house", "maker"):
            take_in(engine, delivery, declaration, read_delivery(path, declaration))
        return fetch_attachments(engine, objects, "house", declaration, LocationAccess(), attempts=3)

    deliver.engine, deliver.objects, deliver.declaration = engine, objects, declaration
    return deliver


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(
            sa.select(attachments).order_by(attachments.c.listing_id, attachments.c.position)
        ).all()


def test_files_are_kept_by_digest_and_one_that_is_missing_says_so(house):
    counts = house([RING], 5)

    drawing, missing, model = rows(house.engine)
    assert counts == {"fetched": 2, "failed": 1}
    assert (drawing.kind, drawing.name, drawing.bytes) == ("drawing", "Front", 6)
    assert house.objects.get(digest_key("attachments", drawing.digest)) == b"<svg/>"
    assert (model.kind, model.name, model.digest) == ("model_3d", "r1.stl", sha256_hex(b"solid ring"))
    assert (missing.state, missing.reason) == ("failed", "missing_file")
    assert "file 'gone.pdf' is not in" in missing.message
    assert "`attachments`" in missing.message
    (feed,) = books(house.engine, "house", [house.declaration]).feeds
    assert feed.balanced
    assert feed.attachment_states == {"fetched": 2, "failed": 1, "pending": 0}


def test_the_same_statement_asks_for_nothing_and_a_new_file_is_fetched(house):
    house([RING], 5)
    before = rows(house.engine)

    assert house([RING | {"name": "The Ring"}], 6) == {"failed": 1}  # looked for again: it may be there now
    assert rows(house.engine) == before

    house([RING | {"model": None}], 7)
    assert [row.live for row in rows(house.engine)] == [True, True, False]


def test_a_file_that_leads_out_of_the_folder_is_refused(house):
    house([RING | {"drawings": ["../../etc/passwd"], "model": None}], 5)

    assert [(row.state, row.reason) for row in rows(house.engine)] == [("failed", "outside_folder")]


def test_certificate_and_origin_are_fields(house):
    house([RING], 5)

    with house.engine.connect() as connection:
        row = connection.execute(sa.select(listings)).one()
    assert row.certificate_details == {
        "laboratory": "GIA", "number": "2141438172", "carat": 0.71, "clarity": "VVS1",
    }  # fmt: skip
    assert (row.origin, row.certificate) == ("Italy", "2141438172")


def test_a_weight_that_is_none_is_remarked_and_left_out(tmp_path):
    assert read_certificate({"carat": "heavy", "colour": "d"})[0] == {"colour": "D"}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([RING | {"report": {"weight": "heavy"}}]), encoding="utf-8")
    declaration = FeedDeclaration(
        name="maker", kind="manufacturer", format="json", location="x", mapping=MAPPING
    )
    remarks = [one for one in read_delivery(path, declaration) if isinstance(one, Remark)]

    assert "'heavy' is no weight in carats: it was left out" in [one.message for one in remarks]
