"""Who may ask: keys and their scopes, this machine, proxies, other sites; and how often."""

import multiprocessing
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from served_house import NOW, standing
from starlette.requests import Request

from serving.app import create_app
from serving.guards.access import KEY_COOKIE, Client, requires
from serving.guards.client_keys import ClientKeys
from serving.guards.key_records import add_key, client_keys, read_keys, revoke_key
from serving.guards.keys import ApiKey, scopes_of
from serving.guards.pacing import Pacing

SEARCH = "/v1/search/text?q=gold"


class Door:
    """An application, its store of keys, and callers from several places."""

    def __init__(self, tmp_path, **access):
        self.made = standing(tmp_path, access=access)
        self.app: FastAPI = create_app(self.made.house, self.made.house.settings)

        @self.app.post("/v1/told")
        async def told(client: Annotated[Client, requires("events")]) -> str:
            return client.name

        @self.app.get("/v1/decided")
        async def decided(client: Annotated[Client, requires("admin")]) -> str:
            return client.name

    def key(self, *scopes, **limits):
        key = ApiKey.create()
        add_key(
            self.made.store.engine, key, client="shop", scopes=scopes_of(scopes), created_at=NOW, **limits
        )
        self.made.house.keys.refresh()
        return key

    def caller(self, address="203.0.113.9", host="search.example", key=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["authorization"] = f"Bearer {key.text if isinstance(key, ApiKey) else key}"
        client = TestClient(self.app, base_url=f"http://{host}", client=(address, 4711), headers=sent)
        self.made.house.refresh()
        return client


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def test_this_machine_needs_no_key_and_everybody_else_does(door):
    for address, host in (("127.0.0.1", "127.0.0.1:8787"), ("::1", "[::1]:8787"), ("127.0.0.1", "localhost")):
        local = door.caller(address, host)
        assert local.get(SEARCH).status_code == 200
        assert local.post("/v1/told").json() == "local"
        assert local.get("/v1/decided").status_code == 200
        assert local.get("/metrics").status_code == 200
    for path in (SEARCH, "/v1/collections", "/v1/pieces/p0", "/v1/decided", "/metrics"):
        refused = door.caller().get(path)
        assert refused.status_code == 401, path
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["www-authenticate"] == 'Bearer realm="loupe"'
        assert refused.json()["type"] == "urn:loupe:problem:key"
        assert refused.json()["remedy"]
    for path in ("/", "/healthz", "/readyz", "/openapi.json", "/static/page.css"):
        assert door.caller().get(path).status_code == 200, path


def test_what_is_passed_on_or_addressed_or_made_elsewhere_is_not_local(door):
    local = {"address": "127.0.0.1", "host": "127.0.0.1:8787"}
    assert door.caller(**local, x_forwarded_for="127.0.0.1").get(SEARCH).status_code == 401
    assert door.caller(**local, forwarded="for=127.0.0.1").get(SEARCH).status_code == 401
    assert door.caller("127.0.0.1", "rebound.example").get(SEARCH).status_code == 401
    assert door.caller(**local, origin="https://evil.example").post("/v1/told").status_code == 401
    assert door.caller(**local, sec_fetch_site="cross-site").post("/v1/told").status_code == 401
    assert door.caller(**local, origin="http://127.0.0.1:8787").post("/v1/told").status_code == 200
    assert door.caller(x_forwarded_for="127.0.0.1").get(SEARCH).status_code == 401


def test_a_trusted_proxy_says_who_asks_and_nobody_else_does(tmp_path):
    door = Door(
        tmp_path,
        trusted_proxies=["10.0.0.0/8", "127.0.0.1"],
        open_scopes=["search"],
        anonymous_burst=1,
        anonymous_per_second=0.001,
    )

    def asked(address, said):
        return door.caller(address, x_forwarded_for=said).get(SEARCH).status_code

    assert [asked("10.0.0.1", "198.51.100.1"), asked("10.0.0.1", "198.51.100.1")] == [200, 429]
    # What the caller wrote itself stands further left.
    assert asked("10.0.0.1", "192.0.2.77, 198.51.100.1, 10.0.0.9") == 429
    assert asked("10.0.0.1", "198.51.100.2") == 200
    assert [asked("203.0.113.5", "192.0.2.1"), asked("203.0.113.5", "192.0.2.2")] == [200, 429]
    assert door.caller("127.0.0.1", "localhost").get("/v1/decided").status_code == 401


def test_a_key_opens_what_its_scopes_say(door):
    search, admin = door.key("search"), door.key("admin")
    assert door.caller(key=search).get(SEARCH).status_code == 200
    refused = door.caller(key=search).post("/v1/told")
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert 'error="insufficient_scope", scope="events"' in refused.headers["www-authenticate"]
    assert "search" in refused.json()["detail"]
    for path in ("/v1/decided", SEARCH, "/metrics"):
        assert door.caller(key=admin).get(path).status_code == 200
    assert door.caller(key=admin).post("/v1/told").json() == "shop"


def test_a_key_that_does_not_count_opens_nothing_not_even_here(door):
    key, other = door.key("search"), door.key("search")
    ended = door.key("search", expires_at=NOW)
    revoke_key(door.made.store.engine, other.key_id, revoked_at=NOW)
    forged = ApiKey(key_id=key.key_id, secret=ApiKey.create().secret)
    for wrong in (other, ended, forged, ApiKey.create(), "", "nonsense", key.text[:-1]):
        refused = door.caller("127.0.0.1", "127.0.0.1", key=wrong).get(SEARCH)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert key.secret not in refused.text
    assert door.caller(key=ApiKey.create()).get("/healthz").status_code == 200
    assert door.caller(key=key).get(SEARCH).status_code == 200


def test_a_key_ends_at_its_end(tmp_path):
    engine = standing(tmp_path, promoted=False).store.engine
    now = [NOW]
    key, keys = ApiKey.create(), ClientKeys(engine, clock=lambda: now[0])
    add_key(
        engine, key, client="a", scopes=scopes_of(["search"]), created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )  # fmt: skip
    keys.refresh()
    assert keys.proven(key.text).client == "a"
    now[0] = NOW + timedelta(days=1)
    assert keys.proven(key.text) is None


def test_a_cookie_is_a_key_for_pages_of_this_site(door):
    cookie = f"theme=dark; {KEY_COOKIE}={door.key('admin').text}"
    assert door.caller(cookie=cookie).get("/v1/decided").json() == "shop"
    assert door.caller(cookie=cookie, origin="http://search.example").post("/v1/told").json() == "shop"
    assert door.caller(cookie=cookie, origin="http://evil.example").post("/v1/told").status_code == 401
    assert door.caller(cookie=cookie, sec_fetch_site="same-site").post("/v1/told").status_code == 401


def test_an_upload_without_a_key_is_refused_unread(door, monkeypatch):
    read = []
    original = Request.stream

    def counted(self):
        read.append(self.url.path)
        return original(self)

    monkeypatch.setattr(Request, "stream", counted)
    files = {"pictures": ("a.png", bytes(10_000))}
    refused = door.caller().post("/v1/search/image", files=files)
    assert refused.status_code == 401
    assert read == []
    assert door.caller(key=door.key("search")).post("/v1/search/image", files=files).status_code == 422
    assert read


def test_settings_open_everything_or_nothing(tmp_path):
    always = Door(tmp_path / "always", keys="always")
    assert always.caller("127.0.0.1", "127.0.0.1").get(SEARCH).status_code == 401
    assert always.caller(key=always.key("search")).get(SEARCH).status_code == 200
    never = Door(tmp_path / "never", keys="never")
    assert never.caller().get(SEARCH).status_code == 200
    assert never.caller().get("/v1/decided").status_code == 401
    assert never.caller("127.0.0.1", "localhost").get("/v1/decided").status_code == 200
    shop = Door(tmp_path / "shop", open_scopes=["search"])
    assert shop.caller().get(SEARCH).status_code == 200
    assert shop.caller().post("/v1/told").status_code == 401


def test_whoever_asks_too_often_is_told_when_to_come_back(tmp_path):
    door = Door(tmp_path, open_scopes=["search"], anonymous_per_second=0.5, anonymous_burst=2)
    hasty, other = door.key("search", per_second=0.1, burst=3), door.key("search")
    answers = [door.caller(key=hasty).get(SEARCH) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].json()["type"] == "urn:loupe:problem:rate"
    assert 9 <= int(answers[3].headers["retry-after"]) <= 10
    assert door.caller(key=other).get(SEARCH).status_code == 200

    assert [door.caller().get("/").status_code for _ in range(3)] == [200, 200, 429]
    assert door.caller("203.0.113.10").get("/").status_code == 200
    assert [door.caller("127.0.0.1", "127.0.0.1").get(SEARCH).status_code for _ in range(9)] == [200] * 9
    counted = door.made.house.metrics.refused.labels("rate")._value.get()
    assert counted == 2


def test_a_batch_costs_as_much_as_its_questions(door):
    key = door.key("search", per_second=0.001, burst=5)
    batch = {"questions": [{"words": ["gold"]}] * 4}
    assert door.caller(key=key).post("/v1/search/batch", json=batch).status_code == 200
    assert door.caller(key=key).post("/v1/search/batch", json=batch).status_code == 429


def test_keys_that_were_read_count_while_the_database_is_away(door, tmp_path):
    key = door.key("search")
    assert door.caller(key=key).get(SEARCH).status_code == 200
    door.made.store.engine.dispose()
    for part in tmp_path.glob("loupe.db*"):
        part.write_bytes(b"not a database, not even a short one")
    door.made.house.keys.refresh()
    assert door.caller(key=key).get(SEARCH).status_code == 200

    door.app.state.access._keys = ClientKeys(door.made.store.engine)  # as after a restart
    unknown = door.caller(key=key)
    assert unknown.get(SEARCH).status_code == 503
    assert unknown.get("/healthz").status_code == 200


def test_secrets_are_stored_nowhere(door):
    key = door.key("search")
    stored = [one for one in read_keys(door.made.store.engine) if one.key_id == key.key_id]
    with door.made.store.engine.connect() as connection:
        rows = str(connection.execute(client_keys.select()).all())
    assert key.secret not in rows
    assert stored[0].secret_digest == key.secret_digest
    assert key.secret not in repr(key)


def test_the_document_says_what_needs_a_key(door):
    document = door.caller().get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    paths = document["paths"]
    assert paths["/v1/search/text"]["get"]["security"] == [{"key": []}]
    assert paths["/metrics"]["get"]["security"] == [{"key": []}]
    assert "security" not in paths["/healthz"]["get"]
    assert {"401", "403", "429"} <= paths["/v1/search/text"]["get"]["responses"].keys()


def test_a_bucket_fills_again_at_its_rate():
    now = [100.0]
    pacing = Pacing(clock=lambda: now[0])

    def take(caller="a", cost=1):
        return pacing.wait_for(caller, per_second=2.0, burst=4, cost=cost)

    assert [take() for _ in range(4)] == [0, 0, 0, 0]
    assert take() == pytest.approx(0.5)
    assert take() == pytest.approx(0.5)  # a refusal costs nothing
    now[0] = 101.0
    assert [take(), take()] == [0, 0]
    assert take() == pytest.approx(0.5)
    assert take("b", cost=9) == 0  # all of a full bucket
    assert take("b") == pytest.approx(0.5)
    now[0] = 200.0
    assert [take() for _ in range(4)] == [0, 0, 0, 0]
    assert take() > 0


def test_many_callers_have_buckets_of_their_own():
    now = [0.0]
    pacing = Pacing(clock=lambda: now[0])
    waits = [pacing.wait_for(f"caller {number}", per_second=0.001, burst=1) for number in range(5_000)]
    again = [pacing.wait_for(f"caller {number}", per_second=0.001, burst=1) for number in range(5_000)]
    assert not any(waits)
    assert all(again)


def _take(path, barrier, count, given):
    pacing = Pacing(path)
    barrier.wait()
    given.put(sum(pacing.wait_for("a", per_second=1e-6, burst=100) == 0 for _ in range(count)))


def test_workers_share_their_buckets(tmp_path):
    context = multiprocessing.get_context("spawn")
    given, barrier = context.Queue(), context.Barrier(3)
    workers = [
        context.Process(target=_take, args=(tmp_path / "callers", barrier, 80, given)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    taken = [given.get() for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(taken) == 100
