"""A collection's page: what it says, that it asks nobody, and when it is written."""

import re

import pandas as pd
import pytest

from catalog.unmapped import UnmappedValue
from quality.data_docs import render_page, write_data_docs
from quality.expectations import validate
from quality.page_versions import page_is_current, page_key
from quality.schemas import PIECES
from storage.objects import LocalObjectStore


def found(category="ring", title="Bague <script>Aube</script>"):
    rows = [
        {"piece_id": f"p{number}", "title": title, "brand": "x" * 300, "category": category}
        for number in range(20)
    ]
    return {"the collection": [validate(pd.DataFrame(rows), PIECES)]}


@pytest.fixture
def objects(tmp_path):
    return LocalObjectStore(tmp_path / "objects")


def test_the_page_is_current_until_results_change_or_it_is_gone(objects):
    before = page_is_current(objects, "shop", found())
    write_data_docs(objects, "shop", found())

    assert (before, page_is_current(objects, "shop", found())) == (False, True)
    assert not page_is_current(objects, "shop", found(category=None))
    objects.delete(page_key("shop"))
    assert not page_is_current(objects, "shop", found())


def test_the_same_results_give_the_same_page_and_it_loads_nothing_from_elsewhere():
    page = render_page("shop", found())

    assert page == render_page("shop", found())
    assert re.findall(r'(?:src|href)\s*=\s*"(?:https?:)?//', page) == []
    assert "<script" not in page


def unmapped(value="Kryptonite", count=3):
    return [
        UnmappedValue(
            feed="maison", field="stones", column="stones", value=value, count=count, example="maison:1",
            message=f"{value!r} is none of the stones we know: it was left out",
        )
    ]  # fmt: skip


def test_values_that_map_to_nothing_stand_below_and_a_new_one_makes_the_page_outdated(objects):
    write_data_docs(objects, "shop", found(), unmapped())
    page = objects.get(page_key("shop")).decode()

    cells = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"map to nothing.*maison\s+stones\s+Kryptonite\s+3\s+maison:1", cells)
    assert "map to nothing" not in render_page("shop", found())
    assert page_is_current(objects, "shop", found(), unmapped())
    assert not page_is_current(objects, "shop", found(), unmapped(count=4))
    assert "<script" not in render_page("shop", found(), unmapped("<script>alert(1)</script>"))


def test_what_does_not_hold_is_open_and_names_owner_and_consequence():
    page = render_page("shop", found(category=None))

    assert re.search(r"<details id=\"s1\" open>", page)
    cells = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"most pieces have a category\s+team:catalogue\s+warn\s+20 of 20 do not hold", cells)


def test_examples_from_feeds_are_text_and_never_markup():
    longer = "<script>alert(1)</script>" * 20
    rows = [{"piece_id": longer, "title": "Ring", "brand": None, "category": "ring"}]
    page = render_page("shop", {"pieces": [validate(pd.DataFrame(rows), PIECES)]})

    assert "piece_id fits its column" in page
    assert "<script" not in page
