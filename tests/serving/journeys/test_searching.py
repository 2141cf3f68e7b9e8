"""Journeys through the search: words, a picture, filters, the keyboard, without JavaScript."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect


def asked(page):
    return parse_qs(urlsplit(page.url).query)


def cards(page):
    return page.locator("#grid > .card")


def test_words_find_pieces_whose_pictures_load(visit):
    page = visit("/")
    page.get_by_role("searchbox", name="Look for").fill("gold ring")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("gold ring")
    assert asked(page)["q"] == ["gold ring"]
    expect(cards(page)).to_have_count(24)
    page.wait_for_function("document.querySelector('#grid img').naturalWidth > 0")


def test_a_dropped_picture_finds_its_likes(visit, drop, picture):
    page = visit("/")
    drop(page, picture)
    expect(page.get_by_role("heading", name="Like your picture")).to_be_visible()
    assert cards(page).count() > 0


def test_filters_narrow_what_is_shown_and_stand_in_the_address(visit):
    page = visit("/")
    page.get_by_role("checkbox", name="ring", exact=False).first.check()
    page.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(re.compile("category="))
    (category,) = asked(page)["category"]
    for title in cards(page).locator(".title").all_inner_texts():
        assert category in title


def test_a_piece_opens_and_leads_to_what_is_like_it(visit):
    page = visit("/?q=ring")
    title = cards(page).first.locator(".title").inner_text()
    cards(page).first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("heading", name="Like this")).to_be_visible()


def test_the_keyboard_alone_searches_moves_and_opens(visit):
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.type("ring")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ring")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Look for")).to_be_focused()

    cards(page).first.get_by_role("link").first.focus()
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(1).get_by_role("link").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    below = page.evaluate(
        "[...document.querySelectorAll('.card')].indexOf(document.activeElement.closest('.card'))"
    )
    assert below > 1
    page.keyboard.press("ArrowUp")
    expect(cards(page).nth(1).get_by_role("link").first).to_be_focused()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/p/"))


def test_without_javascript_search_filters_pages_and_pieces_work(visit, picture):
    page = visit("/", java_script_enabled=False)
    page.get_by_role("searchbox", name="Look for").fill("ring")
    page.get_by_role("button", name="Search").click()
    first = cards(page).first.locator(".title").inner_text()
    page.get_by_role("link", name="Show more").click()
    assert cards(page).first.locator(".title").inner_text() != first

    page.get_by_label("Or by picture").set_input_files(picture)
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="Like your picture")).to_be_visible()
    cards(page).first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Offers")).to_be_visible()
