"""Suites on listings and pieces."""

import socket
import tempfile

import pandas as pd
import pytest

from catalog.tables import listings, pieces
from quality import expectations
from quality.expectations import AVAILABILITIES, validate_listings, validate_pieces

LISTING = {
    **dict.fromkeys(listings.c.keys()),
    "collection": "sample",
    "feed": "maison",
    "title": "Bague Aube",
    "category": "ring",
    "availability": "in_stock",
    "fineness": 750,
    "gtin": "09520000100025",
    "price_minor": 129900,
    "list_price_minor": None,
    "currency": "EUR",
    "rating": 4.5,
}
PIECE = {**dict.fromkeys(pieces.c.keys()), "collection": "sample", "title": "Bague Aube", "category": "ring"}


def frame_of_listings(*changes, good=20):
    rows = [{**LISTING, "listing_id": f"maison:{number}"} for number in range(good)]
    rows += [
        {**LISTING, "listing_id": f"maison:changed-{number}", **change}
        for number, change in enumerate(changes)
    ]
    return pd.DataFrame(rows)


def frame_of_pieces(*changes, good=20):
    rows = [{**PIECE, "piece_id": f"p{number:015d}"} for number in range(good)]
    return pd.DataFrame(rows + [{**PIECE, "piece_id": "p-changed", **change} for change in changes])


def unmet(result):
    return {finding.name for finding in result.findings if not finding.passed}


def test_good_frames_meet_their_suites():
    for result in (validate_listings(frame_of_listings()), validate_pieces(frame_of_pieces())):
        assert result.passed
        assert not result.blocks


def test_an_offer_without_price_purity_or_code_is_no_fault():
    unstated = {"price_minor": None, "currency": None, "fineness": None, "gtin": None, "rating": None}

    assert validate_listings(frame_of_listings(unstated)).passed


def test_empty_frames_hold():
    assert validate_listings(pd.DataFrame(columns=listings.c.keys())).passed
    assert validate_pieces(pd.DataFrame(columns=pieces.c.keys())).passed


@pytest.mark.parametrize(
    ("change", "name", "blocks"),
    [
        ({"listing_id": None}, "every listing has an id", True),
        ({"listing_id": "maison:3"}, "listing ids are unique", True),
        ({"title": None}, "every listing has a title", True),
        ({"title": "  "}, "no title is empty", True),
        ({"availability": None}, "every listing states an availability", True),
        ({"availability": "maybe"}, "availability is one of ours", True),
        ({"fineness": 0}, "fineness is parts per mille", True),
        ({"fineness": 1001}, "fineness is parts per mille", True),
        ({"gtin": "12345"}, "GTINs have 8 to 14 digits", False),
        ({"rating": 11.0}, "ratings are out of five", False),
        ({"currency": None}, "every price has a currency", True),
        ({"currency": "euro"}, "currencies are ISO 4217 codes", True),
        ({"price_minor": 0}, "prices are above nothing and below absurd", True),
        ({"price_minor": 10**13}, "prices are above nothing and below absurd", True),
        ({"list_price_minor": 1}, "list prices are not below prices", False),
    ],
)
def test_each_fault_of_a_listing_breaks_the_expectation_that_names_it(change, name, blocks):
    result = validate_listings(frame_of_listings(change))

    assert unmet(result) == {name}
    assert result.blocks is blocks


@pytest.mark.parametrize(
    ("change", "name", "blocks"),
    [
        ({"piece_id": None}, "every piece has an id", True),
        ({"piece_id": "p000000000000003"}, "piece ids are unique", True),
        ({"title": None}, "every piece has a title", True),
    ],
)
def test_each_fault_of_a_piece_breaks_the_expectation_that_names_it(change, name, blocks):
    result = validate_pieces(frame_of_pieces(change))

    assert unmet(result) == {name}
    assert result.blocks is blocks


def test_a_few_unknown_categories_are_borne_and_many_warn():
    few = [{"category": None}] * 2
    many = [{"category": None}] * 10

    assert validate_listings(frame_of_listings(*few)).passed
    result = validate_listings(frame_of_listings(*many))
    assert unmet(result) == {"most categories are known"}
    assert not result.blocks


def test_a_finding_says_what_was_measured_and_what_is_required():
    result = validate_listings(frame_of_listings({"fineness": 1200}))

    (finding,) = [finding for finding in result.findings if not finding.passed]
    assert (finding.measured, finding.required) == ("1 of 21 do not hold: 1200", "1 to 1000")
    assert finding.owner.startswith("team:")


def test_a_frame_without_a_column_says_so_and_does_not_hold():
    result = validate_listings(frame_of_listings().drop(columns=["gtin", "price_minor"]))

    measured = {finding.name: finding.measured for finding in result.findings if not finding.passed}
    assert measured["GTINs have 8 to 14 digits"] == "there is no column gtin"
    assert measured["prices are above nothing and below absurd"] == "there is no column price_minor"


def test_every_availability_that_the_catalogue_writes_is_known():
    assert set(AVAILABILITIES) == {"in_stock", "out_of_stock", "preorder", "discontinued", "unknown"}
    changes = [{"availability": state} for state in AVAILABILITIES]
    assert validate_listings(frame_of_listings(*changes)).passed


def test_a_suite_sends_nothing_and_writes_nothing(monkeypatch, tmp_path):
    # given: a home and working folder of its own, and a network that cannot be used unnoticed
    asked = []

    def refuse(*arguments, **_):
        asked.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    expectations._context.cache_clear()  # what the very first use does counts too
    validate_listings(frame_of_listings())

    assert asked == []
    assert list(tmp_path.rglob("*")) == []
