"""A piece's facts, offers and prices as a real run leaves them; lists, facets, what is new."""

import hashlib
import io

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from catalog.tables import image_references, pieces
from index_builds.filters import SnapshotFilter
from serving.byte_ranges import UnsatisfiableRangeError, asked_range


def first_piece(client):
    return client.get("/v1/recent", params={"limit": 1}).json()["hits"][0]["piece"]["piece_id"]


def test_a_piece_tells_who_states_each_fact_and_shows_its_pictures(real):
    piece = first_piece(real)
    document = real.get(f"/v1/pieces/{piece}").json()

    fact = document["facts"]["category"]
    assert fact["value"] in {one["value"] for one in fact["values"]}
    sources = [source for one in fact["values"] for source in one["sources"]]
    listed = {one["listing_id"] for one in document["listings"]}
    assert sources
    assert {source["listing_id"] for source in sources} <= listed
    assert any(source["raw"] for source in sources)
    assert document["pictures"][0]["thumbhash"]
    assert document["pictures"][0]["renditions"]["512"]["url"].partition("?v=")[0].endswith("/512.webp")


def picture_of(client):
    piece = first_piece(client)
    return client.get(f"/v1/pieces/{piece}").json()["pictures"][0]


def test_a_rendition_is_delivered_whole_in_part_or_not_again(real):
    picture = picture_of(real)
    stated = picture["renditions"]["512"]
    whole = real.get(stated["url"])
    shown = Image.open(io.BytesIO(whole.content))
    assert (shown.format, shown.size) == ("WEBP", (stated["width"], stated["height"]))
    assert whole.headers["content-type"] == "image/webp"
    assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert "immutable" in whole.headers["cache-control"]
    assert real.head(stated["url"]).headers["content-length"] == str(len(whole.content))
    for header in (whole.headers["etag"], f'"other", W/{whole.headers["etag"]}', "*"):
        again = real.get(stated["url"], headers={"if-none-match": header})
        assert (again.status_code, again.content) == (304, b"")

    for asked, expected in (
        ("bytes=10-19", whole.content[10:20]),
        ("bytes=-7", whole.content[-7:]),
        ("bytes=100-", whole.content[100:]),
    ):
        part = real.get(stated["url"], headers={"range": asked})
        assert (part.status_code, part.content) == (206, expected)
    assert part.headers["content-range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    stale = real.get(stated["url"], headers={"range": "bytes=0-1", "if-range": '"another"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    behind = real.get(stated["url"], headers={"range": "bytes=99999999-"})
    assert behind.status_code == 416
    assert behind.json()["remedy"]


def test_an_address_without_the_version_is_not_cached_for_ever(real):
    for url in picture_of(real)["sizes"].values():
        plain = real.get(url)
        assert plain.status_code == 200
        assert "immutable" not in plain.headers["cache-control"]
        assert "immutable" not in real.get(url, params={"v": "0" * 16}).headers["cache-control"]


def test_what_is_not_shown_is_not_delivered(real):
    picture = picture_of(real)
    image, engine = picture["image_id"], real.app.state.house.engine
    assert real.get(f"/v1/images/{'0' * 64}/512.webp").status_code == 404
    assert real.get(f"/v1/images/{image}/77.webp").status_code == 422
    own = image_references.c.image_id == image
    try:
        with engine.begin() as connection:  # as when its consent is withdrawn
            connection.execute(image_references.update().where(own).values(live=False))
        refused = real.get(picture["renditions"]["512"]["url"])
    finally:
        with engine.begin() as connection:
            connection.execute(image_references.update().where(own).values(live=True))
    assert refused.status_code == 404
    assert refused.json()["remedy"]


@given(
    st.integers(0, 300), st.one_of(st.none(), st.integers(0, 400)), st.one_of(st.none(), st.integers(0, 400))
)
def test_a_range_is_a_part_of_the_whole(length, first, last):
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    whole = bytes(index % 251 for index in range(length))
    try:
        found = asked_range(header, length)
    except UnsatisfiableRangeError:
        assert (first or 0) >= length or last == 0
        return
    if found is None:
        assert (first is None and last is None) or (first is not None and last is not None and last < first)
        return
    start, stop = found
    expected = whole[-last:] if first is None else whole[first : None if last is None else last + 1]
    assert whole[start:stop] == expected


def test_offers_and_price_history_are_of_the_pieces_listings(real):
    piece = first_piece(real)
    listed = {one["listing_id"] for one in real.get(f"/v1/pieces/{piece}").json()["listings"]}
    offers = real.get(f"/v1/pieces/{piece}/offers").json()["offers"]
    history = real.get(f"/v1/pieces/{piece}/price-history").json()["listings"]

    assert {offer["listing_id"] for offer in offers} == listed
    assert {one["listing_id"] for one in history} <= listed
    priced = {offer["listing_id"] for offer in offers if offer["price_minor"] is not None}
    assert priced <= {one["listing_id"] for one in history}
    assert all(one["spans"][0]["valid_from"] for one in history)


def test_a_merged_piece_is_answered_by_where_it_went(real, flow):
    piece = first_piece(real)
    engine = real.app.state.house.engine
    with engine.begin() as connection:
        row = connection.execute(sa.select(pieces).where(pieces.c.piece_id == piece)).mappings().one()
        merged = {**row, "piece_id": f"old-{piece[:20]}", "forwarded_to": piece}
        connection.execute(pieces.insert().values(**merged))
    for rest in ("", "/offers", "/similar?limit=2"):
        moved = real.get(f"/v1/pieces/{merged['piece_id']}{rest}", follow_redirects=False)
        assert moved.status_code == 308, moved.text
        assert moved.headers["location"] == f"/v1/pieces/{piece}{rest}"
        assert moved.json()["moved_to"] == piece
    with engine.begin() as connection:
        connection.execute(pieces.delete().where(pieces.c.piece_id == merged["piece_id"]))


def test_words_pictures_and_channels_work_with_the_shipped_encoder(real, flow):
    found = real.get("/v1/search/text", params={"q": "gold ring", "limit": 5})
    assert found.status_code == 200, found.text
    renders = (flow.sample / "atelier").rglob("*")
    path = next(path for path in sorted(renders) if path.suffix in {".jpg", ".webp", ".png"})
    pictures = [("pictures", (path.name, path.read_bytes(), "image/jpeg"))]
    shown = real.post("/v1/search/image", params={"limit": 3}, files=pictures)
    assert len(shown.json()["hits"]) == 3
    weighed = real.post(
        "/v1/search/hybrid",
        data={"question": '{"channels": {"colour": 1, "shape": 1}, "explain": true, "limit": 3}'},
        files=pictures,
    )
    assert "picture: colour" in weighed.json()["hits"][0]["parts"]


def test_trends_and_stats_come_from_the_tables(real):
    rows = real.get("/v1/trends", params={"facet": "category"}).json()["rows"]
    assert {row["facet"] for row in rows} == {"category"}
    stats = real.get("/v1/stats").json()
    assert stats["snapshot"]["pieces"] > 0
    assert stats["pieces"] >= stats["snapshot"]["pieces"]
    assert stats["caches"]["answers"]["misses"] >= 0


def test_what_nobody_has_is_unknown(real):
    for rest in ("", "/offers", "/price-history", "/similar"):
        assert real.get(f"/v1/pieces/nobody{rest}").status_code == 404


def test_lists_answer_as_a_search_does(client, made):
    served = made.house.live["house"].current
    assert served.neighbours is not None
    for piece in served.table.piece_ids[:5]:
        looked_up = client.get(f"/v1/pieces/{piece}/similar", params={"limit": 8}).json()
        searched = client.get(f"/v1/pieces/{piece}/similar", params={"limit": 8, "explain": True}).json()
        assert "search" not in looked_up["timings_ms"]
        assert "search" in searched["timings_ms"]
        assert [hit["piece"]["piece_id"] for hit in looked_up["hits"]] == [
            hit["piece"]["piece_id"] for hit in searched["hits"]
        ]
        assert [hit["score"] for hit in looked_up["hits"]] == pytest.approx(
            [hit["score"] for hit in searched["hits"]], abs=1e-5
        )


def test_paging_goes_on_beyond_a_list(client, made):
    piece, cursor, seen = made.house.live["house"].current.table.piece_ids[0], None, []
    while True:
        params = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        answer = client.get(f"/v1/pieces/{piece}/similar", params=params).json()
        seen += [hit["piece"]["piece_id"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 39


def test_facets_count_pieces_and_leave_their_own_filter_out(client, made):
    def counts(**asked):
        return client.get("/v1/facets", params=asked).json()

    everything = counts()
    served = made.house.live["house"].current
    rows = served.snapshot.metadata.to_pylist()
    expected = {}
    for row in rows:
        for stone in row["stones"]:
            expected.setdefault(stone, set()).add(row["piece_id"])
    assert {one["value"]: one["count"] for one in everything["facets"]["stone"]} == {
        name: len(pieces) for name, pieces in expected.items()
    }
    under = counts(category="ring", price_min_minor=2000, currency="EUR")
    where = SnapshotFilter(category=("ring",), price_min_minor=2000, currency="EUR")
    assert under["pieces"] == len({row["piece_id"] for row in rows if where.is_satisfied_by(row)})
    assert len(under["facets"]["category"]) > 1
    assert under["prices"]["EUR"]["min_minor"] < 2000
