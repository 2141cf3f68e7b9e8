"""The readers on feeds that nobody here wrote: every item is a listing or a reject, and none is lost."""

import csv
import json
from collections import Counter

import pytest

from catalog.checking import check_file, guess_format
from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Listing, Reject
from catalog.reading import read_delivery

pytestmark = pytest.mark.real


def read(path, **declaration):
    declared = FeedDeclaration(**{"name": "shop", "kind": "retailer", "location": str(path)} | declaration)
    found = list(read_delivery(path, declared))
    return [[one for one in found if isinstance(one, kind)] for kind in (Listing, Reject, Damage)]


def test_shopifys_41_rows_are_20_products(real):
    listings, rejects, damage = read(
        real / "feeds/shopify_jewelery.csv", format="shopify_csv", currency="USD"
    )

    anchor = next(one for one in listings if one.source_id == "leather-anchor")
    assert (len(listings), rejects, damage) == (20, [], [])
    assert (anchor.price_minor, anchor.list_price_minor, len(anchor.images)) == (5500, 8500, 3)


def test_the_broken_merchant_feed_gives_its_24_products_and_one_damage(real):
    path = real / "feeds/m5zoon_merchant-feed.xml"
    _, perfumes, _ = read(path, format="google_merchant_xml", language="ar")
    # What is sold is not asked here, so that the products before the damage are read as listings.
    listings, rejects, damage = read(
        path, format="google_merchant_xml", language="ar", mapping={"category": "none"}
    )

    assert [one.reason for one in perfumes] == 24 * ["not_jewelry"]
    assert (len(listings), rejects) == (24, [])
    assert [one.place for one in damage] == ["line 321"]
    assert (listings[0].price_minor, listings[0].list_price_minor, listings[0].currency) == (
        25200,
        35200,
        "AED",
    )


def test_the_broken_atom_feed_and_the_empty_json_are_damage(real):
    _, _, damage = read(real / "feeds/m5zoon_product-feed.xml", format="google_merchant_xml")
    assert [one.place for one in damage] == ["line 25"]
    empty = check_file(real / "feeds/m5zoon_empty_sa3at.json")
    assert (empty.items, empty.damage.place) == (0, "file")


def test_all_80_rows_with_eight_spellings_of_purity_are_accounted_for(real):
    path = real / "feeds/giva_scrape.csv"
    mapping = {
        "source_id": "image_url", "title": "title", "category": "category", "metal": "metal",
        "fineness": "purity", "stones": "stone_type", "dimensions_mm.*": "dimensions", "price": "price",
        "images": "image_url",
    }  # fmt: skip

    listings, rejects, damage = read(path, format="csv", currency="INR", mapping=mapping)

    assert len(listings) + len(rejects) == sum(1 for _ in csv.DictReader(path.open(encoding="utf-8"))) == 80
    assert (Counter(one.reason for one in rejects), damage) == (Counter(duplicate_id=29), [])
    assert {one.fineness for one in listings} == {585, 750, 925, None}
    rose_plated = [
        one for one in listings if "fineness" in one.read_from and "Rose" in one.read_from["fineness"].raw
    ]
    assert {(one.metal, one.plating, one.metal_colour) for one in rose_plated} == {("silver", "gold", "rose")}


@pytest.mark.parametrize(("shop", "items"), [("zariya", 77), ("bijoux", 102)])
def test_every_product_of_a_shop_is_a_listing_with_price_category_and_picture(real, shop, items):
    path = real / f"shops/{shop}/feed.json"
    declaration = guess_format(path)

    listings = [one for one in read_delivery(path, declaration) if isinstance(one, Listing)]

    assert len(listings) == len(json.loads(path.read_text(encoding="utf-8"))) == items
    assert all(one.price_minor and one.images for one in listings)
    assert {one.category for one in listings} <= {"ring", "necklace", "earrings", "bracelet", "pendant"}


def test_a_specification_feed_without_prices_is_read_whole(real):
    mapping = {"source_id": "id", "title": "{gender} {baseColour} {articleType}", "category": "articleType",
               "colour": "baseColour", "styles": "usage"}  # fmt: skip

    listings, rejects, damage = read(
        real / "shops/myntra/feed.csv",
        kind="manufacturer",
        format="csv",
        mapping=mapping,
        images_pattern="images/{id}.jpg",
    )

    assert (len(listings), rejects, damage) == (3622, [], [])
    assert Counter(one.category for one in listings)["watch"] == 2542
    assert all(one.metal is None for one in listings)  # "Silver" there is a colour
    assert listings[0].images[0].location == "images/59263.jpg"


def test_the_arabic_table_is_read_whole_its_watches_as_listings_and_its_perfumes_as_rejects(real):
    report = check_file(real / "feeds/m5zoon_merchant-feed-ar.csv")

    assert (report.items, report.accepted, report.damage) == (263, 197, None)
