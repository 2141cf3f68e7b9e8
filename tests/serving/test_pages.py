"""The pages as a browser without JavaScript meets them."""

import io
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from PIL import Image

from catalog.tables import pieces
from serving.pages.showing import choices

HOSTILE = '<script>alert("1")</script>\'"&'


class Page(HTMLParser):
    """The elements of a page: every start tag with its attributes, and all of its text."""

    def __init__(self, response):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(response.text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag, **attrs):
        return [own for name, own in self.tags if name == tag and attrs.items() <= own.items()]


def test_the_first_page_shows_what_is_new_with_pictures_that_load(real):
    response = real.get("/")
    page = Page(response)

    assert response.status_code == 200
    pictures = [own["src"] for own in page.all("img")]
    assert pictures
    for source in pictures[:3]:
        assert real.get(source).headers["content-type"] == "image/webp"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not page.all("style")
    assert not [own for name, own in page.tags if "style" in own or any(key.startswith("on") for key in own)]
    assert all(own.get("src", "").startswith("/static/") for own in page.all("script"))
    for own in [*page.all("script"), *page.all("link")]:
        assert real.get(own.get("src") or own["href"]).status_code == 200


def test_every_field_has_a_label(real):
    page = Page(real.get("/"))
    labelled = {own["for"] for own in page.all("label") if "for" in own}
    bare = [
        own
        for name, own in page.tags
        if name in ("input", "select") and own.get("type") != "hidden" and "id" in own
    ]
    assert bare
    assert {own["id"] for own in bare} <= labelled


def test_a_filter_says_how_many_pieces_each_value_has(client):
    counted = client.get("/v1/facets").json()["facets"]["category"]
    response = client.get("/")
    assert counted
    for one in counted[:12]:
        box = f'name="category" value="{one["value"]}"'
        assert (
            f'<span class="count">{one["count"]}</span>' in response.text.split(box)[1].split("</label>")[0]
        )


def test_the_form_keeps_what_is_chosen_even_where_nothing_has_it(client):
    page = Page(client.get("/", params={"brand": ["nobody", "no one"], "currency": "JPY"}))
    for brand in ("nobody", "no one"):
        assert "checked" in page.all("input", name="brand", value=brand)[0]
    assert [own for own in page.all("option") if "selected" in own and "value" not in own]


def test_a_rare_value_is_offered_only_while_it_is_chosen():
    counted = [{"value": f"v{place}", "count": 9 - place} for place in range(5)]
    assert [one["value"] for one in choices(counted, [], most=2)] == ["v0", "v1"]
    assert choices(counted, ["v4"], most=2) == [counted[0], counted[1], counted[4]]
    assert choices(counted, ["none"], most=1) == [counted[0], {"value": "none", "count": 0}]


def test_links_from_a_piece_stay_in_its_collection(real):
    link = next(own["href"] for own in Page(real.get("/")).all("a") if own.get("href", "").startswith("/p/"))
    name = real.app.state.house.default_collection
    page = Page(real.get(link, params={"collection": name}))
    likes = [own["href"] for own in page.all("a") if own.get("href", "").startswith(("/p/", "/?like="))]
    assert likes
    assert all(parse_qs(urlsplit(href).query)["collection"] == [name] for href in likes)


def test_a_merged_piece_leads_to_where_it_went_in_its_collection(real):
    link = next(own["href"] for own in Page(real.get("/")).all("a") if own.get("href", "").startswith("/p/"))
    piece = link.removeprefix("/p/")
    with real.app.state.house.engine.begin() as connection:
        row = connection.execute(sa.select(pieces).where(pieces.c.piece_id == piece)).mappings().one()
        connection.execute(pieces.insert().values(**{**row, "piece_id": "old-one", "forwarded_to": piece}))
    name = real.app.state.house.default_collection
    moved = real.get("/p/old-one", params={"collection": name}, follow_redirects=False)
    assert moved.status_code == 308
    assert urlsplit(moved.headers["location"]).path == link
    assert parse_qs(urlsplit(moved.headers["location"]).query) == {"collection": [name]}


def test_words_find_pieces_and_the_address_keeps_the_filters(real):
    facets = real.get("/v1/facets").json()["facets"]
    category = facets["category"][0]["value"]
    response = real.get("/", params={"q": "ring", "category": category, "sort": "newest"})
    page = Page(response)

    assert page.all("input", name="q", value="ring")
    count = str(facets["category"][0]["count"])
    assert f"{category} {count}" in " ".join(page.text.split())
    boxes = page.all("input", name="category", value=category)
    assert "checked" in boxes[0]
    assert page.all("option", value="newest", selected=None)
    found = {own["href"] for own in page.all("a") if own.get("href", "").startswith("/p/")}
    assert found
    for link in found:
        document = real.get("/v1/pieces/" + urlsplit(link).path.removeprefix("/p/")).json()
        assert document["facts"]["category"]["value"] == category


def test_a_piece_shows_its_facts_their_sources_its_offers_and_what_is_like_it(real):
    link = next(own["href"] for own in Page(real.get("/")).all("a") if own.get("href", "").startswith("/p/"))
    response = real.get(link)
    page = Page(response)
    document = real.get("/v1/pieces/" + link.removeprefix("/p/")).json()

    assert response.status_code == 200
    assert document["title"] in page.text
    source = document["facts"]["category"]["values"][0]["sources"][0]
    assert source["source"] in page.text
    assert source["raw"] in page.text
    assert [own for own in page.all("a") if own.get("href", "").startswith("/p/")]
    shown = [own for own in page.all("img") if "/512.webp?v=" in own["src"]]
    assert shown
    assert all(own["alt"] for own in shown)


def test_a_picture_finds_its_likes(real, flow):
    path = next(
        path
        for path in sorted((flow.sample / "atelier").rglob("*"))
        if path.suffix in {".jpg", ".webp", ".png"}
    )
    response = real.post("/look", files={"picture": (path.name, path.read_bytes())})
    assert response.status_code == 200
    assert "Like your picture" in response.text
    assert Page(response).all("img")


def test_pages_follow_each_other_on_one_snapshot(client, made):
    seen, address = [], "/"
    while address:
        page = Page(client.get(address))
        seen += [own["href"] for own in page.all("a") if own.get("href", "").startswith("/p/")]
        following = page.all("a", rel="next")
        address = following[0]["href"] if following else None
    assert len(seen) == len(set(seen))
    assert len(seen) == len(set(made.catalogue.metadata["piece_id"].to_pylist()))


def test_a_hostile_feed_and_a_hostile_question_stay_text(client, made):
    titles = pa.array([HOSTILE] * made.catalogue.metadata.num_rows)
    place = made.catalogue.metadata.column_names.index("title")
    changed = made.catalogue.metadata.set_column(place, "title", titles)
    object.__setattr__(made.catalogue, "metadata", changed)
    made.promote(made.catalogue)
    made.house.refresh()
    response = client.get("/", params={"q": "ring " + HOSTILE, "brand": HOSTILE})
    everything = client.get("/")

    assert "<script>alert" not in response.text + everything.text
    assert HOSTILE in Page(everything).text
    assert Page(response).all("input", name="q")[0]["value"] == "ring " + HOSTILE


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/?price_min=10", 400, "currency"),
        ("/?price_min=cheap&currency=EUR", 400, "no amount"),
        ("/?sort=price_asc", 422, "currency"),
        ("/?sort=sideways", 422, "sort"),
        ("/?collection=moon", 404, "moon"),
        ("/?cursor=rubbish", 400, "cursor"),
        ("/?q=zzzzqqq", 400, "zzzzqqq"),
        ("/p/none", 404, "none"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(client, address, status, says):
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert says in Page(response).text


def test_a_picture_that_is_none_is_said_so(client):
    response = client.post("/look", files={"picture": ("a.jpg", b"not a picture")})
    assert response.status_code == 422
    assert response.headers["content-type"].startswith("text/html")
    nothing = client.post("/look", files={"picture": ("a.jpg", b"")})
    assert nothing.status_code == 400
    assert "no picture" in Page(nothing).text


def test_prices_in_an_address_are_whole_amounts(client):
    response = client.get("/", params={"price_min": "1,50", "price_max": "20000.5", "currency": "eur"})
    page = Page(response)
    assert page.all("input", name="price_min", value="1.50")
    assert page.all("input", name="price_max", value="20000.50")
    kept = [own["href"] for own in page.all("a", rel="next")]
    assert all(parse_qs(urlsplit(link).query)["price_min"] == ["1.50"] for link in kept)


def test_a_picture_in_memory_is_answered_by_the_made_house_too(client):
    drawn = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    sink = io.BytesIO()
    drawn.save(sink, "png")
    assert client.post("/look", files={"picture": ("a.png", sink.getvalue())}).status_code == 200
