"""Every state of every page, judged by axe-core in light and dark, and from 320 px to a wide screen."""

import pytest

NARROW = {"width": 320, "height": 640}
PAGES = {
    "new pieces": "/",
    "words": "/?q=gold+ring",
    "filtered": "/?q=ring&category=ring&currency=EUR&price_max=900",
    "nothing": "/?brand=nobody",
    "unknown words": "/?q=zzzzqqq",
    "likes": "/?q=ring&like=piece-04&unlike=piece-05&by_colour=1&metal=gold",
    "by price": "/?sort=price_asc",
    "piece": "/p/piece-00",
    "no such piece": "/p/none",
    "trends": "/trends",
    "collections": "/collections",
}


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_axe_finds_nothing_in_light_and_wide_nor_in_dark_and_narrow(visit, violations, path):
    page = visit(path, color_scheme="light")
    assert violations(page) == []
    assert _fits_when_narrow_and_dark(page)
    assert violations(page) == []


def test_axe_finds_nothing_beside_a_picture_nor_over_the_sheet_of_keys(visit, violations, drop, picture):
    page = visit("/", color_scheme="light")
    drop(page, picture)
    page.wait_for_selector("#crop-box")
    assert violations(page) == []
    assert _fits_when_narrow_and_dark(page)
    assert violations(page) == []
    page.get_by_role("button", name="Keys").click()
    assert violations(page) == []


def _fits_when_narrow_and_dark(page):
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    return page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_dark_is_dark(visit):
    page = visit("/", color_scheme="dark")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert max(red, green, blue) < 60
