"""A real browser before a real server.

``visit`` opens pages of a context that may be dark, narrow or without scripts; what its console complains of
(a script that fails, a policy that is broken) fails the test.  axe-core (MPL 2.0, in ``axe/``) judges
accessibility.
"""

import shutil
from pathlib import Path

import pytest
from listening import listening
from playwright.sync_api import sync_playwright
from shown_house import picture_of, shown_house

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
_JUDGED = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where the small house is served."""
    with listening(shown_house(tmp_path_factory.mktemp("shown"))) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """Chromium of the machine.  Of a module: its event loop must be gone when other tests start theirs."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no Chromium on the path: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Open a page of the house in a context of its own."""
    contexts, complaints = [], []

    def heard(message):
        # An error status is no complaint: there are pages that say what is wrong.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_page(path="/", *, size=None, at=None, **options):
        context = browser.new_context(base_url=at or address, viewport=size or _WIDE, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    """The path of a picture like the house's own."""
    path = tmp_path_factory.mktemp("asked") / "mine.png"
    path.write_bytes(picture_of(4))
    return path


@pytest.fixture
def violations():
    """What axe-core holds against a page, with the elements it concerns."""

    def judged(page):
        if not page.evaluate("typeof axe !== 'undefined'"):
            page.evaluate(AXE)
        found = page.evaluate("options => axe.run(document, options)", _JUDGED)["violations"]
        return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]

    return judged


@pytest.fixture
def drop():
    """Drop a file on a page as a person's file manager does."""

    def dropped(page, path):
        carried = page.evaluate_handle(
            """([name, bytes]) => {
              const carried = new DataTransfer();
              carried.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
              return carried;
            }""",
            [path.name, list(path.read_bytes())],
        )
        page.dispatch_event("body", "dragover", {"dataTransfer": carried})
        page.dispatch_event("body", "drop", {"dataTransfer": carried})

    return dropped
