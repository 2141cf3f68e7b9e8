"""Serving where production keeps things: snapshots in a bucket, the catalogue in either database."""

import uuid

import pytest
import sqlalchemy as sa
from buckets import a_bucket
from fastapi.testclient import TestClient
from index_house import slim_catalogue
from served_house import Standing, WordEncoder, reopened

from catalog.tables import events
from index_builds.snapshots import SnapshotStore
from serving.app import create_app


@pytest.fixture
def bucket():
    with a_bucket("house") as bucket:
        yield bucket


@pytest.fixture
def made(tmp_path, engine, bucket):
    """A house of one promoted snapshot over a bucket and a database of either kind."""
    store = SnapshotStore(engine, bucket.store, tmp_path / "cache")
    encoder = WordEncoder()
    made = Standing(
        root=tmp_path,
        store=store,
        house=reopened(tmp_path, store, encoder),
        encoder=encoder,
        catalogue=slim_catalogue(120, tiers=("hot", "warm")),
    )
    made.promote(made.catalogue)
    return made


def test_searches_lookups_events_and_a_swap_work_over_a_bucket_and_either_database(made):
    with TestClient(create_app(made.house, made.house.settings)) as client:
        first = client.get("/v1/search/text", params={"q": "gold ring", "limit": 5}).json()
        assert len(first["hits"]) == 5
        piece = first["hits"][0]["piece"]["piece_id"]
        assert client.get(f"/v1/pieces/{piece}/similar").json()["snapshot_id"] == first["snapshot_id"]
        assert client.get("/v1/facets").json()["facets"]
        event = {
            "id": str(uuid.uuid4()), "kind": "click", "piece_id": piece, "search_id": first["search_id"]
        }  # fmt: skip
        assert client.post("/v1/events", json={"events": [event]}).status_code == 202
        assert client.post("/v1/events", json={"events": [event]}).status_code == 202
        manifest = made.promote(slim_catalogue(90, tiers=("hot", "warm")))
        made.house.follow_now("house")
        second = client.get("/v1/search/text", params={"q": "gold ring"}).json()
        assert second["snapshot_id"] == manifest.snapshot_id != first["snapshot_id"]
        cursor = {"q": "gold ring", "limit": 5, "cursor": first["next_cursor"]}
        assert client.get("/v1/search/text", params=cursor).json()["snapshot_id"] == first["snapshot_id"]
    with made.store.engine.connect() as connection:
        kept = connection.execute(sa.select(events.c.piece_id, events.c.kind)).all()
    assert kept == [(piece, "click")]


def test_a_restart_without_the_bucket_serves_from_local_copies(made, bucket, tmp_path):
    made.house.refresh()
    serving = made.house.live["house"].current.snapshot_id
    bucket.go_away()
    house = reopened(tmp_path, made.store, made.encoder)
    with TestClient(create_app(house, house.settings)) as client:
        assert client.get("/readyz").status_code == 200
        answer = client.get("/v1/search/text", params={"q": "gold"})
        assert answer.status_code == 200
        assert answer.json()["snapshot_id"] == serving
