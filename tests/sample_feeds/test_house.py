"""The sample house on disk."""

import csv
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image, UnidentifiedImageError

from sample_feeds import pictures
from sample_feeds.assortments import DELIVERED_EVERY, FEEDS
from sample_feeds.faults import PICTURE_FAULTS, TINY_PX, UNKNOWN_CATEGORY, UNREADABLE_PRICE
from sample_feeds.house import SampleHouseError, write_house
from sample_feeds.truth import read_truth

GOOGLE = "{http://base.google.com/ns/1.0}"
FIRST_DAY = date(2026, 1, 5)
SMALL = {"pieces": 12, "days": 2, "first_day": FIRST_DAY, "size_px": 192, "workers": 1}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def planted(house, kind):
    return read_truth(house).faults_of(kind)[0]


def maison_rows(house, day="2026-01-05"):
    return list(csv.DictReader(io.StringIO((house / "maison" / f"{day}.csv").read_text())))


def northgem_items(house, day="2026-01-05"):
    root = ElementTree.fromstring((house / "northgem" / f"{day}.xml").read_text())  # noqa: S314 - our own file
    return [{child.tag.replace(GOOGLE, "g:"): child.text for child in item} for item in root.iter("item")]


def juwelhaus_rows(house, day="2026-01-05"):
    text = (house / "juwelhaus" / f"{day}.csv").read_text(encoding="cp1252")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def atelier_items(house, day="2026-01-05"):
    return json.loads((house / "atelier" / f"{day}.json").read_text())["catalogue"]


def stated_ids(house, feed, day):
    if feed == "maison":
        return {row["Handle"] for row in maison_rows(house, day)}
    if feed == "northgem":
        return {item["g:id"] for item in northgem_items(house, day) if "g:id" in item}
    return {item["reference"] for item in atelier_items(house, day)}


def delivered_days(house, feed):
    return sorted(path.stem for path in (house / feed).iterdir() if path.is_file())


def test_the_same_parameters_give_the_same_bytes_and_another_seed_others(tmp_path, flat_pictures):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        write_house(tmp_path / name, seed=seed, **SMALL)

    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert {piece["gtin"] for piece in read_truth(tmp_path / "one").pieces} != {
        piece["gtin"] for piece in read_truth(tmp_path / "other").pieces
    }


def test_a_house_that_stands_is_left_alone(tmp_path, flat_pictures):
    first = write_house(tmp_path / "house", **SMALL)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "house").rglob("*")}

    second = write_house(tmp_path / "house", **SMALL)

    assert (first.written, second.written) == (True, False)
    assert (second.listings, second.pictures) == (first.listings, first.pictures)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "house").rglob("*")} == before


def test_a_house_with_other_parameters_or_a_lost_delivery_is_written_anew(tmp_path, flat_pictures):
    house = tmp_path / "house"
    write_house(house, **SMALL)
    (house / "maison" / "2026-01-05.csv").unlink()

    assert write_house(house, **SMALL).written
    assert (house / "maison" / "2026-01-05.csv").is_file()
    assert write_house(house, **{**SMALL, "first_day": date(2026, 2, 1)}).written
    assert delivered_days(house, "atelier") == ["2026-02-01"]


def test_an_interrupted_house_is_not_there_and_goes_on_where_it_stopped(tmp_path, monkeypatch, flat_pictures):
    whole = tmp_path / "whole"
    write_house(whole, **SMALL)
    needed = len(flat_pictures)
    flat_pictures.clear()
    flat = pictures.picture_bytes

    def power_cut(task):
        if len(flat_pictures) == needed // 2:
            raise KeyboardInterrupt
        return flat(task)

    monkeypatch.setattr(pictures, "picture_bytes", power_cut)
    with pytest.raises(KeyboardInterrupt):
        write_house(tmp_path / "cut", **SMALL)
    there = (tmp_path / "cut").exists()
    monkeypatch.setattr(pictures, "picture_bytes", flat)
    write_house(tmp_path / "cut", **SMALL)

    assert not there
    assert len(flat_pictures) < needed + pictures.BATCH
    assert contents(tmp_path / "cut") == contents(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "whole"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")

    with pytest.raises(SampleHouseError, match="no sample house"):
        write_house(tmp_path, **SMALL)

    assert contents(tmp_path) == {Path("thesis.txt"): b"three years of work"}


@pytest.mark.parametrize(("name", "value"), [("days", 0), ("pieces", 11), ("size_px", 20), ("workers", 0)])
def test_a_house_out_of_bounds_is_refused_with_its_bounds(tmp_path, name, value):
    with pytest.raises(SampleHouseError, match=rf"{name} = {value}: .*; ask for \d+ to \d+"):
        write_house(tmp_path / "house", **{**SMALL, name: value})

    assert not (tmp_path / "house").exists()


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SampleHouseError, match=r"file/house cannot be written \(.*\): name a folder"):
        write_house(tmp_path / "file" / "house", **SMALL)


def test_every_source_delivers_in_its_own_rhythm(tmp_path, flat_pictures):
    write_house(tmp_path / "house", **{**SMALL, "days": 15})

    for feed in ("maison", "northgem", "atelier"):
        days = [date.fromisoformat(day).toordinal() for day in delivered_days(tmp_path / "house", feed)]
        assert days == list(range(FIRST_DAY.toordinal(), FIRST_DAY.toordinal() + 15, DELIVERED_EVERY[feed]))


def test_full_deliveries_hold_exactly_what_the_truth_says_on_every_day(tmp_path, flat_pictures):
    house = tmp_path / "house"
    write_house(house, **{**SMALL, "pieces": 90, "days": 15})
    truth = read_truth(house)
    strays = {
        fault["source_id"] for fault in truth.faults if (fault["source_id"] or "").startswith("article")
    }
    tripped = {(fault["feed"], fault["day"]) for fault in truth.faults_of("tripped_delivery")}

    checked = 0
    for feed in ("maison", "northgem", "atelier"):
        for day in delivered_days(house, feed):
            expected = {
                row["source_id"]
                for row in truth.listings
                if row["feed"] == feed and row["first_day"] <= day <= row["last_day"]
            }
            stated = stated_ids(house, feed, day) - strays
            if (feed, day) in tripped:
                assert len(stated) < 0.1 * len(expected)
            else:
                assert stated == expected, (feed, day)
            checked += 1
    assert checked == 15 + 8 + 3
    assert tripped


def test_increments_hold_what_changed_and_add_up_to_the_last_day(tmp_path, flat_pictures):
    house = tmp_path / "house"
    write_house(house, **{**SMALL, "pieces": 60, "days": 15})
    days = delivered_days(house, "juwelhaus")
    standing: dict[str, dict[str, str]] = {}
    for day in days:
        for row in juwelhaus_rows(house, day):
            if not row["Artikelnummer"].startswith("article"):
                assert standing.get(row["Artikelnummer"]) != row
                standing[row["Artikelnummer"]] = row

    first, last = len(juwelhaus_rows(house, days[0])), len(juwelhaus_rows(house, days[-1]))
    last_offers = {row["source_id"]: row for row in read_truth(house).offers if row["feed"] == "juwelhaus"}
    assert last < first / 2
    assert standing.keys() == last_offers.keys()
    for source_id, row in standing.items():
        price = int(row["Preis"].replace(".", "").replace(",", ""))
        assert price == last_offers[source_id]["price_minor"]


def test_three_in_five_pieces_are_sold_by_several_and_every_pair_of_offers_can_be_joined(
    tmp_path, flat_pictures
):
    write_house(tmp_path / "house", **{**SMALL, "pieces": 100})
    truth = read_truth(tmp_path / "house")
    listed: dict[str, list[dict]] = {}
    for row in truth.listings:
        listed.setdefault(row["piece"], []).append(row)
    shared = [piece for piece in truth.pieces if len(listed[piece["key"]]) > 1]

    assert 0.55 <= len(shared) / len(truth.pieces) <= 0.65
    for piece in shared:
        common = set.intersection(*(set(row["states"]) for row in listed[piece["key"]]))
        by_attributes = piece["stone"] and piece["fineness"] and "diameter" not in piece["dimensions_mm"]
        assert common or by_attributes, piece["key"]


def test_identifiers_in_the_feeds_are_the_pieces_own(house):
    truth = read_truth(house)
    pieces = {piece["key"]: piece for piece in truth.pieces}
    by_id = {(row["feed"], row["source_id"]): (pieces[row["piece"]], row) for row in truth.listings}
    broken = {fault["source_id"] for fault in truth.faults_of("broken_gtin")}
    for item in northgem_items(house)[:-1]:
        if "g:id" in item and item["g:id"] not in broken:
            piece, row = by_id["northgem", item["g:id"]]
            assert item.get("g:gtin") == (piece["gtin"] if "gtin" in row["states"] else None)
            assert item.get("g:mpn") == (piece["mpn"] if "mpn" in row["states"] else None)
    for item in atelier_items(house):
        if item["name"]:
            piece, _ = by_id["atelier", item["reference"]]
            assert (item["ean"], item["mpn"], item["brand"]) == (piece["gtin"], piece["mpn"], piece["brand"])


def test_every_named_picture_opens_but_those_that_were_broken_on_purpose(house):
    truth = read_truth(house)
    unreadable = {
        fault["file"]
        for fault in truth.faults
        if fault["kind"] in ("html_as_jpeg", "truncated_jpeg", "missing_picture")
    }
    listed = {(row["feed"], file) for row in truth.listings for file in row["pictures"]}
    listed |= {("community", file) for row in truth.contributions for file in row["pictures"]}

    on_disk = {
        (feed, path.relative_to(house / feed / "images").as_posix())
        for feed in (*FEEDS, "community")
        for path in (house / feed / "images").rglob("*.jpg")
    }
    assert listed == {(row["feed"], row["file"]) for row in truth.pictures}
    assert on_disk == listed - {
        (fault["feed"], fault["file"]) for fault in truth.faults_of("missing_picture")
    }
    for feed, file in on_disk:
        if file not in unreadable:
            with Image.open(house / feed / "images" / file) as picture:
                picture.load()
                assert picture.format == "JPEG"


def test_pictures_that_two_sources_share_have_the_same_bytes_and_no_others_do(house):
    shared = {
        tuple(sorted((f"{row['feed']}/{row['file']}", row["same_bytes_as"])))
        for row in read_truth(house).pictures
        if row["same_bytes_as"]
    }
    by_bytes: dict[str, list[str]] = {}
    for path in house.rglob("*.jpg"):
        feed, _, file = path.relative_to(house).as_posix().partition("/images/")
        by_bytes.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(f"{feed}/{file}")

    pairs = {
        tuple(sorted((one, names[0])))
        for names in (sorted(names) for names in by_bytes.values())
        for one in names[1:]
    }
    assert pairs == shared
    assert pairs


def test_every_seller_photographs_with_a_camera_of_its_own(house):
    rows = read_truth(house).pictures
    sizes = {row["feed"]: row["size_px"] for row in rows}

    assert len(set(sizes.values())) > 2
    taken = [
        (row["piece"], row["seed"]) for row in rows if row["view"] != "turntable" and not row["same_bytes_as"]
    ]
    assert len(set(taken)) == len(taken)


def test_customers_pictures_are_degraded_and_shops_are_not(house):
    rows = read_truth(house).pictures

    assert all(not row["degradations"] for row in rows if row["feed"] != "community")
    assert any(row["degradations"] for row in rows if row["feed"] == "community")


def test_what_goes_wrong_stands_in_the_feeds_as_the_truth_says(house):
    rows, items, german = maison_rows(house), northgem_items(house), juwelhaus_rows(house)

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
    assert [row["Artikelnummer"] for row in german if row["Währung"] == "EUR"] == [
        planted(house, "wrong_currency")["source_id"]
    ]
    shifted = [row for row in german if row["Beschreibung"].startswith(" neu eingetroffen")]
    assert [row["Artikelnummer"] for row in shifted] == [planted(house, "unquoted_delimiter")["source_id"]]
    assert [item["reference"] for item in atelier_items(house) if not item["name"]] == [
        planted(house, "missing_title")["source_id"]
    ]
    assert {fault["kind"] for fault in read_truth(house).faults} >= set(PICTURE_FAULTS)


def test_two_sources_disagree_about_the_fineness_of_one_piece(house):
    truth = read_truth(house)
    fault = planted(house, "fineness_disagreement")
    piece = next(piece for piece in truth.pieces if piece["key"] == fault["piece"])
    title = next(row["Title"] for row in maison_rows(house) if row["Handle"] == fault["source_id"])
    theirs = truth.listings_of(piece["key"])["atelier"]["source_id"]
    item = next(item for item in atelier_items(house) if item["reference"] == theirs)
    fineness = next(spec["value"] for spec in item["specs"] if spec["label"] == "Fineness")

    karats = {375: "9k", 585: "14k", 750: "18k"}
    assert fineness == f"{piece['fineness']}/1000"
    assert karats.get(piece["fineness"], str(piece["fineness"])) not in title


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


def test_the_truth_of_a_wrong_picture_names_the_piece_it_shows(house):
    fault = planted(house, "wrong_piece")
    row = next(
        row
        for row in read_truth(house).pictures
        if (row["feed"], row["file"]) == (fault["feed"], fault["file"])
    )

    assert row["piece"] == fault["shows"] != fault["piece"]


def test_no_feed_names_the_truth(house):
    for feed in (*FEEDS, "community"):
        for path in (house / feed).iterdir():
            if path.is_file():
                text = path.read_bytes()
                assert b"piece-0" not in text
                assert b"truth" not in text
