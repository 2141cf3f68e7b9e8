"""Journeys without a question: what is new, page after page; trends, collections, the line of figures."""

import re

from playwright.sync_api import expect

SCROLL_TO_END = "document.querySelector('.status').scrollIntoView()"


def test_the_grid_goes_on_and_keeps_its_place_when_one_comes_back(visit):
    page = visit("/")
    page.evaluate(SCROLL_TO_END)
    expect(page.locator("#grid > .card")).to_have_count(48)
    page.evaluate(SCROLL_TO_END)
    expect(page.locator("#grid > .card")).to_have_count(60)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)

    opened = page.locator("#grid > .card").nth(50)
    opened.scroll_into_view_if_needed()
    title = opened.locator(".title").inner_text()
    place = page.evaluate("scrollY")
    assert place > 1_000
    opened.locator(".open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)

    page.go_back()
    expect(page.locator("#grid > .card")).to_have_count(60)
    page.wait_for_function("place => Math.abs(scrollY - place) < 50", arg=place)
    assert page.locator("#grid > .card").nth(50).locator(".title").inner_text() == title


def test_a_press_on_show_more_goes_on_with_the_first_new_piece(visit):
    page = visit("/?q=ring", size={"width": 320, "height": 500})
    page.get_by_role("link", name="Show more").press("Enter")
    # Its coming into view may have brought a page already.
    page.wait_for_function(
        """() => {
          const place = [...document.querySelectorAll("#grid .open")].indexOf(document.activeElement);
          return place > 0 && place % 24 === 0;
        }"""
    )


def test_a_picture_is_stood_in_for_until_it_comes(browser, address):
    context = browser.new_context(base_url=address)
    page = context.new_page()
    held, going = [], []

    def hold(route):
        route.continue_() if going else held.append(route)

    page.route("**/v1/images/**", hold)
    page.goto("/", wait_until="commit")
    first = page.locator("#grid img").first
    expect(first).to_have_css("background-image", re.compile("data:image/png"))
    going.append(True)
    for route in held:
        route.continue_()
    expect(first).to_have_css("background-image", "none")
    context.close()


def test_trends_lead_to_what_they_speak_of(visit):
    page = visit("/trends")
    expect(page.get_by_role("rowheader", name="necklace")).to_be_visible()
    page.get_by_label("By", exact=True).select_option("metal")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("facet=metal"))
    page.get_by_role("link", name="silver").click()
    expect(page.get_by_role("checkbox", name="silver")).to_be_checked()


def test_collections_show_what_they_hold_and_lead_there(visit):
    page = visit("/")
    page.get_by_role("link", name="Collections").click()
    expect(page.get_by_text("60 pieces, 180 pictures")).to_be_visible()
    page.get_by_role("link", name="The house", exact=True).click()
    expect(page.get_by_role("heading", name="New in The house")).to_be_visible()


def test_every_page_says_quietly_what_is_searchable(visit):
    page = visit("/trends")
    line = page.locator("#live")
    expect(line).to_contain_text("60 pieces searchable")
    expect(line).to_contain_text("snapshot 1")
    expect(line).to_contain_text(re.compile("newest delivery .* ago"))
