"""What a feed says is no jewelry becomes no listing; what may be jewelry stays."""

import csv

import pytest

from catalog.declarations import FeedDeclaration
from catalog.listing import Listing
from catalog.other_goods import other_goods_stated
from catalog.readers.record import Record
from catalog.standardise import Standardiser


@pytest.mark.parametrize(
    ("stated", "language", "goods"),
    [
        ("Casual Shoes", "en", "shoes"),
        ("Apparel > Topwear > Tshirts", "en", "clothing"),
        ("Women's Leather Handbags", "en", "bags"),
        ("Apparel & Accessories > Handbag & Wallet Accessories > Wallets", "en", "bags"),
        ("Kurta Sets", "en", "clothing"),
        ("Jewelry > Jewelry Boxes", "en", "care_and_packaging"),
        ("Chemises pour homme", "fr", "clothing"),
        ("Accessoires > Sonnenbrillen", "de", "eyewear"),
        ("عطور", "ar", "beauty"),
    ],
)
def test_a_category_of_other_goods_is_known_for_what_it_is(stated, language, goods):
    assert other_goods_stated(stated, language=language) == goods


@pytest.mark.parametrize(
    "stated",
    [
        "Clothing, Shoes & Jewelry > Women > Jewelry > Rings",
        "Clothing, Shoes & Jewelry",
        "Rings, Shirts",
        "Watches & Sunglasses",
        "Tie Pins",
        "Dress Watches",
        "Jewellery Set",
        "Sets",
        "Top 10",
        "Keepsakes & Curios",
        "Costume Jewelry",
        "Accessories",
        "",
    ],
)
def test_a_category_that_may_be_jewelry_is_left_alone(stated):
    assert other_goods_stated(stated) is None


def test_a_row_that_states_other_goods_is_rejected_whatever_its_title_says():
    declaration = FeedDeclaration(
        name="shop", kind="retailer", format="csv", location="feed.csv",
        mapping={"source_id": "id", "title": "name", "category": "type"},
    )  # fmt: skip

    bag, _ = Standardiser(declaration).read(
        Record(place="row 1", fields={"id": "1", "name": "Handbag with gold chain", "type": "Handbags"})
    )
    ring, _ = Standardiser(declaration).read(
        Record(place="row 2", fields={"id": "2", "name": "Handbag charm ring", "type": "Rings"})
    )

    assert (bag.reason, bag.field, bag.value) == ("not_jewelry", "category", "Handbags")
    assert isinstance(ring, Listing)


@pytest.mark.real
def test_no_row_of_a_real_jewelry_feed_is_taken_for_other_goods(real):
    with (real / "shops/myntra/feed.csv").open(newline="") as file:
        stated = {row["articleType"] for row in csv.DictReader(file)}

    assert {one: other_goods_stated(one) for one in stated} == dict.fromkeys(stated)
