"""Pictures, hybrid questions, batches, ranking: what is asked is what is answered."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from served_house import standing


@pytest.fixture
def made(tmp_path):
    return standing(tmp_path, largest_picture_bytes=200_000, most_pictures=2)


def picture(seed=1, form="PNG", size=(120, 90)):
    pixels = np.random.default_rng(seed).integers(0, 255, size=(9, 12, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(sink, form, lossless=True, quality=95)
    return sink.getvalue()


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [hit["piece"]["piece_id"] for hit in answer.json()["hits"]]


def as_file(data):
    return ("pictures", ("a", data, "application/octet-stream"))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG", "AVIF"])
def test_a_picture_finds_the_pieces_that_its_vector_finds(client, made, form):
    found = ids(client.post("/v1/search/image", params={"limit": 8}, files=[as_file(picture(1, form))]))
    pixels = made.encoder.preprocess(Image.open(io.BytesIO(picture(1))))
    vector = made.encoder.encode_images(pixels[None])
    served = made.house.live["house"].current
    best = served.snapshot.search(vector, 1).keys[0, 0]

    assert len(found) == 8
    row = int(np.searchsorted(served.table.row_keys, best))
    weights = dict.fromkeys(("popularity", "rating", "conversion", "freshness", "price_fit", "in_stock"), 0)
    plain = client.post("/v1/search/image", params={"limit": 1, **weights}, files=[as_file(picture(1, form))])
    assert ids(plain) == [served.table.piece_ids[served.table.row_pieces[row]]]


def test_a_crop_is_another_question_than_the_whole(client):
    whole = client.post("/v1/search/image", files=[as_file(picture())])
    part = client.post("/v1/search/image", files=[as_file(picture())], data={"crop": "0.5,0.5,1,1"})
    assert ids(whole) != ids(part)


@pytest.mark.parametrize(
    ("files", "data", "status"),
    [
        ([as_file(b"GIF89a not one of ours")], {}, 422),
        ([as_file(picture()[:200])], {}, 422),
        ([as_file(b"\x89PNG" + b"0" * 300_000)], {}, 413),
        ([as_file(picture())] * 3, {}, 413),
        ([as_file(picture())], {"crop": "0.9,0,0.1,1"}, 400),
        ([as_file(picture())], {"crop": "0,0,0.01,0.01"}, 400),
        ([as_file(picture())], {"crop": ["", ""]}, 400),
        ([], {}, 422),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_a_remedy(client, files, data, status):
    answer = client.post("/v1/search/image", files=files, data=data)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]


def test_a_hybrid_question_is_the_same_as_json_and_as_multipart(client):
    document = '{"words": ["gold"], "limit": 6, "explain": true}'
    multipart = client.post("/v1/search/hybrid", data={"question": document}, files=[as_file(picture())])
    encoded = base64.b64encode(picture()).decode()
    as_json = client.post(
        "/v1/search/hybrid",
        json={"words": ["gold"], "limit": 6, "explain": True, "pictures": [{"data": encoded}]},
    )

    assert ids(multipart) == ids(as_json)
    assert as_json.json()["cached"]  # it is the same question
    parts = as_json.json()["hits"][0]["parts"]
    assert {"words", "picture"} <= parts.keys()


def test_liked_and_disliked_pieces_pull_and_push_and_stay_out(client, made):
    table = made.house.live["house"].current.table
    liked, disliked = table.piece_ids[2], table.piece_ids[9]
    near = client.get(f"/v1/pieces/{disliked}/similar", params={"limit": 4})
    near = [piece for piece in ids(near) if piece != liked]
    asked = {"words": ["gold"], "liked": [liked], "disliked": [disliked], "not_weight": 10, "limit": 40}
    found = ids(client.post("/v1/search/hybrid", json=asked))
    without = ids(client.post("/v1/search/hybrid", json={**asked, "disliked": []}))

    assert not {liked, disliked} & set(found)
    place = [found.index(piece) for piece in near]
    assert sum(place) > sum(without.index(piece) for piece in near)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"not_words": ["gold"]}, 400),
        ({"words": ["gold"], "liked": ["nobody"]}, 404),
        ({"words": ["gold"], "channels": {"colour": 1}}, 400),
        ({"words": ["gold"], "pictures": [{"data": "?"}]}, 400),
        ({"words": ["gold"], "words_weight": -1}, 422),
        ({"wods": ["gold"]}, 422),
    ],
)
def test_a_hybrid_question_at_fault_is_refused(client, asked, status):
    answer = client.post("/v1/search/hybrid", json=asked)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_batch_answers_each_question_in_its_place_from_one_snapshot(client):
    answers = client.post(
        "/v1/search/batch",
        json={"questions": [{"words": ["gold"]}, {"words": ["zorgle"]}, {"words": ["silver"], "limit": 3}]},
    ).json()["answers"]

    assert ids(client.get("/v1/search/text", params={"q": "gold"})) == [
        hit["piece"]["piece_id"] for hit in answers[0]["hits"]
    ]
    assert answers[1]["problem"]["status"] == 400
    assert len(answers[2]["hits"]) == 3
    assert answers[0]["snapshot_id"] == answers[2]["snapshot_id"]


def test_the_same_words_are_encoded_once(client, made):
    made.encoder.texts.clear()
    for limit in (3, 4, 3):
        client.get("/v1/search/text", params={"q": "gold ring", "limit": limit})
    assert sum(map(len, made.encoder.texts)) == 1
    assert client.get("/v1/search/text", params={"q": "gold ring", "limit": 3}).json()["cached"]


def test_ranking_explains_itself_and_weights_move_pieces(client):
    params = {"q": "gold", "limit": 40, "explain": True, "in_stock": 10}
    hits = client.get("/v1/search/text", params=params).json()["hits"]
    stocked = [any(offer["availability"] == "in_stock" for offer in hit["piece"]["offers"]) for hit in hits]
    assert {"words", "rank: availability", "rank: price_fit"} <= hits[0]["parts"].keys()
    assert all(stocked)  # of three pictures one is: so weigh what discriminates
    plain = client.get("/v1/search/text", params={**params, "in_stock": 0, "price_fit": 0}).json()["hits"]
    fitting = client.get("/v1/search/text", params={**params, "in_stock": 0, "price_fit": 10}).json()["hits"]
    assert [hit["score"] for hit in plain] == sorted((hit["score"] for hit in plain), reverse=True)
    fits = [hit["parts"].get("rank: price_fit", 0) for hit in fitting]
    assert np.corrcoef(fits, np.arange(len(fits)))[0, 1] < -0.8


def test_no_wall_of_one_category_stands_while_there_are_others(client):
    params = {"q": "gold", "limit": 20, "most_alike": 4}
    hits = client.get("/v1/search/text", params=params).json()["hits"]
    categories = [hit["piece"]["category"] for hit in hits]
    assert max(categories[:10].count(name) for name in set(categories) - {None}) <= 4
