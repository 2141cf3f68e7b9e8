"""Suites made from the schemas: what each fault breaks, and what each kind of feed owes."""

import socket
import tempfile

import pandas as pd
import pytest

from quality import expectations, schemas
from quality.expectations import suite_of, validate
from quality.schemas import (
    AVAILABILITIES,
    IMAGE_REFERENCES,
    LISTINGS,
    PIECES,
    PRICE_HISTORY,
    PRICED_LISTINGS,
    TableRules,
)
from quality.suite_results import together

LISTING = {
    "title": "Bague Aube",
    "brand": "Aube",
    "category": "ring",
    "availability": "in_stock",
    "fineness": 750,
    "weight_g": 3.2,
    "gtin": "09520000100025",
    "mpn": "A-1",
    "sku": None,
    "identifier": "09520000100025",
    "pictures": 2,
    "price_minor": 129900,
    "list_price_minor": None,
    "currency": "EUR",
    "rating": 4.5,
}
MONDAY, TUESDAY = pd.Timestamp("2026-01-05", tz="UTC"), pd.Timestamp("2026-01-06", tz="UTC")
SUITES = [one for one in vars(schemas).values() if isinstance(one, TableRules)]


def frame_of_listings(*changes, good=20):
    rows = [{**LISTING, "listing_id": f"maison:{number}"} for number in range(good)]
    rows += [
        {**LISTING, "listing_id": f"maison:changed-{number}", **change}
        for number, change in enumerate(changes)
    ]
    return pd.DataFrame(rows)


def frame_of_pieces(*changes, good=20):
    piece = {"title": "Bague Aube", "category": "ring", "brand": "Aube"}
    rows = [{**piece, "piece_id": f"p{number:015d}"} for number in range(good)]
    return pd.DataFrame(rows + [{**piece, "piece_id": "p-changed", **change} for change in changes])


def validate_listings(frame, kind="retailer"):
    return together([validate(frame, rules, kind) for rules in (LISTINGS, PRICED_LISTINGS)])


def validate_pieces(frame):
    return validate(frame, PIECES)


def unmet(result):
    return {finding.name for finding in result.findings if not finding.passed}


def test_good_frames_meet_their_suites():
    for result in (validate_listings(frame_of_listings()), validate_pieces(frame_of_pieces())):
        assert result.passed
        assert not result.blocks


def test_an_offer_without_price_purity_or_code_is_no_fault():
    unstated = dict.fromkeys(("price_minor", "currency", "fineness", "gtin", "rating", "brand", "weight_g"))

    assert validate_listings(frame_of_listings(unstated)).passed


def test_empty_frames_hold():
    assert all(validate(pd.DataFrame(columns=rules.read()), rules).passed for rules in SUITES)


@pytest.mark.parametrize(
    ("change", "name", "blocks"),
    [
        ({"listing_id": None}, "every listing states listing_id", True),
        ({"listing_id": "maison:3"}, "listing_id never repeat", True),
        ({"title": None}, "every listing states title", True),
        ({"title": "  "}, "no title is empty", True),
        ({"availability": None}, "every listing states availability", True),
        ({"availability": "maybe"}, "availability is one of ours", True),
        ({"fineness": 0}, "fineness is parts per mille", True),
        ({"fineness": 1001}, "fineness is parts per mille", True),
        ({"brand": "x" * 201}, "brand fits its column", True),
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
        ({"piece_id": None}, "every piece states piece_id", True),
        ({"piece_id": "p000000000000003"}, "piece_id never repeat", True),
        ({"title": None}, "every piece states title", True),
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


@pytest.mark.parametrize(
    ("kind", "change", "owed"),
    [
        ("retailer", {"price_minor": None}, "retailers state prices"),
        ("manufacturer", {"identifier": None}, "manufacturers state a GTIN, MPN or certificate"),
        ("manufacturer", {"pictures": 0}, "shops and manufacturers show every piece"),
        ("community", {"pictures": 0}, "customers' posts show pictures"),
    ],
)
def test_each_kind_of_feed_owes_what_is_its_own(kind, change, owed):
    frame = frame_of_listings(*[change] * 30)
    others = {"retailer", "manufacturer", "community"} - {kind}

    assert unmet(validate_listings(frame, kind)) == {owed}
    assert any(owed not in unmet(validate_listings(frame, other)) for other in others)


def test_history_that_runs_backwards_or_repeats_is_found():
    span = {"listing_id": "maison:1", "valid_from": TUESDAY, "valid_to": None, "price_minor": 5,
            "currency": "EUR", "availability": "in_stock"}  # fmt: skip
    good = pd.DataFrame([{**span, "valid_from": MONDAY, "valid_to": TUESDAY}, span])
    backwards = pd.DataFrame([{**span, "valid_to": MONDAY}, {**span, "listing_id": "maison:2"}])

    assert validate(good, PRICE_HISTORY).passed
    assert unmet(validate(backwards, PRICE_HISTORY)) == {"spans end after they begin"}
    assert unmet(validate(pd.DataFrame([span, span]), PRICE_HISTORY)) == {
        "listing_id and valid_from never repeat"
    }


def test_more_failed_pictures_are_borne_of_customers_than_of_shops():
    states = ["failed"] * 15 + ["fetched"] * 85
    frame = pd.DataFrame(
        {"listing_id": "a:1", "position": range(100), "location": "1.jpg", "state": states, "attempts": 0}
    )

    assert unmet(validate(frame, IMAGE_REFERENCES, "retailer")) == {
        "pictures of shops and manufacturers arrive"
    }
    assert validate(frame, IMAGE_REFERENCES, "community").passed


@pytest.mark.parametrize("rules", SUITES, ids=lambda rules: rules.name)
def test_every_expectation_names_its_owner_and_its_consequence(rules):
    suite = suite_of(rules)

    assert len(suite.expectations) == len({one.meta["name"] for one in suite.expectations}) > 0
    for one in suite.expectations:
        assert one.meta["owner"].startswith("team:")
        assert {"block": "critical", "warn": "warning"}[one.meta["consequence"]] == one.severity


def test_a_finding_says_what_was_measured_and_what_is_required():
    result = validate_listings(frame_of_listings({"fineness": 1200}))

    (finding,) = [finding for finding in result.findings if not finding.passed]
    assert (finding.measured, finding.required) == ("1 of 21 do not hold: 1200", "1 to 1000 per mille")
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
