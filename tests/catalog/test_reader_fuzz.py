"""Readers and bytes that nobody meant: deliveries damaged on purpose, and bytes that a fuzzer grows."""

import csv
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.declarations import FeedDeclaration
from catalog.formats import FORMATS
from catalog.listing import Damage, Listing, Reject
from catalog.reading import read_delivery
from sample_feeds.assortments import assortment
from sample_feeds.exports import german_csv, google_merchant_xml, maker_json, shopify_csv
from sample_feeds.market import offers, open_market
from sample_feeds.pieces import piece_catalogue

SECONDS = 12
FIRST_DAY = date(2026, 1, 5)
MAPPED = {"source_id": "id", "title": "title", "price": "price"}
GERMAN = {"source_id": "Artikelnummer", "title": "Bezeichnung"}


def exports():
    market = open_market(seed=3, first_day=FIRST_DAY, days=1)
    said = {}
    for sold in assortment(piece_catalogue(24, 3), seed=3, days=1):
        said.setdefault(sold.feed, []).append(next(offers(sold, market)))
    return {
        "shopify_csv": shopify_csv(said["maison"], []),
        "google_merchant_xml": google_merchant_xml(said["northgem"], [], day=FIRST_DAY),
        "csv": german_csv(said["juwelhaus"], []),
        "json": maker_json(said["atelier"], [], day=FIRST_DAY),
    }


EXPORTS = exports()


def declared(name):
    mapping = {} if FORMATS[name].mapping or name == "rates" else MAPPED
    return FeedDeclaration(
        name="shop",
        kind="rates" if name == "rates" else "retailer",
        format=name,
        location="x",
        currency="EUR",
        mapping=mapping,
        records={"json": "catalogue", "xml": "a.b"}.get(name),
    )


def read(path, declaration):
    found = list(read_delivery(path, declaration))
    damage = [one for one in found if isinstance(one, Damage)]
    assert len(damage) <= 1
    return found, damage


@given(
    name=st.sampled_from(sorted(EXPORTS)),
    changes=st.lists(
        st.tuples(
            st.sampled_from(["flip", "cut", "insert", "double"]),
            st.floats(0, 1, exclude_max=True),
            st.binary(min_size=1, max_size=6),
        ),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_delivery_damaged_anywhere_is_read_or_refused_with_reasons(tmp_path, name, changes):
    data = bytearray(EXPORTS[name])
    for kind, share, some in changes:
        at = int(share * len(data))
        match kind:
            case "flip" if data:
                data[at] ^= some[0] or 1
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = some
            case "double":
                data[at:at] = data[at : at + 500]
    path = tmp_path / "delivery"
    path.write_bytes(bytes(data))

    found, _ = read(path, declared(name))

    assert all(one.reason and one.message for one in found if isinstance(one, Reject))


@given(name=st.sampled_from(sorted(FORMATS)), data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path, name, data):
    path = tmp_path / "delivery"
    path.write_bytes(data)

    read(path, declared(name))


CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=12)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_row_of_a_table_is_lost_without_a_reason(tmp_path, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "title", "price"))
    writer.writerows(rows)
    path = tmp_path / "delivery"
    path.write_text(text.getvalue(), encoding="utf-8")

    found, damage = read(path, declared("csv"))

    stated = [row for row in rows if any(cell.strip() for cell in row)]
    items = [one for one in found if isinstance(one, Listing | Reject)]
    assert (len(items), damage) == (len(stated), [])


@given(rows=st.lists(st.dictionaries(st.sampled_from(["id", "title", "price", "x"]), CELLS), max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_no_record_is_lost_without_a_reason(tmp_path, name, rows):
    path = tmp_path / "delivery"
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(lines if name == "jsonl" else json.dumps({"catalogue": rows}), encoding="utf-8")

    found, damage = read(path, declared(name))

    items = [one for one in found if isinstance(one, Listing | Reject)]
    assert len(items) == len(rows)
    assert damage == [] or not lines


def test_a_fuzzer_that_follows_the_code_finds_no_crash(tmp_path):
    pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 alone")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for place, name in enumerate(FORMATS):
        if name in EXPORTS:
            (corpus / name).write_bytes(bytes([place]) + EXPORTS[name][:3000])
    script = Path(__file__).with_name("fuzz_readers.py")
    command = [sys.executable, str(script), str(corpus), f"-max_total_time={SECONDS}", "-rss_limit_mb=1500"]

    ran = subprocess.run(
        [*command, "-timeout=10", "-max_len=4000", "-seed=7"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=SECONDS * 10,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "Done" in ran.stderr
