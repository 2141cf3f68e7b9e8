"""Every request that brings or asks too much gets its documented answer."""

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from served_house import standing

from serving.app import create_app

MULTIPART = ("/look", "/v1/search/image")


@pytest.fixture
def opened(tmp_path):
    def open_with(**settings):
        house = standing(tmp_path, **settings).house
        return TestClient(create_app(house, house.settings))

    return open_with


def picture(side):
    drawn = Image.fromarray(np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8))
    sink = io.BytesIO()
    drawn.save(sink, "png")
    return sink.getvalue()


def test_a_body_that_says_it_is_too_large_is_refused_unread(opened):
    with opened(largest_body_bytes=10_000) as client:
        refused = client.post("/v1/search/image", files={"pictures": ("a.png", bytes(20_000))})
    assert refused.status_code == 413
    assert refused.json()["remedy"]


@pytest.mark.parametrize("path", ["/v1/search/hybrid", "/v1/search/batch", "/v1/search/image", "/look"])
def test_a_body_of_no_stated_length_is_refused_when_too_much_has_come(opened, path):
    came = []

    def endless():
        for _ in range(1_000):
            came.append(1)
            yield bytes(1_000)

    with opened(largest_body_bytes=10_000) as client:
        kind = (
            {"content-type": "multipart/form-data; boundary=x"}
            if path in ("/look", "/v1/search/image")
            else {}
        )
        refused = client.post(path, content=endless(), headers={"content-type": "application/json", **kind})
        fits = client.get("/v1/collections")
    assert refused.status_code == 413
    assert refused.json()["remedy"]
    assert fits.status_code == 200


def test_a_picture_of_too_many_pixels_is_refused(opened):
    with opened(most_pixels=10_000) as client:
        refused = client.post("/v1/search/image", files={"pictures": ("a.png", picture(101))})
        taken = client.post("/v1/search/image", files={"pictures": ("a.png", picture(100))})
    assert refused.status_code == 422
    assert "10,000" in refused.text.replace("10000", "10,000")
    assert taken.status_code == 200


def test_a_flood_is_told_to_come_back(opened):
    with opened(threads=1, waiting=0) as client:
        pool = client.app.state.house.pool
        pool.pending += 1  # as a query that is being worked on counts
        refused = client.get("/v1/recent")
        pool.pending -= 1
        answered = client.get("/v1/recent")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert answered.status_code == 200
