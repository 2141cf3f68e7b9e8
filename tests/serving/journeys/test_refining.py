"""Journeys that refine: a picture and its crop, weights, more and less like a piece."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect


def asked(page):
    return parse_qs(urlsplit(page.url).query)


def titles(page):
    return page.locator("#grid > .card .title").all_inner_texts()


def crop_of(page):
    return [float(page.locator(f"#crop-{edge}").input_value()) for edge in ("left", "top", "right", "bottom")]


@pytest.fixture
def looked(visit, drop, picture):
    page = visit("/?category=ring")
    drop(page, picture)
    expect(page.get_by_role("heading", name="Like your picture")).to_be_visible()
    return page


def test_a_dropped_picture_finds_its_likes_and_keeps_the_filters(looked):
    assert titles(looked)
    assert all("ring" in title for title in titles(looked))
    expect(looked.get_by_role("img", name="Your picture")).to_be_visible()
    expect(looked.get_by_role("checkbox", name=re.compile("^ring"))).to_be_checked()


def test_a_box_drawn_on_the_picture_asks_for_that_part(looked):
    before = titles(looked)
    area = looked.locator("#crop").bounding_box()
    with looked.expect_response("**/look") as answered:
        looked.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + area["height"] * 0.1)
        looked.mouse.down()
        looked.mouse.move(area["x"] + area["width"] * 0.75, area["y"] + area["height"] * 0.4, steps=4)
        looked.mouse.up()

    assert answered.value.ok
    expect(looked.get_by_role("button", name="Whole picture")).to_be_visible()
    assert crop_of(looked) == pytest.approx([25, 10, 75, 40], abs=2)
    assert titles(looked) != before

    looked.get_by_role("button", name="Whole picture").click()
    expect(looked.get_by_role("button", name="Whole picture")).to_have_count(0)
    assert crop_of(looked) == [0, 0, 100, 100]
    assert titles(looked) == before


def test_the_box_moves_and_grows_by_keys_and_stays_focused(looked):
    looked.locator("#crop-box").focus()
    with looked.expect_response("**/look"):
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
            looked.keyboard.press(key)
    expect(looked.get_by_role("button", name="Whole picture")).to_be_visible()
    assert crop_of(looked) == [22, 22, 80, 82]
    expect(looked.locator("#crop-box")).to_be_focused()


def test_words_and_filters_are_asked_beside_the_picture(looked):
    looked.get_by_role("searchbox", name="Look for").fill("gold")
    looked.keyboard.press("Enter")
    expect(looked.get_by_role("list", name="The question")).to_contain_text("gold")
    expect(looked.get_by_role("heading", name="Like your picture")).to_be_visible()

    looked.get_by_role("checkbox", name="necklace").check()
    expect(looked.get_by_role("button", name="necklace — take out")).to_be_visible()
    assert {title.split()[1] for title in titles(looked)} == {"ring", "necklace"}


def test_a_picture_is_still_asked_when_one_comes_back_from_a_piece(looked):
    shown = titles(looked)
    looked.locator("#grid .open").nth(1).click()
    expect(looked.get_by_role("heading", name="Offers")).to_be_visible()
    looked.go_back()
    expect(looked.get_by_role("heading", name="Like your picture")).to_be_visible()
    assert titles(looked) == shown


def test_more_and_less_like_a_piece_stand_in_the_address_and_can_be_taken_out(visit):
    page = visit("/?q=ring")
    page.locator("#grid > .card").nth(0).get_by_role("button", name="More like this").click()
    expect(page).to_have_url(re.compile("like="))
    (liked,) = asked(page)["like"]
    page.locator("#grid > .card").nth(0).get_by_role("button", name="Less like this").click()
    expect(page).to_have_url(re.compile("unlike="))
    (disliked,) = asked(page)["unlike"]

    assert asked(page) == {"q": ["ring"], "like": [liked], "unlike": [disliked]}
    found = page.locator("#grid .open").evaluate_all("links => links.map((link) => link.pathname)")
    assert found
    assert {f"/p/{liked}", f"/p/{disliked}"}.isdisjoint(found)

    page.get_by_role("button", name=re.compile("^Unlike")).click()
    expect(page).not_to_have_url(re.compile("unlike="))
    assert asked(page) == {"q": ["ring"], "like": [liked]}


def test_weights_change_what_likeness_means(visit):
    page = visit("/?like=piece-04")
    before = titles(page)
    page.get_by_text("What likeness means").click()
    page.get_by_label("Colour").fill("2")
    expect(page).to_have_url(re.compile("by_colour=2"))
    page.get_by_label("The whole picture").fill("0")
    expect(page).to_have_url(re.compile("by_visual=0"))

    # piece-04 is silver with a ruby: nine pieces apart the house's pictures repeat their colours
    assert titles(page) != before
    assert titles(page)[0].startswith("Silver")
    assert "ruby" in titles(page)[0]
    expect(page.get_by_label("Shape")).to_have_value("0")
