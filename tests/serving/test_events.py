"""What people do and what searches show is recorded: once, bounded, nobody's, and not against their will."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
import yaml
from fastapi.testclient import TestClient
from flow_house import PROJECT
from served_house import standing

from catalog.events.daily_quality import read_search_quality, update_search_quality
from catalog.tables import event_counts, event_salts, events, pieces, searches
from index_builds.service_recall import hour_text
from index_builds.service_records import recent_shadow_recall
from serving.app import create_app
from serving.events.search_ids import is_drawn, new_search_id, searched_at_ms
from serving.guards.key_records import add_key
from serving.guards.keys import ApiKey, scopes_of
from storage.database import open_database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = ("127.0.0.1", 50_000)


@pytest.fixture
def opened(tmp_path):
    """Open a house that writes when it is told to, from this machine unless ``access`` is set."""

    def open_with(events=None, **settings):
        chosen = {"flush_seconds": 60.0, "touch_seconds": 3_600.0, "shadow_share": 0.0} | (events or {})
        house = standing(tmp_path, events=chosen, clock=lambda: NOW, **settings).house
        app = create_app(house, house.settings)
        return TestClient(app) if "access" in settings else TestClient(app, "http://127.0.0.1", client=HERE)

    return open_with


def house_of(client):
    return client.app.state.house


def some_pieces(client):
    return house_of(client).live["house"].current.table.piece_ids


def sent(piece, kind="click", **more):
    return {"id": str(uuid.uuid4()), "kind": kind, "piece_id": piece, **more}


def written(client, table=events):
    house = house_of(client)
    house.recorder.flush()
    with house.engine.connect() as connection:
        return connection.execute(sa.select(table)).mappings().all()


def test_events_are_written_once_under_pseudonyms_with_what_led_to_them(opened):
    with opened() as client:
        found = client.get("/v1/search/text", params={"q": "gold", "limit": 5}).json()
        piece = found["hits"][2]["piece"]["piece_id"]
        document = {
            "client_id": "alice@example.org",
            "session_id": "visit-1",
            "events": [
                sent(piece, search_id=found["search_id"], position=2),
                sent(piece, "purchase", occurred_at="2026-02-28T23:00:00+02:00"),
            ],
        }
        first = client.post("/v1/events", json=document)
        again = client.post("/v1/events", json=document)
        kept = written(client)

    assert first.status_code == again.status_code == 202
    assert first.json() == {"accepted": 2, "refused": [], "ignored": 0}
    assert [(one["kind"], one["piece_id"], one["position"]) for one in kept] == [
        ("click", piece, 2),
        ("purchase", piece, None),
    ]
    assert kept[0]["search_id"] == found["search_id"]
    assert [one["occurred_at"] for one in kept] == [NOW, datetime(2026, 2, 28, 21, tzinfo=UTC)]
    assert kept[0]["client"] == kept[1]["client"]
    assert kept[0]["client"] != kept[0]["session"]
    assert "alice" not in repr(kept)
    assert "visit-1" not in repr(kept)


def test_what_cannot_be_taken_is_refused_alone_with_a_reason_and_a_remedy(opened):
    with opened() as client:
        piece = some_pieces(client)[0]
        document = [
            sent(piece),
            sent("nobody"),
            sent(piece, collection="moon"),
            sent(piece, occurred_at=(NOW + timedelta(hours=1)).isoformat()),
            sent(piece, occurred_at=(NOW - timedelta(days=8)).isoformat()),
            sent(piece, occurred_at=(NOW + timedelta(minutes=4)).isoformat()),
        ]
        answer = client.post("/v1/events", json={"events": document}).json()
        kept = written(client)

    assert answer["accepted"] == 2
    assert [(one["id"], one["problem"]["status"], one["problem"]["place"]) for one in answer["refused"]] == [
        (document[number]["id"], status, f"events.{number}")
        for number, status in ((1, 404), (2, 404), (3, 400), (4, 400))
    ]
    for one, says in zip(answer["refused"], ("nobody", "moon", "to come", "days ago"), strict=True):
        assert says in one["problem"]["detail"]
        assert one["problem"]["remedy"]
    assert [one["occurred_at"] for one in kept] == [NOW, NOW]  # a clock a little ahead is ours


def test_a_piece_that_no_snapshot_holds_yet_is_known_from_the_catalogue(opened):
    with opened() as client:
        with house_of(client).engine.begin() as connection:
            connection.execute(
                pieces.insert().values(collection="house", piece_id="new-one", title="t", first_seen_at=NOW)
            )
        assert client.post("/v1/events", json={"events": [sent("new-one")]}).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"id": "order-17"}, 422),
        ({"kind": "found"}, 422),
        ({"kind": "stare"}, 422),
        ({"position": -1}, 422),
        ({"occurred_at": "2026-03-01T11:00:00"}, 422),
        ({"ip": "10.0.0.1"}, 422),
        ({"piece_id": "a\x00b"}, 422),
    ],
)
def test_an_event_of_no_known_form_is_said_so(opened, change, status):
    with opened() as client:
        answer = client.post("/v1/events", json={"events": [sent(some_pieces(client)[0]) | change]})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert written(client) == []


def test_more_events_than_a_batch_are_refused(opened):
    with opened({"batch": 2}) as client:
        piece = some_pieces(client)[0]
        assert client.post("/v1/events", json={"events": [sent(piece)] * 3}).status_code == 413
        assert client.post("/v1/events", json={"events": [sent(piece)] * 2}).status_code == 202
        assert client.post("/v1/events", json={"events": []}).status_code == 422


def test_a_full_queue_sheds_whole_batches_and_takes_more_once_it_is_written(opened):
    with opened({"waiting": 100}) as client:
        piece = some_pieces(client)[0]
        most = client.post("/v1/events", json={"events": [sent(piece) for _ in range(60)]})
        shed = client.post("/v1/events", json={"events": [sent(piece) for _ in range(60)]})
        assert most.status_code == 202
        assert shed.status_code == 429
        assert int(shed.headers["retry-after"]) >= 1
        assert len(written(client)) == 60
        assert client.post("/v1/events", json={"events": [sent(piece)]}).status_code == 202
        assert house_of(client).recorder.figures()["refused"] == 60


def test_while_the_database_is_away_events_wait_and_are_written_afterwards(opened):
    with opened() as client:
        house, piece = house_of(client), some_pieces(client)[0]
        with house.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE events RENAME TO away"))
        assert client.post("/v1/events", json={"events": [sent(piece)]}).status_code == 202
        with pytest.raises(sa.exc.OperationalError):
            house.recorder.flush()
        assert house.recorder.figures()["waiting"] == 1
        with house.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE away RENAME TO events"))
        assert len(written(client)) == 1
        assert house.recorder.figures()["lost"] == 0


@pytest.mark.parametrize(
    "header", [{"DNT": "1"}, {"Sec-GPC": "1"}, {"User-Agent": "Mozilla/5.0 (compatible; Examplebot/2.1)"}]
)
def test_who_does_not_want_to_be_tracked_is_not(opened, header):
    with opened({"shadow_share": 1.0}) as client:
        piece = some_pieces(client)[0]
        found = client.get("/v1/search/text", params={"q": "gold"}, headers=header)
        answer = client.post(
            "/v1/events", json={"client_id": "a", "events": [sent(piece), sent("nobody")]}, headers=header
        )
        house = house_of(client)
        assert found.json()["search_id"]
        assert answer.json() == {"accepted": 0, "refused": [], "ignored": 2}
        assert [written(client, table) for table in (events, searches, event_salts)] == [[], [], []]
        assert house.shadows["house"].measure() == []
        assert client.get("/v1/search/text", params={"q": "gold"}, headers={"DNT": "0"}).status_code == 200
        assert len(written(client, searches)) == 1
    with house.engine.connect() as connection:
        assert len(connection.execute(sa.select(event_counts)).all()) == 24  # of the last search alone


def test_where_nothing_is_recorded_nothing_is(opened):
    with opened({"recorded": False}) as client:
        answer = client.post("/v1/events", json={"events": [sent(some_pieces(client)[0])]})
        client.get("/v1/search/text", params={"q": "gold"})
        house_of(client).recorder.view("house", "p")
        assert answer.json()["ignored"] == 1
        assert written(client) == []
        assert written(client, searches) == []


def test_a_search_is_recorded_by_what_it_showed_and_not_by_what_was_asked(opened):
    with opened() as client:
        first = client.get("/v1/search/text", params={"q": "gold ring", "limit": 7}).json()
        second = client.get(
            "/v1/search/text", params={"q": "gold ring", "limit": 7, "cursor": first["next_cursor"]}
        ).json()
        client.get("/v1/search/text", params={"q": "gold ring", "limit": 7})
        kept = written(client, searches)

    def shown(answer):
        return [hit["piece"]["piece_id"] for hit in answer["hits"]]

    own = [one for one in kept if one["search_id"] == first["search_id"]]
    assert second["search_id"] == first["search_id"]
    assert (first["offset"], second["offset"]) == (0, 7)
    assert [(one["first_position"], one["pieces"]) for one in own] == [(0, shown(first)), (7, shown(second))]
    assert {(one["kind"], one["snapshot_id"], one["filtered"]) for one in own} == {
        ("text", first["snapshot_id"], False)
    }
    assert len(kept) == 3  # the same question again is another search, though it was remembered
    assert "gold" not in repr(kept)


def test_every_kind_of_search_says_which_it_is(opened):
    with opened() as client:
        piece = some_pieces(client)[3]
        client.get("/v1/search/text", params={"q": "gold", "category": "necklace"})
        client.post("/v1/search/hybrid", json={"words": ["gold"], "disliked": [piece]})
        client.post("/v1/search/hybrid", json={"liked": [piece]})
        client.get(f"/v1/pieces/{piece}/similar")
        client.get("/v1/recent")
        client.get("/v1/search/text", params={"q": "zorgle"})
        kept = [(one["kind"], one["filtered"], len(one["pieces"])) for one in written(client, searches)]
    assert sorted(kept) == [
        ("hybrid", False, 24), ("recent", False, 24), ("similar", False, 24), ("similar", False, 24),
        ("text", False, 0), ("text", True, 24),
    ]  # fmt: skip


def test_searches_are_a_share_and_so_many_a_minute(opened):
    with opened({"searches_per_minute": 3}) as client:
        for _ in range(5):
            client.get("/v1/search/text", params={"q": "gold"})
        assert len(written(client, searches)) == 3
        assert house_of(client).recorder.figures()["searches_left_out"] == 2
    drawn = [is_drawn(new_search_id(), 0.25) for _ in range(4_000)]
    assert 800 < sum(drawn) < 1_200
    assert not is_drawn(new_search_id(), 0.0)
    assert is_drawn(new_search_id(), 1.0)


def test_a_search_id_says_when_it_was():
    made = uuid.UUID(new_search_id(1_772_366_400_123))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert searched_at_ms(made) == 1_772_366_400_123
    assert searched_at_ms(uuid.uuid4()) is None
    assert len({new_search_id() for _ in range(1_000)}) == 1_000


def test_what_searches_found_is_counted_when_the_process_ends(opened):
    with opened() as client:
        shown = [
            hit["piece"]["piece_id"]
            for _ in range(2)
            for hit in client.get("/v1/search/text", params={"q": "gold", "limit": 3}).json()["hits"]
        ]
        client.get("/v1/recent")
        engine = house_of(client).engine
    with engine.connect() as connection:
        counted = connection.execute(sa.select(event_counts)).mappings().all()
    assert {one["piece_id"]: one["count"] for one in counted} == dict.fromkeys(shown, 2)
    assert {(one["kind"], one["day"]) for one in counted} == {("found", "2026-03-01")}


def test_a_piece_that_is_opened_is_a_view_without_javascript(real):
    house = real.app.state.house
    hit = real.get("/v1/recent").json()["hits"][0]
    piece = hit["piece"]["piece_id"]

    def views():
        house.recorder.flush()
        with house.engine.connect() as connection:
            chosen = sa.select(sa.func.count()).where(events.c.piece_id == piece, events.c.kind == "view")
            return connection.scalar(chosen)

    before = views()
    assert real.get(f"/p/{piece}").status_code == 200
    assert real.get("/p/nobody").status_code == 404
    assert views() == before + 1
    real.get(f"/p/{piece}", headers={"Sec-Purpose": "prefetch;prerender"})
    real.get(f"/p/{piece}", headers={"Sec-GPC": "1"})
    assert views() == before + 1


def test_cards_carry_the_search_and_the_position_that_a_click_names(opened):
    with opened() as client:
        first = client.get("/", params={"q": "gold"}).text
        positions = [int(part.split('"')[0]) for part in first.split('data-position="')[1:]]
        named = {part.split('"')[0] for part in first.split('data-search="')[1:]}
        assert positions == list(range(24))
        assert len(named) == 1
        following = first.split('id="next" rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        second = client.get(following).text
        assert second.split('data-position="')[1].startswith("24")
        assert {part.split('"')[0] for part in second.split('data-search="')[1:]} == named
        assert client.get("/static/events.js").status_code == 200
        assert '<script type="module" src="/static/events.js">' in first


def test_the_page_needs_no_key_to_say_what_was_opened(opened):
    with opened(access={}) as client:
        piece = some_pieces(client)[3]
        hit = {"id": uuid.uuid4().hex, "piece_id": piece, "search_id": new_search_id(), "position": 3}
        first = client.post("/opened", json=hit)
        again = client.post("/opened", json=hit)
        unknown = client.post("/opened", json=hit | {"piece_id": "nobody"})
        untracked = client.post("/opened", json=hit | {"id": uuid.uuid4().hex}, headers={"Sec-GPC": "1"})
        other = client.post("/opened", json=hit | {"kind": "purchase"})
        (kept,) = written(client)

    assert [one.status_code for one in (first, again, unknown, untracked, other)] == [204, 204, 404, 204, 422]
    assert unknown.headers["content-type"] == "application/problem+json"
    assert (kept["kind"], kept["piece_id"], kept["position"]) == ("click", piece, 3)
    assert kept["search_id"] == hit["search_id"]
    assert kept["client"] is None


def test_clicks_become_measures(opened):
    with opened() as client:
        for number in range(4):
            found = client.get("/v1/search/text", params={"q": "gold", "limit": 8}).json()
            if number < 2:
                piece = found["hits"][number]["piece"]["piece_id"]
                client.post("/v1/events", json={"events": [sent(piece, search_id=found["search_id"])]})
        engine = house_of(client).engine
    update_search_quality(engine, "house", late_days=7)
    (day,) = read_search_quality(engine, "house", days=1)
    one = day.measured
    assert (day.day, one.kind, one.searches, one.clicked) == ("2026-03-01", "text", 4, 2)
    assert one.mrr == pytest.approx((1 + 1 / 2) / 4)


def test_erasure_takes_what_is_theirs_and_what_waits_too(opened):
    with opened() as client:
        piece = some_pieces(client)[0]
        for name in ("alice", "bob"):
            client.post("/v1/events", json={"client_id": name, "events": [sent(piece), sent(piece)]})
        client.post("/v1/events", json={"session_id": "alice", "events": [sent(piece)]})
        assert client.post("/v1/events/erase", json={}).status_code == 422
        assert client.post("/v1/events/erase", json={"client_id": "alice"}).json() == {"erased": 2}
        assert client.post("/v1/events/erase", json={"session_id": "alice"}).json() == {"erased": 1}
        left = written(client)
        theirs = client.post("/v1/events/erase", json={"pseudonym": left[0]["client"]})
        assert theirs.json() == {"erased": 2}
        assert written(client) == []


def test_events_need_a_key_for_events_and_erasure_one_for_admin(opened):
    with opened(access={}) as client:
        house, piece = house_of(client), some_pieces(client)[0]
        keys = {}
        for scope in ("events", "admin"):
            keys[scope] = ApiKey.create()
            add_key(house.engine, keys[scope], client="shop", scopes=scopes_of([scope]), created_at=NOW)
        house.keys.refresh()

        def status(path, document, scope=None):
            sent_with = {} if scope is None else {"authorization": f"Bearer {keys[scope].text}"}
            return client.post(path, json=document, headers=sent_with).status_code

        given, erasing = {"events": [sent(piece)]}, {"client_id": "alice"}
        assert status("/v1/events", given) == 401
        assert status("/v1/events", given, "events") == 202
        assert status("/v1/events/erase", erasing, "events") == 403
        assert status("/v1/events/erase", erasing, "admin") == 200


def test_stats_count_what_was_recorded(opened):
    with opened() as client:
        piece = some_pieces(client)[0]
        client.get("/v1/search/text", params={"q": "gold"})
        client.post("/v1/events", json={"events": [sent(piece), sent(piece, "view")]})
        before = client.get("/v1/stats").json()["events"]
        house_of(client).recorder.flush()
        after = client.get("/v1/stats").json()["events"]
    assert before == {
        "last_24_hours": {"kinds": {}, "searches": 0},
        "process": {
            "waiting": 3, "events_written": 0, "searches_written": 0, "refused": 0, "searches_left_out": 0,
            "lost": 0,
        },
    }  # fmt: skip
    assert after["last_24_hours"] == {"kinds": {"click": 1, "view": 1}, "searches": 1}
    assert after["process"]["events_written"] == 2
    assert after["process"]["waiting"] == 0


def test_live_searches_are_asked_again_and_counted_by_channel(opened):
    with opened({"shadow_share": 1.0}) as client:
        house = house_of(client)
        piece = some_pieces(client)[0]
        client.get("/v1/search/text", params={"q": "gold", "category": "ring"})
        client.get("/v1/search/text", params={"q": "silver"})
        client.post(
            "/v1/search/hybrid", json={"words": ["gold"], "liked": [piece], "channels": {"visual": 1}}
        )
        house.measure_shadows()
        found = recent_shadow_recall(
            house.engine, "house", house.live["house"].current.snapshot_id, now=NOW, hours=1
        )
    (one,) = found
    assert (one.channel, one.hour) == ("visual", hour_text(NOW))
    assert one.queries == 4  # one each, and the two terms of the third
    assert one.found == one.possible == 40


def test_a_served_house_writes_what_waits_when_it_is_told_to_end(tmp_path):
    document = yaml.safe_load((PROJECT / "loupe.yaml").read_text())
    document |= {"events": {"flush_seconds": 60.0}}
    (tmp_path / "loupe.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / ".loupe").mkdir()
    engine = open_database(f"sqlite:///{tmp_path / '.loupe' / 'catalogue.db'}")
    with engine.begin() as connection:
        connection.execute(
            pieces.insert().values(collection="sample", piece_id="p-1", title="t", first_seen_at=NOW)
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    command = [sys.executable, "-m", "orchestration.cli.main", "--config", str(tmp_path / "loupe.yaml")]
    server = subprocess.Popen(
        [*command, "serve", "--port", str(address[1])],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{address[1]}"
        for _ in range(600):
            assert server.poll() is None, server.stdout.read()
            try:
                httpx.get(f"{url}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        taken = httpx.post(f"{url}/v1/events", json={"events": [sent("p-1") for _ in range(3)]})
        assert taken.json()["accepted"] == 3
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 0
    finally:
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=60)
    assert "Traceback" not in said
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 3
