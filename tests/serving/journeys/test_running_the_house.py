"""Those who run the house: a question answered by one key, a rollback, pages that everybody can use."""

import pytest
from index_house import slim_catalogue
from listening import listening
from served_house import standing

from catalog.review.queue import waiting
from orchestration.served import served_house

PAGES = ("/admin", "/admin/review", "/admin/snapshots", "/admin/feeds", "/admin/quality")


@pytest.fixture(scope="module")
def running(flow):
    """The house that ran for real, with its questions: its address, catalogue and collection."""
    house = served_house(flow.settings)
    with listening(house) as address:
        yield address, house.engine, flow.settings.collection


def test_one_key_answers_a_question_and_another_takes_it_back(visit, running):
    address, engine, collection = running
    before = [item.item_id for item in waiting(engine, collection)]
    page = visit("/admin/review", at=address)
    page.locator("kbd", has_text="1").first.wait_for()
    with page.expect_navigation():
        page.keyboard.press("1")
    assert f"{before[0]} is decided" in page.locator("[role=status]").first.inner_text()
    assert [item.item_id for item in waiting(engine, collection)] == before[1:]
    with page.expect_navigation():
        page.keyboard.press("u")
    assert page.url.endswith(f"item={before[0]}")
    assert [item.item_id for item in waiting(engine, collection)] == before


def test_a_key_that_is_typed_into_the_reason_answers_nothing(visit, running):
    address, engine, collection = running
    before = len(waiting(engine, collection))
    page = visit("/admin/review", at=address)
    page.get_by_label("Reason").fill("seen")
    page.get_by_label("Reason").press("1")
    assert page.get_by_label("Reason").input_value() == "seen1"
    assert len(waiting(engine, collection)) == before


def test_a_question_is_answered_without_scripts(visit, running):
    address, engine, collection = running
    first = waiting(engine, collection)[0]
    page = visit("/admin/review", at=address, java_script_enabled=False)
    page.locator(f'button[name=decision][value="{first.options[-1]}"]').click()
    assert first.item_id not in {item.item_id for item in waiting(engine, collection)}
    page.get_by_role("button", name="Take it back").click()
    assert waiting(engine, collection)[0].item_id == first.item_id


def test_a_rollback_says_why_and_serves_the_snapshot_before(visit, tmp_path):
    made = standing(tmp_path)
    first = made.store.pointer("house").snapshot_id
    made.promote(slim_catalogue(150, tiers=("hot", "warm")))
    with listening(made.house) as address:
        page = visit("/admin/snapshots", at=address)
        row = page.get_by_role("row").filter(has=page.get_by_role("button", name="Go back"))
        row.get_by_label("Why").fill("rings are missing")
        row.get_by_role("button", name="Go back").click()
        page.get_by_text(f"Went back to {first}").wait_for()
        assert made.store.pointer("house").snapshot_id == first
        assert "rings are missing" in page.get_by_role("region", name="Moves of the pointer").inner_text()
        page.goto("/")
        assert page.locator("[data-live=snapshot]").inner_text() == str(int(first.split("-")[0]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_by_everybody(visit, running, violations, path, scheme):
    page = visit(path, at=running[0], color_scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_small_screen(visit, running, path):
    page = visit(path, at=running[0], size={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
