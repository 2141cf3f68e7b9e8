import json
import os
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from catalog.declarations import FeedDeclaration
from catalog.errors import FeedRefusedError, FeedUnreachableError
from catalog.locations import LocationAccess, collect, date_in
from catalog.reading import read_delivery


def declared(location, chosen="csv", **more):
    if chosen in ("json", "jsonl", "csv"):
        more.setdefault("mapping", {"source_id": "id", "title": "title"})
    return FeedDeclaration(
        **{"name": "shop", "kind": "retailer", "format": chosen, "location": str(location)} | more
    )


def arrivals(declaration, access, known=None):
    """Everything that arrives, with its bytes, as the next arrival takes the file away."""
    return [(one, one.path.read_bytes()) for one in collect(declaration, known or {}, access=access)]


def known_after(found):
    return {one.name: one.validators for one, _ in found}


def test_a_folder_gives_its_files_in_name_order_and_nothing_twice(tmp_path, access):
    for name in ("b-2026-08-02.csv", "a-2026-08-01.csv", ".hidden.csv", "c.csv.part", "readme.txt"):
        (tmp_path / name).write_text(name)
    declaration = declared(tmp_path, files="*.csv*")

    first = arrivals(declaration, access)
    again = arrivals(declaration, access, known_after(first))

    assert [one.name for one, _ in first] == ["a-2026-08-01.csv", "b-2026-08-02.csv"]
    assert first[0][0].delivered_at == datetime(2026, 8, 1, tzinfo=UTC)
    assert again == []


def test_a_touched_file_is_unchanged_and_a_rewritten_one_arrives(tmp_path, access):
    path = tmp_path / "feed.csv"
    path.write_text("one")
    known = known_after(arrivals(declared(path), access))

    os.utime(path, ns=(1, 1))
    touched = arrivals(declared(path), access, known)
    path.write_text("two")
    rewritten = arrivals(declared(path), access, known)

    assert touched == []
    assert [data for _, data in rewritten] == [b"two"]
    assert rewritten[0][0].delivered_at is None  # a modification time dates nothing


def test_a_link_out_of_the_folder_is_not_followed(tmp_path, access):
    (tmp_path / "outside.csv").write_text("secret")
    inside = tmp_path / "feeds"
    inside.mkdir()
    (inside / "link.csv").symlink_to(tmp_path / "outside.csv")

    assert arrivals(declared(inside), access) == []
    assert arrivals(declared(inside, files="../*.csv"), access) == []


def test_a_missing_place_is_refused_by_name(tmp_path, access):
    with pytest.raises(FeedRefusedError, match="does not exist: create it or correct"):
        arrivals(declared(tmp_path / "nowhere"), access)
    with pytest.raises(FeedRefusedError, match="no path"):
        arrivals(declared("ftp://shop/feed"), access)


def test_a_picture_folder_is_one_manifest_until_a_picture_changes(tmp_path, access):
    for name in ("rings/b.jpg", "rings/a.PNG", ".thumbs/x.jpg", "notes.txt", "c.webp"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "out.jpg").symlink_to("/etc/hostname")
    declaration = declared(tmp_path, "images")

    first = arrivals(declaration, access)
    again = arrivals(declaration, access, known_after(first))
    (tmp_path / "c.webp").write_bytes(b"other")
    changed = arrivals(declaration, access, known_after(first))

    lines = [json.loads(line) for line in first[0][1].splitlines()]
    assert [line["path"] for line in lines] == ["c.webp", "rings/a.PNG", "rings/b.jpg"]
    assert {*lines[0]} == {"path", "bytes", "sha256"}
    assert (again, len(changed)) == ([], 1)


def test_http_is_asked_with_what_it_said_last_time(server, access):
    server.answer("/feed.csv", b"one", ETag='"1"', Last_Modified="Sat, 01 Aug 2026 10:00:00 GMT")
    server.answer("/feed.csv", status=304)
    declaration = declared(f"{server.url}/feed.csv")

    first = arrivals(declaration, access)
    again = arrivals(declaration, access, known_after(first))

    assert (first[0][0].name, first[0][1]) == ("feed.csv", b"one")
    assert first[0][0].delivered_at == datetime(2026, 8, 1, 10, tzinfo=UTC)
    assert again == []
    assert server.requests[1][1]["If-None-Match"] == '"1"'


def test_a_server_without_validators_repeats_itself_in_vain(server, access):
    server.answer("/feed", b"same")
    declaration = declared(f"{server.url}/feed")

    assert arrivals(declaration, access, known_after(arrivals(declaration, access))) == []


def page(*ids, **more):
    return json.dumps(
        {"items": [{"id": one, "title": f"T{one}", "price": 24.99} for one in ids], **more}
    ).encode()


@pytest.mark.parametrize("last", ["empty", "missing", "repeated"])
def test_numbered_pages_are_one_delivery_whatever_the_end_looks_like(server, access, tmp_path, last):
    server.answer("/feed?page=1", page(1, 2))
    server.answer("/feed?page=2", page(3))
    if last != "missing":
        server.answer("/feed?page=3", page() if last == "empty" else page(3))
    declaration = declared(f"{server.url}/feed", "json", records="items", pagination={"style": "page"})

    ((_, data),) = arrivals(declaration, access)
    path = tmp_path / "kept"
    path.write_bytes(data)

    assert [one.source_id for one in read_delivery(path, declaration) if hasattr(one, "title")] == [
        "1",
        "2",
        "3",
    ]
    assert json.loads(data.splitlines()[0])["price"] == 24.99


def test_pages_follow_a_field_or_a_link_header(server, access):
    server.answer("/field", page(1, next="/field2"))
    server.answer("/field2", page(2, next=None))
    server.answer("/link", page(1), Link=f'<{server.url}/link2>; rel="next"')
    server.answer("/link2", page(2))

    for path, style in (("field", "next_field"), ("link", "link")):
        pagination = {"style": style, "next_field": "next"}
        ((_, data),) = arrivals(
            declared(f"{server.url}/{path}", "json", records="items", pagination=pagination), access
        )
        assert [json.loads(line)["id"] for line in data.splitlines()] == [1, 2]


@pytest.mark.parametrize("last", [None, "", False])
def test_pages_follow_a_cursor(server, access, last):
    server.answer("/feed", page(1, page={"end": "a b"}))
    server.answer("/feed?after=a+b", page(2, page={"end": last}))
    pagination = {"style": "cursor", "parameter": "after", "next_field": "page.end"}
    declaration = declared(f"{server.url}/feed", "json", records="items", pagination=pagination)

    ((_, data),) = arrivals(declaration, access)

    assert [json.loads(line)["id"] for line in data.splitlines()] == [1, 2]


def test_a_cursor_without_a_place_and_pages_of_one_piece_are_refused():
    with pytest.raises(ValidationError, match="needs next_field"):
        declared("https://x/feed", "json", pagination={"style": "cursor"})
    with pytest.raises(ValidationError, match="comes in one piece"):
        declared("https://x/feed", "shopify_csv", pagination={"style": "page"})


def test_all_pages_of_a_shopify_storefront_are_one_delivery(server, access, tmp_path):
    def products(*ids):
        found = [
            {"id": one, "handle": f"h{one}", "title": "Ring", "variants": [{"price": "5.00"}]} for one in ids
        ]
        return json.dumps({"products": found}).encode()

    server.answer("/products.json?limit=250&page=1", products(1, 2))
    server.answer("/products.json?limit=250&page=2", products(3))
    server.answer("/products.json?limit=250&page=3", products())
    declaration = declared(
        f"{server.url}/products.json?limit=250", "shopify_json", currency="USD", pagination={"style": "page"}
    )

    ((_, data),) = arrivals(declaration, access)
    path = tmp_path / "kept"
    path.write_bytes(data)

    found = [one for one in read_delivery(path, declaration) if hasattr(one, "title")]
    assert [(one.source_id, one.price_minor) for one in found] == [("h1", 500), ("h2", 500), ("h3", 500)]


def test_pages_in_a_circle_or_without_end_are_refused_not_cut(server, access):
    server.answer("/feed", page(1, next="/feed"))
    for number in range(1, 5):
        server.answer(f"/long?page={number}", page(number))
    circle = declared(f"{server.url}/feed", "json", records="items", pagination={"style": "next_field"})
    endless = declared(
        f"{server.url}/long", "json", records="items", pagination={"style": "page", "max_pages": 3}
    )

    with pytest.raises(FeedRefusedError, match="names itself"):
        arrivals(circle, access)
    with pytest.raises(FeedRefusedError, match="more than 3 pages"):
        arrivals(endless, access)


def test_a_page_that_fails_leaves_no_half_delivery(server, access):
    server.answer("/feed?page=1", page(1))
    server.answer("/feed?page=2", status=500)
    declaration = declared(f"{server.url}/feed", "json", records="items", pagination={"style": "page"})

    with pytest.raises(FeedUnreachableError):
        arrivals(declaration, access)


def test_an_s3_prefix_gives_new_objects_by_name(s3, no_waiting):
    access = LocationAccess(s3_client=lambda: s3)
    for key, body in (
        ("feeds/b.csv", b"b"),
        ("feeds/a-2026-08-01.csv", b"a"),
        ("feeds/x.txt", b"x"),
        ("feedsother.csv", b"o"),
    ):
        s3.put_object(Bucket="shop", Key=key, Body=body)
    declaration = declared("s3://shop/feeds", files="*.csv")

    first = arrivals(declaration, access)
    again = arrivals(declaration, access, known_after(first))

    assert [(one.name, data) for one, data in first] == [("a-2026-08-01.csv", b"a"), ("b.csv", b"b")]
    assert first[0][0].delivered_at == datetime(2026, 8, 1, tzinfo=UTC)
    assert again == []


def test_s3_says_what_is_wrong(s3, access):
    with_s3 = LocationAccess(s3_client=lambda: s3)
    for location, access_, message in (
        ("s3://shop/nothing", with_s3, "nothing lies under"),
        ("s3://other/feeds", with_s3, "bucket of"),
        ("s3://shop/feeds", access, "no S3 client"),
    ):
        with pytest.raises(FeedRefusedError, match=message):
            arrivals(declared(location), access_)


def test_a_date_must_be_a_day_of_the_calendar():
    assert date_in("feed-2026-13-45.csv") is None
    assert date_in("2026-13-45_2026-02-03.csv") == datetime(2026, 2, 3, tzinfo=UTC)
