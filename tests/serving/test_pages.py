"""The pages as a browser without JavaScript meets them."""

import base64
import io
import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from PIL import Image
from served_house import standing

from catalog.tables import image_references, piece_listings, pieces
from serving.app import create_app
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
        if name in ("input", "select") and own.get("type") not in ("hidden", "checkbox") and "id" in own
    ]
    assert bare
    assert {own["id"] for own in bare} <= labelled


def test_a_filter_says_how_many_pieces_each_value_has(client):
    counted = client.get("/v1/facets").json()["facets"]["category"]
    response = client.get("/")
    assert counted
    for one in counted[:12]:
        box = f'id="category-{one["value"]}" name="category"'
        assert (
            f'<span class="count">{one["count"]}</span>' in response.text.split(box)[1].split("</label>")[0]
        )


def test_the_form_keeps_what_is_chosen_even_where_nothing_has_it(client):
    page = Page(client.get("/", params={"brand": ["nobody", "no one"], "currency": "JPY"}))
    for brand in ("nobody", "no one"):
        assert page.all("input", type="checkbox", name="brand", value=brand, checked=None)
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
    assert page.all("input", type="checkbox", name="category", value=category, checked=None)
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
    shown = [own for own in page.all("img") if own.get("alt") is not None and "34rem" in own.get("sizes", "")]
    assert shown
    assert all("/512.webp?v=" in own["src"] for own in shown)
    assert all(own["alt"] for own in shown)


def test_a_piece_is_called_the_same_wherever_it_is_shown(real):
    shown = re.findall(r'href="(/p/[^"]+)">.*?class="title">([^<]+)<', real.get("/").text, re.DOTALL)
    assert len(shown) > 5
    for link, title in shown:
        assert f"<h1>{title}</h1>" in real.get(link).text


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
        ("/?price_min=cheap&currency=EUR", 400, "no amount"),
        ("/?sort=sideways", 422, "sort"),
        ("/?collection=moon", 404, "moon"),
        ("/?cursor=rubbish", 400, "cursor"),
        ("/?unlike=piece-1", 400, "wants nothing"),
        ("/?like=nobody", 404, "nobody"),
        ("/?q=gold&by_colour=11&like=piece-1", 422, "by_colour"),
        ("/?like=piece-1&by_colour=1", 400, "no channel 'colour'"),
        ("/trends?facet=weight", 400, "weight"),
        ("/trends?days=3", 400, "30, 90, 365"),
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
    assert client.post("/look", files={"picture": ("a.png", _drawing())}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"copy": "???"}, 400, "damaged"),
        ({"copy": "x" * 3_000_001}, 413, "3000001 bytes"),
        ({"crop_left": "some"}, 400, "'some' is no number"),
        ({"crop_left": "60", "crop_right": "40"}, 400, "left must come before right"),
        ({"crop_left": "10", "crop_right": "11"}, 400, "leaves"),
    ],
)
def test_a_picture_that_comes_back_wrong_is_said_so(client, fields, status, says):
    page = Page(client.post("/look", files={"picture": ("a.png", _drawing())}))
    copy = page.all("input", name="copy")[0]["value"]
    response = client.post("/look", data={"copy": copy, **fields}, files={"none": b""})
    assert response.status_code == status
    assert says in Page(response).text


def test_the_picture_goes_along_small_upright_and_without_what_its_file_says(client):
    camera = Image.new("RGB", (2_000, 1_000), "white")
    camera.paste("red", (0, 0, 200, 1_000))
    exif = camera.getexif()
    exif[0x0112], exif[0x010F] = 6, "A camera of somebody"  # turned by 90 degrees
    sink = io.BytesIO()
    camera.save(sink, "jpeg", exif=exif)
    page = Page(client.post("/look", files={"picture": ("a.jpg", sink.getvalue())}))
    data = base64.b64decode(page.all("input", name="copy")[0]["value"])
    copy = Image.open(io.BytesIO(data))

    assert b"camera" not in data
    assert copy.size == (320, 640)
    assert copy.getpixel((160, 10))[1] < 40 < 200 < copy.getpixel((160, 630))[1]
    assert page.all("img", src="data:image/webp;base64," + base64.b64encode(data).decode())


def test_an_address_is_tidied(client):
    messy = "/?q=gold&sort=relevance&currency=&price_min=&by_visual=1&by_colour=0&like=&utm_source=mail"
    moved = client.get(messy, follow_redirects=False)
    assert moved.status_code == 303
    assert moved.headers["location"] == "/?q=gold"
    assert client.get("/?q=gold", follow_redirects=False).status_code == 200


def test_what_is_shown_by_price_is_in_its_order_through_all_pages(client, made):
    table = made.catalogue.metadata
    priced = [row["price_minor"] for row in table.to_pylist() if row["currency"] == "EUR" and row["piece_id"]]
    shown, address = [], "/?sort=price_desc&currency=EUR"
    while address:
        page = client.get(address)
        shown += re.findall(r'class="price">([^<]+)<', page.text)
        following = Page(page).all("a", rel="next")
        address = following[0]["href"] if following else None
    euros = [float(text[1:].replace(",", "")) for text in shown if text.startswith("€")]
    assert len(euros) > 24
    assert max(euros) == max(priced) / 100
    assert all(not text.startswith("€") for text in shown[len(euros) :])


def test_a_price_without_a_currency_means_the_usual_one(client, made):
    counted = Counter(made.catalogue.metadata["currency"].drop_null().to_pylist())
    usual = max(counted, key=counted.get)
    page = Page(client.get("/", params={"price_max": "30"}))
    assert counted[usual] > counted.total() / 2
    assert f"Prices are read in {usual}" in page.text
    assert [own for own in page.all("option", selected=None) if "value" not in own]


def test_a_customer_stays_unnamed_where_a_piece_comes_from(real):
    with real.app.state.house.engine.connect() as connection:
        row = connection.execute(
            sa.select(piece_listings.c.piece_id, image_references.c.location)
            .join(image_references, image_references.c.listing_id == piece_listings.c.listing_id)
            .where(image_references.c.feed == "community", image_references.c.image_id.is_not(None))
        ).first()
    page = Page(real.get(f"/p/{row.piece_id}"))
    assert "from a customer" in page.text
    assert row.location not in page.text


def test_trends_and_collections_show_what_the_house_has(real):
    rows = real.get("/v1/trends", params={"facet": "metal"}).json()["rows"]
    last = max(row["day"] for row in rows)
    gold = sum(row["supply"] for row in rows if row["day"] == last and row["value"] == "gold")
    page = Page(real.get("/trends?facet=metal"))
    assert f"gold {gold}" in " ".join(page.text.split())
    assert page.all("polyline")
    pieces = real.get("/v1/collections").json()["collections"][0]["pieces"]
    shown = Page(real.get("/collections"))
    assert f"{pieces} pieces" in shown.text
    assert len(shown.all("img")) == 4


def test_the_line_below_every_page_is_kept_up_to_date_without_a_key(real):
    stats = real.get("/v1/stats").json()
    assert real.get("/live").json() == {
        "delivered_at": stats["delivered_at"],
        "pictures_waiting": stats["pictures_waiting"],
        "pieces": stats["snapshot"]["pieces"],
        "snapshot_id": stats["snapshot"]["snapshot_id"],
    }


def test_a_search_goes_on_while_the_database_is_away(client, made):
    made.house.engine = sa.create_engine(f"sqlite:///{made.root / 'gone' / 'away.db'}")
    page = Page(client.get("/?q=gold"))
    assert len(page.all("li", **{"class": "card"})) == 24
    assert all(own["src"].endswith("/512.webp") for own in page.all("img"))
    assert client.get("/p/piece-1").status_code == 503


def test_people_meet_a_page_where_there_is_none_and_where_they_ask_too_often(tmp_path):
    slow = {"access": {"keys": "always", "anonymous_per_second": 1, "anonymous_burst": 1}}
    made = standing(tmp_path, **slow)
    people = {"accept": "text/html,*/*;q=0.8"}
    with TestClient(create_app(made.house, made.house.settings)) as client:
        nowhere = client.get("/nowhere", headers=people)
        posted = client.post("/trends", headers=people)
        machine = client.get("/nowhere")
        api = client.get("/v1/nowhere", headers=people)
        client.get("/", headers=people)
        often = client.get("/", headers=people)

    assert nowhere.status_code == machine.status_code == api.status_code == 404
    assert "Back to the search" in Page(nowhere).text
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET")
    assert machine.headers["content-type"] == api.headers["content-type"] == "application/problem+json"
    assert (often.status_code, often.headers["retry-after"]) == (429, "1")
    assert "ask again in 1 s" in Page(often).text
    assert "content-security-policy" in often.headers


def test_what_is_busy_says_when_to_come_again(client, made):
    made.house.pool.pending = 10_000
    answer = client.get("/?q=gold")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert "Too much at once" in Page(answer).text


def _drawing():
    drawn = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8))
    sink = io.BytesIO()
    drawn.save(sink, "png")
    return sink.getvalue()
