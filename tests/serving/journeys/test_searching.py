"""Journeys through the search: words, filters, order, the keyboard, without JavaScript."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect


def asked(page):
    return parse_qs(urlsplit(page.url).query)


def cards(page):
    return page.locator("#grid > .card")


def search(page, words):
    page.get_by_role("searchbox", name="Look for").fill(words)
    page.get_by_role("button", name="Search", exact=True).click()


def test_words_find_pieces_whose_pictures_load(visit):
    page = visit("/")
    search(page, "gold ring")

    expect(page.get_by_role("heading", level=1)).to_have_text("gold ring")
    assert asked(page) == {"q": ["gold ring"]}
    expect(cards(page).nth(23)).to_be_attached()
    page.wait_for_function("document.querySelector('#grid img').naturalWidth > 0")


def test_a_filter_asks_at_once_keeps_the_focus_and_is_undone_by_going_back(visit):
    page = visit("/?q=ring")
    box = page.get_by_role("checkbox", name="necklace")
    box.check()

    expect(page).to_have_url(re.compile("category=necklace"))
    expect(page.locator("#said")).to_contain_text("under these filters")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    assert all("necklace" in title for title in cards(page).locator(".title").all_inner_texts())

    page.go_back()
    expect(box).not_to_be_checked()
    assert asked(page) == {"q": ["ring"]}


def test_new_words_keep_the_filters_until_they_are_taken_out(visit):
    page = visit("/?category=ring&metal=gold&currency=EUR&price_max=900")
    search(page, "emerald")

    expect(page.get_by_role("heading", level=1)).to_have_text("emerald")
    kept = {"category": ["ring"], "metal": ["gold"], "currency": ["EUR"], "price_max": ["900.00"]}
    assert asked(page) == {"q": ["emerald"], **kept}

    page.get_by_role("button", name="gold — take out").click()
    expect(page).not_to_have_url(re.compile("metal="))
    page.get_by_role("button", name="Clear the filters").click()
    expect(page).not_to_have_url(re.compile("category="))
    assert asked(page)["q"] == ["emerald"]


def test_an_order_by_price_takes_the_usual_currency_and_says_so(visit):
    page = visit("/?category=ring")
    page.get_by_label("Order", exact=True).select_option("price_asc")

    expect(page.get_by_text("Prices are read in EUR")).to_be_visible()
    prices = [
        float(text.strip("€").replace(",", "")) for text in cards(page).locator(".price").all_inner_texts()
    ]
    assert len(prices) > 5
    assert prices == sorted(prices)


def test_the_keyboard_alone_searches_moves_refines_and_opens(visit):
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.type("ring")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ring")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Look for")).to_be_focused()

    opens = cards(page).locator(".open")
    opens.first.focus()
    page.keyboard.press("ArrowRight")
    expect(opens.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    below = "[...document.querySelectorAll('.card')].indexOf(document.activeElement.closest('.card'))"
    assert page.evaluate(below) > 1
    page.keyboard.press("ArrowUp")
    expect(opens.nth(1)).to_be_focused()

    page.keyboard.press("-")
    expect(page).to_have_url(re.compile("unlike="))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    opens.first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/p/"))


def test_without_javascript_everything_can_be_asked(visit, picture):
    page = visit("/", java_script_enabled=False)
    search(page, "ring")
    first = cards(page).first.locator(".title").inner_text()
    page.get_by_role("link", name="Show more").click()
    assert cards(page).first.locator(".title").inner_text() != first

    page.get_by_role("checkbox", name="necklace").check()
    page.get_by_role("button", name="Apply").click()
    assert asked(page) == {"q": ["ring"], "category": ["necklace"]}
    cards(page).first.get_by_role("button", name="More like this").click()
    assert asked(page).keys() == {"q", "category", "like"}

    page.get_by_label("By picture").set_input_files(picture)
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.get_by_role("heading", name="Like your picture")).to_be_visible()
    expect(page.get_by_role("checkbox", name="necklace")).to_be_checked()
    page.get_by_text("Crop in numbers").click()
    page.get_by_label("Right %").fill("60")
    page.get_by_role("button", name="Crop", exact=True).click()
    expect(page.get_by_label("Right %")).to_have_value("60")
    page.get_by_role("button", name="Without the picture").click()
    assert asked(page) == {"category": ["necklace"]}

    cards(page).first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Offers")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Prices as a table")).to_contain_text("5 Jan 2026")
