"""What is told when a hit is opened: which piece, search and position; nothing against one's will."""

import json

import pytest

_WILL = "Object.defineProperty(navigator, '{name}', {{ value: {value} }})"


# Chromium shows no body of a beacon: what it is made of is noted where the next page still finds it.
_NOTING = """
window.Blob = class extends Blob {
  constructor(parts, options) {
    super(parts, options);
    sessionStorage.setItem("told", parts[0]);
  }
};
"""


@pytest.fixture
def page(visit):
    opened = visit("/?q=ring")
    opened.add_init_script(_NOTING)
    opened.reload()
    return opened


def told(page, open_it):
    """Return what the page says was opened, and the status that it is answered with."""
    with page.expect_response("**/opened") as answered:
        open_it()
    status = answered.value.status
    page.wait_for_load_state()
    return json.loads(page.evaluate("sessionStorage.getItem('told')")), status


def test_a_hit_that_is_opened_is_told_with_its_search_and_position(page):
    card = page.locator("#grid > .card").nth(2)
    piece, search = card.get_attribute("data-piece"), card.get_attribute("data-search")
    said, status = told(page, card.locator(".open").click)
    assert status == 204
    assert (said["piece_id"], said["search_id"], said["position"]) == (piece, search, 2)
    assert set(said) <= {"id", "piece_id", "search_id", "position", "collection"}


def test_opening_by_the_keyboard_and_in_a_tab_of_its_own_is_told_too(page):
    link = page.locator("#grid > .card").nth(1).locator(".open")
    in_a_tab, first = told(page, lambda: link.click(button="middle"))
    by_key, second = told(page, lambda: link.press("Enter"))
    assert (first, second) == (204, 204)
    assert in_a_tab["position"] == by_key["position"] == 1
    assert in_a_tab["id"] != by_key["id"]


@pytest.mark.parametrize(("name", "value"), [("globalPrivacyControl", "true"), ("doNotTrack", "'1'")])
def test_who_does_not_want_to_be_tracked_is_not(page, name, value):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(_WILL.format(name=name, value=value))
    page.reload()
    page.locator("#grid > .card").first.locator(".open").click()
    page.get_by_role("heading", name="Like this").wait_for()
    assert any("/p/" in url for url in asked)
    assert not [url for url in asked if url.endswith("/opened")]
