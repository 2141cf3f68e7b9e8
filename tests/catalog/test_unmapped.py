"""Values that map to nothing, by frequency."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.intake import take_in
from catalog.reading import read_delivery
from catalog.unmapped import as_markdown, most_frequent, unmapped_values
from storage.objects import LocalObjectStore

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
ROWS = """id,name,kind,metal,stones,size
a,One,Gadgets,Gold,Kryptonite,
b,Two,Gadgets,Unobtainium,"Diamond, Kryptonite",7
c,Three,Rings,Gold,Diamond,EU 54
d,Four,,,,
e,Five,Rings,"18K gold, 925 silver",Diamond,EU 54
"""
MAPPING = {
    "source_id": "id", "title": "name", "category": "kind", "metal": "metal", "stones": "stones",
    "ring_size": "size",
}  # fmt: skip


@pytest.fixture
def declaration(engine, tmp_path):
    declaration = FeedDeclaration(
        name="shop", kind="retailer", format="csv", location=str(tmp_path), mapping=MAPPING
    )
    path = tmp_path / "2026-01-05.csv"
    path.write_text(ROWS, encoding="utf-8")
    arrival = Arrival(name=path.name, path=path, delivered_at=MONDAY, validators={})
    objects = LocalObjectStore(tmp_path / "objects")
    keep(engine, objects, "house", declaration, [arrival], received_at=MONDAY, day="2026-01-05")
    (delivery,) = waiting(engine, "house", "shop")
    take_in(engine, delivery, declaration, read_delivery(path, declaration))
    return declaration


def test_each_value_that_maps_to_nothing_is_counted_once_for_each_listing(engine, declaration):
    found = unmapped_values(engine, "house", declaration)

    assert [(one.field, one.value, one.count, one.example) for one in found] == [
        ("category", "Gadgets", 2, "shop:a"),
        ("stones", "Kryptonite", 2, "shop:a"),
        ("metal", "18K gold, 925 silver", 1, "shop:e"),  # which of the two it is, nobody said
        ("metal", "Unobtainium", 1, "shop:b"),
        ("ring_size", "7", 1, "shop:b"),
    ]


def test_the_table_names_the_most_frequent_and_says_how_many_more_there_are(engine, declaration):
    found = unmapped_values(engine, "house", declaration)

    lines = as_markdown(found, most=1).splitlines()
    assert lines[2] == "| category | Gadgets | 2 | shop:a | kind |"
    assert lines[-1] == "and 4 more: `loupe feeds unmapped shop`"
    assert "maps" in as_markdown([])


def test_over_several_feeds_the_most_frequent_come_first_and_each_feed_has_its_say(engine, declaration):
    silent = FeedDeclaration(name="other", kind="retailer", format="csv", location=".", mapping=MAPPING)

    found = most_frequent(engine, "house", [silent, declaration], most=3)

    assert [(one.value, one.count) for one in found] == [
        ("Gadgets", 2),
        ("Kryptonite", 2),
        ("18K gold, 925 silver", 1),
    ]
    lines = as_markdown([*found, replace(found[0], feed="other")], most=3).splitlines()
    assert lines[-1] == "and 1 more: `loupe feeds unmapped`"
