"""The sample house on disk."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image, UnidentifiedImageError

from sample_feeds.faults import PICTURE_FAULTS, TINY_PX, UNKNOWN_CATEGORY, UNREADABLE_PRICE
from sample_feeds.house import SampleHouseError, write_house

GOOGLE = "{http://base.google.com/ns/1.0}"
FIRST_DAY = date(2026, 1, 5)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def truth_of(house):
    return json.loads((house / "truth.json").read_text())


def planted(house, kind):
    return next(fault for fault in truth_of(house)["broken"] if fault["kind"] == kind)


def maison_rows(house, day="2026-01-05"):
    return list(csv.DictReader(io.StringIO((house / "maison" / f"{day}.csv").read_text())))


def northgem_items(house, day="2026-01-05"):
    root = ElementTree.fromstring((house / "northgem" / f"{day}.xml").read_text())  # noqa: S314 - our own file
    return [{child.tag.replace(GOOGLE, "g:"): child.text for child in item} for item in root.iter("item")]


def atelier_items(house, day="2026-01-05"):
    return json.loads((house / "atelier" / f"{day}.json").read_text())["catalogue"]


def stated_ids(house, feed, day):
    if feed == "maison":
        return {row["Handle"] for row in maison_rows(house, day)}
    if feed == "northgem":
        return {item["g:id"] for item in northgem_items(house, day) if "g:id" in item}
    return {item["reference"] for item in atelier_items(house, day)}


def test_the_same_parameters_give_the_same_bytes(house, tmp_path):
    write_house(tmp_path / "again", pieces=14, seed=3, drops=2, first_day=FIRST_DAY)

    assert contents(tmp_path / "again") == contents(house)


def test_another_seed_gives_another_house(house, tmp_path):
    write_house(tmp_path / "other", pieces=14, seed=4, drops=1, first_day=FIRST_DAY)

    assert {piece["gtin"] for piece in truth_of(tmp_path / "other")["pieces"]} != {
        piece["gtin"] for piece in truth_of(house)["pieces"]
    }


def test_a_house_that_stands_is_left_alone(tmp_path):
    first = write_house(tmp_path / "house", pieces=12, drops=1, first_day=FIRST_DAY)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "house").rglob("*")}

    second = write_house(tmp_path / "house", pieces=12, drops=1, first_day=FIRST_DAY)

    assert (first.written, second.written) == (True, False)
    assert (second.listings, second.pictures) == (first.listings, first.pictures)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "house").rglob("*")} == before


def test_a_house_with_other_parameters_or_a_lost_delivery_is_written_anew(tmp_path):
    house = tmp_path / "house"
    write_house(house, pieces=12, drops=1, first_day=FIRST_DAY)
    (house / "maison" / "2026-01-05.csv").unlink()

    assert write_house(house, pieces=12, drops=1, first_day=FIRST_DAY).written
    assert (house / "maison" / "2026-01-05.csv").is_file()
    assert write_house(house, pieces=12, drops=1, first_day=date(2026, 2, 1)).written
    assert [path.name for path in (house / "atelier").glob("*.json")] == ["2026-02-01.json"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")

    with pytest.raises(SampleHouseError, match="no sample house"):
        write_house(tmp_path, pieces=12, drops=1, first_day=FIRST_DAY)

    assert contents(tmp_path) == {Path("thesis.txt"): b"three years of work"}


def test_a_house_without_deliveries_is_refused(tmp_path):
    with pytest.raises(ValueError, match="0 deliveries"):
        write_house(tmp_path / "house", drops=0, first_day=FIRST_DAY)


def test_feeds_hold_exactly_what_the_truth_says_on_every_day(house):
    truth = truth_of(house)
    strays = {fault["source_id"] for fault in truth["broken"] if fault["kind"] == "unreadable_price"}

    for day in truth["days"]:
        for feed in ("maison", "northgem", "atelier"):
            expected = {
                piece["listings"][feed]["source_id"]
                for piece in truth["pieces"]
                if feed in piece["listings"]
                and piece["listings"][feed]["first_day"] <= day <= piece["listings"][feed]["last_day"]
            }
            assert stated_ids(house, feed, day) - strays == expected, (feed, day)


def test_three_in_five_pieces_are_sold_by_several_and_every_pair_of_offers_can_be_joined(house):
    pieces = truth_of(house)["pieces"]
    shared = [piece for piece in pieces if len(piece["listings"]) > 1]

    assert 0.5 <= len(shared) / len(pieces) <= 0.7
    for piece in shared:
        common = set.intersection(*(set(offer["states"]) for offer in piece["listings"].values()))
        by_attributes = piece["stone"] and piece["fineness"] and "diameter" not in piece["dimensions_mm"]
        assert common or by_attributes, piece["key"]


def test_identifiers_in_the_feeds_are_the_pieces_own(house):
    truth = truth_of(house)
    by_id = {
        (feed, offer["source_id"]): (piece, offer)
        for piece in truth["pieces"]
        for feed, offer in piece["listings"].items()
    }
    for item in northgem_items(house)[:-1]:
        if "g:id" in item:
            piece, offer = by_id["northgem", item["g:id"]]
            assert item.get("g:gtin") == (piece["gtin"] if "gtin" in offer["states"] else None)
            assert item.get("g:mpn") == (piece["mpn"] if "mpn" in offer["states"] else None)
    for item in atelier_items(house):
        piece, _ = by_id["atelier", item["reference"]]
        assert (item["ean"], item["mpn"], item["brand"]) == (piece["gtin"], piece["mpn"], piece["brand"])


def test_every_named_picture_opens_but_those_that_were_broken_on_purpose(house):
    truth = truth_of(house)
    unreadable = {
        fault["file"]
        for fault in truth["broken"]
        if fault["kind"] in ("html_as_jpeg", "truncated_jpeg", "missing_picture")
    }
    named = {
        (feed, picture["file"])
        for piece in truth["pieces"]
        for feed, offer in piece["listings"].items()
        for picture in offer["pictures"]
    }

    for feed, file in named:
        if file not in unreadable:
            with Image.open(house / feed / "images" / file) as picture:
                picture.load()
                assert picture.format == "JPEG"
    on_disk = {
        (
            path.relative_to(house).parts[0],
            path.relative_to(house / path.relative_to(house).parts[0] / "images").as_posix(),
        )
        for path in house.rglob("*.jpg")
    }
    assert on_disk == named - {("atelier", planted(house, "missing_picture")["file"])}


def test_pictures_that_two_sources_share_have_the_same_bytes_and_no_others_do(house):
    shared = {
        (f"{feed}/{picture['file']}", picture["same_bytes_as"])
        for piece in truth_of(house)["pieces"]
        for feed, offer in piece["listings"].items()
        for picture in offer["pictures"]
        if picture["same_bytes_as"]
    }
    by_bytes: dict[bytes, list[str]] = {}
    for path in house.rglob("*.jpg"):
        feed, _, file = path.relative_to(house).as_posix().partition("/images/")
        by_bytes.setdefault(path.read_bytes(), []).append(f"{feed}/{file}")

    pairs = {tuple(sorted(names)) for names in by_bytes.values() if len(names) > 1}
    assert pairs == {tuple(sorted(pair)) for pair in shared}
    assert pairs


def test_what_goes_wrong_stands_in_the_feeds_as_the_truth_says(house):
    rows, items = maison_rows(house), northgem_items(house)

    priced = {row["Handle"]: row["Variant Price"] for row in rows if row["Variant Price"]}
    assert [handle for handle, price in priced.items() if price == UNREADABLE_PRICE] == [
        planted(house, "unreadable_price")["source_id"]
    ]
    assert sum("g:id" not in item for item in items) == 1
    ids = [item["g:id"] for item in items if "g:id" in item]
    assert {one for one in ids if ids.count(one) > 1} == {planted(house, "duplicate_id")["source_id"]}
    assert [item["g:id"] for item in items if item["g:product_type"] == UNKNOWN_CATEGORY] == [
        planted(house, "unknown_category")["source_id"]
    ]
    assert {fault["kind"] for fault in truth_of(house)["broken"]} >= {kind for kind, _, _ in PICTURE_FAULTS}


def test_two_sources_disagree_about_the_fineness_of_one_piece(house):
    fault = planted(house, "fineness_disagreement")
    truth = next(piece for piece in truth_of(house)["pieces"] if piece["key"] == fault["piece"])
    title = next(row["Title"] for row in maison_rows(house) if row["Handle"] == fault["source_id"])
    item = next(
        item
        for item in atelier_items(house)
        if item["reference"] == truth["listings"]["atelier"]["source_id"]
    )
    fineness = next(spec["value"] for spec in item["specs"] if spec["label"] == "Fineness")

    karats = {375: "9k", 585: "14k", 750: "18k"}
    assert fineness == f"{truth['fineness']}/1000"
    assert karats.get(truth["fineness"], str(truth["fineness"])) not in title


def test_broken_pictures_are_broken_in_the_way_that_is_said(house):
    def path(kind):
        fault = planted(house, kind)
        return house / fault["feed"] / "images" / fault["file"]

    assert not path("missing_picture").exists()
    with pytest.raises(UnidentifiedImageError):
        Image.open(path("html_as_jpeg"))
    with Image.open(path("truncated_jpeg")) as cut, pytest.raises(OSError, match="truncated"):
        cut.load()
    with Image.open(path("tiny_picture")) as tiny:
        assert tiny.size == (TINY_PX, TINY_PX)
    with Image.open(path("too_dark")) as dark:
        assert max(dark.convert("L").getextrema()) < 40
