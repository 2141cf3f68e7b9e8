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
def test_axe_finds_nothing(visit, violations, path):
    assert violations(visit(path, color_scheme="light")) == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_dark_and_320_px_wide_axe_finds_nothing_and_nothing_sticks_out(visit, violations, path):
    page = visit(path, size=NARROW, color_scheme="dark")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("size", [None, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_beside_a_picture_and_over_the_sheet_of_keys(
    visit, violations, drop, picture, size
):
    page = visit("/", size=size, color_scheme="dark" if size else "light")
    drop(page, picture)
    page.wait_for_selector("#crop-box")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= (size or {"width": 1280})["width"]
    page.get_by_role("button", name="Keys").click()
    assert violations(page) == []


def test_dark_is_dark(visit):
    page = visit("/", color_scheme="dark")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert max(red, green, blue) < 60
