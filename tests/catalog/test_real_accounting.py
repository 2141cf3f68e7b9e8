"""Every real feed and shop through intake: the books hold what was counted without our readers."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.checking import check_file
from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.intake import take_in
from catalog.reading import read_delivery
from catalog.tables import deliveries, listings, rejects
from orchestration.settings import load_settings
from storage.database import open_database
from storage.objects import LocalObjectStore, digest_key

pytestmark = pytest.mark.real

SHOPS = load_settings(Path(__file__).parent.parent / "real/loupe.yaml", {})
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
GIVA = {
    "source_id": "image_url", "title": "title", "description": "description", "category": "category",
    "metal": "metal", "fineness": "purity", "plating": "finish", "stones": "stone_type",
    "dimensions_mm.*": "dimensions", "price": "price", "images": "image_url",
}  # fmt: skip
ARABIC = {
    "source_id": "ID", "title": "Title", "description": "Description", "url": "URL", "brand": "Brand",
    "category": "Category", "availability": "Availability", "price": "Sale_Price | Price",
    "list_price": "Price", "images": "Image",
}  # fmt: skip
ARABIC_JSON = {ours: theirs.lower() for ours, theirs in ARABIC.items()} | {"url": "link"}
FILES = {
    "shopify_jewelery.csv": {"format": "shopify_csv", "currency": "USD"},
    "giva_scrape.csv": {"format": "csv", "currency": "INR", "mapping": GIVA},
    "m5zoon_merchant-feed-ar.csv": {"format": "csv", "language": "ar", "mapping": ARABIC},
    "m5zoon_merchant-feed.xml": {"format": "google_merchant_xml", "language": "ar"},
    "m5zoon_product-feed.xml": {"format": "google_merchant_xml", "language": "ar"},
    "m5zoon_product-feed.json": {
        "format": "json", "language": "ar", "records": "products", "mapping": ARABIC_JSON,
    },
    "m5zoon_empty_sa3at.json": {"format": "json", "mapping": ARABIC_JSON},
}  # fmt: skip
BROKEN = ("m5zoon_merchant-feed.xml", "m5zoon_product-feed.xml", "m5zoon_empty_sa3at.json")


def declared(real: Path, file: str, **changes) -> tuple[Path, FeedDeclaration]:
    """Return a feed's file and how it is read; a bare name is a shop of ``tests/real/loupe.yaml``."""
    if file in FILES:
        path = real / "feeds" / file
        values = {"name": "shop", "kind": "retailer", "location": str(path)} | FILES[file]
        return path, FeedDeclaration(**values | changes)
    declaration = SHOPS.feed(file, file)
    return Path(declaration.location), declaration


def items_in(path: Path) -> int:
    """Count what a file holds, as far as it can be read, without any of our readers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".xml":
        # An element is whole up to the line at which libxml and expat both give up.
        broken_at = {"m5zoon_merchant-feed.xml": 321, "m5zoon_product-feed.xml": 25}[path.name]
        return len(re.findall(r"</(?:item|entry)>", "\n".join(text.split("\n")[: broken_at - 1])))
    if path.suffix == ".json":
        document = json.loads(text or "[]")
        return len(document["products"] if isinstance(document, dict) else document)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return len({row["Handle"] for row in rows}) if "Handle" in rows[0] else len(rows)


@pytest.fixture
def taken_in(tmp_path):
    """Take one file in, in a database of its own; give the engine, its books and the report."""
    engine = open_database(f"sqlite:///{tmp_path / 'catalogue.db'}")
    objects = LocalObjectStore(tmp_path / "objects")

    def take(path: Path, declaration: FeedDeclaration):
        arrival = Arrival(name=path.name, path=path, delivered_at=None, validators={})
        keep(engine, objects, "real", declaration, [arrival], received_at=MONDAY, day="2026-01-05")
        (delivery,) = waiting(engine, "real", declaration.name)
        kept = objects.local_path(digest_key("deliveries", delivery.digest), tmp_path / "local")
        report = take_in(engine, delivery, declaration, read_delivery(kept, declaration))
        return engine, books(engine, "real", [declaration]).feeds[0], report

    yield take
    engine.dispose()


def test_no_real_feed_is_left_out(real):
    assert {path.name for path in (real / "feeds").iterdir()} == FILES.keys()
    assert {path.name for path in (real / "shops").iterdir()} <= SHOPS.collections.keys()


@pytest.mark.parametrize("name", [*FILES, "zariya", "bijoux", "myntra"])
def test_every_item_is_a_stored_listing_or_a_stored_reject(real, taken_in, name):
    path, declaration = declared(real, name)

    engine, held, report = taken_in(path, declaration)

    with engine.connect() as connection:
        stored, refused = (
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (listings, rejects)
        )
    assert report.state == ("damaged" if name in BROKEN else "read")
    assert stored + refused == held.items == items_in(path)
    assert (held.accepted, held.rejected) == (stored, refused)
    assert held.balanced


@pytest.mark.parametrize(
    ("name", "before", "said"),
    [
        ("m5zoon_merchant-feed.xml", 24, r"line 321, column 25 .*the 24 products before it were read.*&amp;"),
        ("m5zoon_product-feed.xml", 0, r"line 25, column 101 .*none of its products were read.*close every"),
        ("m5zoon_empty_sa3at.json", 0, r"empty \(0 bytes\): have it exported again"),
    ],
)
def test_a_broken_file_gives_what_precedes_the_break_or_is_held_whole_by_setting(
    real, taken_in, name, before, said
):
    kept = taken_in(*declared(real, name, damage="keep"))
    held = taken_in(*declared(real, name, damage="hold", name="careful"))

    engine = kept[0]
    with engine.connect() as connection:
        error = {
            row.feed: row.error
            for row in connection.execute(sa.select(deliveries.c.feed, deliveries.c.error))
        }
        by_feed = Counter(
            connection.execute(
                sa.union_all(sa.select(listings.c.feed), sa.select(rejects.c.feed))  # it sells perfume, too
            ).scalars()
        )
    assert (kept[2].state, held[2].state) == ("damaged", "held")
    assert by_feed == ({"shop": before} if before else {})
    assert re.search(said, error["shop"])
    assert re.search(said, error["careful"])
    assert "loupe feeds release real.careful" in error["careful"]


@pytest.mark.parametrize("name", [*FILES, "zariya", "bijoux", "myntra"])
def test_whatever_is_said_of_a_row_names_the_value_and_what_was_done_or_is_to_do(real, name):
    report = check_file(*declared(real, name))

    done = re.compile(r"left (?:out|empty|unknown)|was taken|give every product|mend the mapping|no length")
    for one in report.remarks:
        assert done.search(one.message), one
        assert one.value is None or one.value in one.message, one
    for summary in report.rejects:
        assert all(done.search(one.message) and (one.value or "") in one.message for one in summary.examples)
