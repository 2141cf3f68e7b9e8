import json

import pytest

from catalog.checking import check_file, guess_format
from catalog.errors import FeedRefusedError


def written(tmp_path, content, name="feed"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def test_a_check_counts_what_the_catalogue_would_keep_and_shows_examples(tmp_path):
    rows = [
        f"{number},Ring,{'free' if number % 2 else '5 USD'},Curios,http://x/{number}.jpg"
        for number in range(20)
    ]
    path = written(tmp_path, "\n".join(["sku,name,price,category,image", *rows]) + "\n")

    report = check_file(path)

    assert (report.items, report.accepted, report.rejected, report.good) == (20, 10, 10, False)
    assert [(one.reason, one.count, len(one.examples)) for one in report.rejects] == [("bad_price", 10, 3)]
    assert [(one.field, one.value, one.count) for one in report.remarks] == [("category", "Curios", 10)]
    assert report.damage is None


@pytest.mark.parametrize(
    ("content", "chosen"),
    [
        ("Handle,Title,Variant Price\na,Ring,5\n", "shopify_csv"),
        ("id\ttitle\timage link\n1\tRing\thttp://x/1\n", "google_merchant_tsv"),
        ('<?xml version="1.0"?><rss><channel/></rss>', "google_merchant_xml"),
        ('{"id": 1, "name": "Ring"}\n{"id": 2, "name": "Ring"}\n', "jsonl"),
        ('[{"id": 1, "name": {"en": "Ring"}}]', "json"),
        ("id;name;price\n1;Ring;5\n", "csv"),
    ],
)
def test_a_format_is_known_by_its_beginning(tmp_path, content, chosen):
    assert guess_format(written(tmp_path, content)).format == chosen


def test_records_and_names_inside_a_document_are_found(tmp_path):
    document = {
        "info": {"tags": [{"x": 1}]},
        "products": [{"id": 1, "name": {"en": "Ring"}, "images": [{"src": "a"}]}],
    }

    declaration = guess_format(written(tmp_path, json.dumps(document)))

    assert (declaration.records, declaration.mapping["title"], declaration.mapping["images"]) == (
        "products", "name.en", "images[].src"
    )  # fmt: skip


@pytest.mark.parametrize(
    "content", ["<html><body>404</body></html>", "one,two\n1,2\n", "just words", '{"a": 1']
)
def test_what_fits_no_format_says_what_to_declare(tmp_path, content):
    with pytest.raises(FeedRefusedError, match="declare the feed"):
        check_file(written(tmp_path, content))


def test_a_missing_file_is_refused_and_an_empty_one_is_damage(tmp_path):
    with pytest.raises(FeedRefusedError, match="is no file"):
        check_file(tmp_path / "gone.csv")
    assert check_file(written(tmp_path, "")).damage is not None


def test_amounts_without_a_currency_and_pictures_without_a_file_are_counted(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.jpg").write_bytes(b"x")
    path = written(
        tmp_path, "sku,name,price,image\n1,Ring,5,1.jpg\n2,Ring,5 EUR,2.jpg\n3,Ring,,http://x/3.jpg\n"
    )

    guessed = check_file(path)
    declared = guess_format(path).model_copy(update={"images": str(tmp_path / "images"), "currency": "EUR"})
    known = check_file(path, declared)

    assert (guessed.without_currency, guessed.missing_images) == (1, 2)
    assert (known.without_currency, known.missing_images) == (0, 1)
