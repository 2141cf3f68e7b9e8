"""Journeys to one piece: its pictures, where facts come from, prices, what is like it and cheaper."""

import re

import pytest
from playwright.sync_api import expect
from shown_house import FRAMES, TURNED


@pytest.fixture
def piece(visit):
    return visit(f"/p/{TURNED}")


def test_a_hit_opens_and_leads_to_what_is_like_it(visit):
    page = visit("/?q=ring")
    first = page.locator("#grid > .card").first
    title = first.locator(".title").inner_text()
    first.locator(".open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("heading", name="Like this")).to_be_visible()
    page.get_by_role("link", name="More like this", exact=True).click()
    expect(page.get_by_role("list", name="The question")).to_contain_text(title)


def test_a_thumbnail_brings_its_picture_into_view(piece):
    piece.get_by_role("link", name="Picture 3", exact=True).click()
    expect(piece.locator("#picture-3 img")).to_be_in_viewport()
    expect(piece.locator("#picture-1 img")).not_to_be_in_viewport(ratio=0.5)


def test_the_piece_turns_by_the_slider_and_by_dragging(piece):
    frames = piece.locator("#turn li")
    expect(frames).to_have_count(FRAMES)
    expect(frames.locator("visible=true")).to_have_count(1)
    slider = piece.get_by_role("slider", name="Turn the piece")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(frames.nth(2)).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", f"Side 3 of {FRAMES}")

    piece.locator("#turn").scroll_into_view_if_needed()
    area = piece.locator("#turn .frames").bounding_box()
    piece.mouse.move(area["x"] + 10, area["y"] + 50)
    piece.mouse.down()
    piece.mouse.move(area["x"] + 10 + 2 * area["width"] / FRAMES, area["y"] + 50, steps=4)
    piece.mouse.up()
    expect(frames.nth(4)).to_be_visible()


def test_a_fact_names_who_states_it_and_how(piece):
    metal = piece.locator("dt", has_text=re.compile("^Metal$")).locator("+ dd")
    expect(metal).to_contain_text("gold")
    metal.get_by_text("atelier, bazaar").click()
    expect(metal).to_contain_text("atelier writes “GOLD” in Metal")


def test_prices_are_drawn_per_currency_with_the_table_behind(piece):
    charts = piece.locator("#chart canvas")
    expect(charts).to_have_count(2)
    drawn = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    )
    assert charts.first.evaluate(drawn)
    piece.get_by_text("As a table").click()
    rows = piece.get_by_role("region", name="Prices as a table").get_by_role("row")
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text("€119.00")


def test_what_is_similar_but_cheaper_is(visit):
    page = visit("/p/piece-16")
    price = float(page.locator(".best .price").inner_text().strip("€"))
    page.get_by_role("link", name="Similar but cheaper").click()
    section = page.get_by_role("region", name="Similar but cheaper")
    prices = [float(text.strip("€")) for text in section.locator(".price").all_inner_texts()]
    assert prices
    assert max(prices) < price
    section.get_by_role("link", name="All that cost less").click()
    expect(page.get_by_role("textbox", name="To")).to_have_value(f"{price - 0.01:.2f}")


def test_provenance_leads_from_the_piece_to_its_delivery(piece):
    source = piece.get_by_role("region", name="Where this comes from")
    source.get_by_text("bazaar: B-0").click()
    expect(source).to_contain_text("bazaar:B-0 of a retailer")
    expect(source).to_contain_text("bazaar_20260125.csv, row 0, of 25 Jan 2026")
    expect(source).to_contain_text("images/:B-0_0.jpg")
