"""``/metrics``: what is counted is what happened, under names and labels that are bounded."""

import os
import subprocess
import sys
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from flow_house import PROJECT
from index_house import slim_catalogue
from prometheus_client.parser import text_string_to_metric_families
from served_house import NOW, standing

from index_builds.tables import snapshots
from serving.app import create_app


@pytest.fixture
def figures(client):
    def read():
        return scraped(client)

    return read


def scraped(client):
    """Return ``name{label=value,…}`` -> value."""
    found = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_requests_are_counted_by_template_and_never_by_path(client, figures):
    for number in range(3):
        assert client.get(f"/v1/pieces/none-{number}").status_code == 404
        client.get(f"/wp-admin/{number}")
        client.request(f"ODD{number}", "/v1/collections")
        client.get(f"/static/none-{number}.js")
    found = figures()

    assert found["loupe_http_requests_total{method=GET,route=/v1/pieces/{piece_id},status=404}"] == 3
    assert found["loupe_http_requests_total{method=GET,route=unmatched,status=404}"] == 3
    assert found["loupe_http_requests_total{method=other,route=/v1/collections,status=405}"] == 3
    assert found["loupe_http_requests_total{method=GET,route=/static,status=404}"] == 3
    assert found["loupe_http_request_duration_seconds_count{route=/v1/pieces/{piece_id}}"] == 3
    assert found["loupe_http_requests_in_flight"] == 1  # the one that asks
    assert not [name for name in found if "none-" in name or "ODD" in name or "wp-admin" in name]


def test_searches_are_counted_by_kind_and_stage_with_their_hits(client, figures, made):
    piece = client.get("/v1/search/text", params={"q": "gold", "limit": 5}).json()["hits"][0]["piece"]
    client.get("/v1/search/text", params={"q": "gold", "brand": "nobody"})
    client.get(f"/v1/pieces/{piece['piece_id']}/similar", params={"category": "ring"})
    client.post("/v1/search/hybrid", json={"words": ["gold"], "disliked": [piece["piece_id"]], "limit": 3})
    found = figures()

    assert found["loupe_search_hits_count{kind=text}"] == 2
    assert found["loupe_search_hits_sum{kind=text}"] == 5
    assert found["loupe_searches_empty_total{kind=text}"] == 1
    assert found["loupe_searches_empty_total{kind=hybrid}"] == 0
    assert found["loupe_search_hits_sum{kind=hybrid}"] == 3
    assert found["loupe_search_hits_count{kind=similar}"] == 1
    for stage in ("encode", "search", "rank", "write"):
        assert found[f"loupe_search_stage_duration_seconds_count{{kind=text,stage={stage}}}"] == 2
    assert found["loupe_work_wait_duration_seconds_count"] >= 4


def test_caches_snapshots_and_recall_are_what_the_house_says(client, figures, made):
    for _ in range(3):
        client.get("/v1/search/text", params={"q": "gold"})
    made.promote(slim_catalogue(90, tiers=("hot", "warm")))
    with made.store.engine.begin() as connection:
        connection.execute(snapshots.update().values(published_at="2026-03-01T12:00:00Z"))
    made.house.refresh()
    client.app.state.watch.read_publications()
    found = figures()
    served = made.house.live["house"].current
    gate = served.manifest.gate

    assert found["loupe_cache_hits_total{cache=answers}"] == 2
    assert found["loupe_cache_misses_total{cache=answers}"] == 1
    assert found["loupe_cache_entries{cache=vectors}"] == 1
    assert found["loupe_snapshot_version{collection=house}"] == served.manifest.version == 2
    assert found["loupe_snapshot_pieces{collection=house}"] == len(served.table)
    assert found["loupe_snapshot_swaps_total{collection=house}"] == 2
    assert found["loupe_collection_ready{collection=house}"] == 1
    assert found["loupe_collection_degraded{collection=house}"] == 0
    assert found["loupe_snapshot_published_timestamp_seconds{collection=house}"] == NOW.timestamp()
    worst = min(one.lower for one in gate.overall() if (one.channel, one.target) == ("visual", "all"))
    assert found["loupe_snapshot_recall_lower{channel=visual,collection=house,target=all}"] == pytest.approx(
        worst
    )


def test_what_is_turned_away_is_counted(tmp_path):
    house = standing(tmp_path, threads=1, waiting=0).house
    with TestClient(create_app(house, house.settings)) as client:
        house.pool.pending += 1
        assert client.get("/v1/recent").status_code == 429
        assert client.get("/").status_code == 429
        found = scraped(client)
        house.pool.pending -= 1
    assert found["loupe_requests_refused_total{reason=busy}"] == 2


def test_a_failure_that_nobody_foresaw_is_counted_as_500(made):
    def broken(**_):
        raise RuntimeError("nobody foresaw this")

    with TestClient(create_app(made.house, made.house.settings), raise_server_exceptions=False) as client:
        made.house.live["house"].lease = broken
        assert client.get("/v1/facets").status_code == 500
        found = scraped(client)
    assert found["loupe_http_requests_total{method=GET,route=/v1/facets,status=500}"] == 1


WORKER = """
import sys
from uuid import uuid4
from serving.observing.metrics import ServingMetrics
metrics = ServingMetrics()
metrics.requests.labels("GET", "/v1/recent", "200").inc()
metrics.in_flight.inc()
metrics.snapshot_version.labels("house").set(int(sys.argv[1]))
print(flush=True)
sys.stdin.readline()
"""
READER = """
from serving.observing.exposition import exposed
from serving.observing.metrics import ServingMetrics
print(exposed(ServingMetrics(), "")[0].decode())
"""


def test_workers_are_counted_together_and_a_killed_one_keeps_its_totals_only(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def started(*arguments):
        return subprocess.Popen(
            [sys.executable, "-c", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read():
        return started(READER).communicate()[0]

    workers = [started(WORKER, version) for version in ("7", "8")]
    for worker in workers:
        worker.stdout.readline()
    together = read()
    workers[0].kill()
    workers[0].communicate()
    alone = read()
    workers[1].communicate()

    answered = 'loupe_http_requests_total{method="GET",route="/v1/recent",status="200"} 2.0'
    assert answered in together
    assert "loupe_http_requests_in_flight 2.0" in together
    assert 'loupe_snapshot_version{collection="house"} 7.0' in together
    assert answered in alone
    assert "loupe_http_requests_in_flight 1.0" in alone
    assert 'loupe_snapshot_version{collection="house"} 8.0' in alone


def test_openmetrics_where_it_is_asked_for(client):
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_what_became_of_events_and_searches_is_counted(tmp_path):
    house = standing(tmp_path, events={"flush_seconds": 60.0, "waiting": 100, "batch": 100}).house
    with TestClient(create_app(house, house.settings)) as client:
        piece = house.live["house"].current.table.piece_ids[0]

        def send(count):
            events = [{"id": str(uuid4()), "kind": "view", "piece_id": piece} for _ in range(count)]
            return client.post("/v1/events", json={"events": events}).status_code

        client.get("/v1/search/text", params={"q": "gold"})
        assert send(70) == 202
        assert send(70) == 429
        waiting = scraped(client)
        house.recorder.flush()
        written = scraped(client)
    assert waiting["loupe_records_waiting"] == 71
    assert waiting["loupe_records_total{outcome=refused}"] == 70
    assert written["loupe_records_waiting"] == 0
    assert written["loupe_records_total{outcome=events_written}"] == 70
    assert written["loupe_records_total{outcome=searches_written}"] == 1
