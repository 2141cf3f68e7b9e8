"""What the API answers: search by words and likeness, paging, errors, status."""

import pytest
from fastapi.testclient import TestClient
from served_house import standing

from serving.app import create_app


def test_words_find_pieces_of_the_promoted_snapshot(client, made):
    answer = client.get("/v1/search/text", params={"q": "gold ring with zircon", "limit": 5})

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["snapshot_id"] == made.store.promoted("house")
    assert found["unknown_words"] == ["zircon"]
    assert len(found["hits"]) == 5
    assert len({hit["piece"]["piece_id"] for hit in found["hits"]}) == 5
    assert found["tiers"] == ["hot", "warm"]
    assert {"encode", "search", "total"} <= found["timings_ms"].keys()


def test_pages_of_one_question_fit_together(client):
    def pages(limit):
        cursor, seen = None, []
        while True:
            params = {"q": "gold", "limit": limit} | ({"cursor": cursor} if cursor else {})
            answer = client.get("/v1/search/text", params=params).json()
            seen += [hit["piece"]["piece_id"] for hit in answer["hits"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                return seen

    assert pages(7) == pages(40)
    assert len(set(pages(7))) == 40  # 120 pictures of 3 each


def test_a_cursor_of_another_question_is_refused(client):
    cursor = client.get("/v1/search/text", params={"q": "gold", "limit": 2}).json()["next_cursor"]
    answer = client.get("/v1/search/text", params={"q": "silver", "limit": 2, "cursor": cursor})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another question" in answer.json()["detail"]
    assert answer.json()["remedy"]


def test_a_filter_shows_only_listings_that_satisfy_it(client):
    found = client.get(
        "/v1/search/text", params={"q": "gold", "category": "necklace", "source": "bazaar", "limit": 50}
    ).json()["hits"]

    assert found
    for hit in found:
        assert hit["piece"]["category"] == "necklace"
        assert {offer["source"] for offer in hit["piece"]["offers"]} == {"bazaar"}


def test_prices_sort_in_one_currency(client):
    prices = {}
    for sort in ("price_asc", "price_desc"):
        hits = client.get(
            "/v1/search/text", params={"q": "gold", "sort": sort, "currency": "EUR", "limit": 40}
        ).json()["hits"]
        prices[sort] = [
            min(
                (
                    o["price_minor"]
                    for o in hit["piece"]["offers"]
                    if o["currency"] == "EUR" and o["price_minor"]
                ),
                default=None,
            )
            for hit in hits
        ]
    stated = [price for price in prices["price_asc"] if price is not None]
    assert len(stated) > 10
    assert stated == sorted(stated)
    assert prices["price_asc"][: len(stated)] == stated
    assert [price for price in prices["price_desc"] if price is not None] == stated[::-1]


def test_similar_pieces_leave_the_piece_itself_out(client, made):
    piece = made.house.live["house"].current.table.piece_ids[3]
    found = client.get(f"/v1/pieces/{piece}/similar", params={"limit": 10}).json()["hits"]

    assert len(found) == 10
    assert piece not in {hit["piece"]["piece_id"] for hit in found}


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v1/search/text?q=", 400, "query"),
        ("/v1/search/text?q=zorgle", 400, "query"),
        ("/v1/search/text?q=gold&limit=0", 422, "invalid"),
        ("/v1/search/text?q=gold&colour_of_sky=blue", 422, "invalid"),
        ("/v1/search/text?q=gold&price_min_minor=5", 422, "invalid"),
        ("/v1/search/text?q=gold&sort=price_asc", 422, "invalid"),
        ("/v1/search/text?q=gold&limit=500", 400, "query"),
        ("/v1/search/text?q=gold&cursor=no", 400, "query"),
        ("/v1/search/text?q=gold&collection=elsewhere", 404, "unknown"),
        ("/v1/pieces/nobody/similar", 404, "unknown"),
        ("/v1/nowhere", 404, "http"),
    ],
)
def test_every_error_is_a_problem_document(client, path, status, kind):
    answer = client.get(path)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:loupe:problem:{kind}"
    assert answer.json()["place"] == path.partition("?")[0]


def test_status_tells_what_serves(client, made):
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    (one,) = client.get("/v1/collections").json()["collections"]
    assert one["label"] == "The house"
    assert one["pieces"] == 40
    assert one["snapshot_id"] == made.store.promoted("house")


def test_nothing_promoted_is_not_ready_and_says_what_to_do(tmp_path):
    made = standing(tmp_path, promoted=False)
    with TestClient(create_app(made.house, made.house.settings)) as client:
        assert client.get("/readyz").status_code == 503
        answer = client.get("/v1/search/text", params={"q": "gold"})
        assert answer.status_code == 503
        assert "loupe run" in answer.json()["remedy"]
        assert answer.headers["retry-after"]
