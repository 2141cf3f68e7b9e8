"""The admin pages: who may see them, a decision and its way back, a rollback, a held delivery."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from index_house import slim_catalogue
from served_house import NOW

from catalog import decisions
from catalog.review.queue import waiting
from catalog.tables import deliveries
from orchestration.served import served_house
from serving.app import create_app
from serving.guards.access import KEY_COOKIE
from serving.guards.key_records import add_key
from serving.guards.keys import ApiKey, scopes_of

PAGES = ("/admin", "/admin/review", "/admin/snapshots", "/admin/feeds", "/admin/quality")


def here(app, **headers) -> TestClient:
    return TestClient(
        app, base_url="http://localhost", client=("127.0.0.1", 4711), headers=headers, follow_redirects=False
    )


def elsewhere(app, **headers) -> TestClient:
    return TestClient(
        app, base_url="http://shop.example", client=("203.0.113.9", 4711), headers=headers,
        follow_redirects=False,
    )  # fmt: skip


@pytest.fixture
def desk(flow):
    """The house that ran for real, asked from this machine."""
    with here(create_app(served_house(flow.settings), flow.settings.serving)) as client:
        yield client


def key_of(made, *scopes) -> str:
    key = ApiKey.create()
    add_key(made.store.engine, key, client="ops", scopes=scopes_of(scopes), created_at=NOW)
    made.house.keys.refresh()
    return key.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_and_none_is_kept_by_caches(desk, path):
    answer = desk.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", [*PAGES, "/admin/snapshots/1-aa", "/admin/pictures/" + "0" * 64])
def test_from_elsewhere_every_page_asks_for_a_key(made, path):
    with elsewhere(create_app(made.house, made.house.settings)) as client:
        answer = client.get(path)
        assert answer.status_code == 401
        assert 'action="/admin/key"' in answer.text


def test_no_keys_at_all_leaves_the_admin_pages_to_this_machine(made):
    assert made.house.settings.access.keys == "never"
    app = create_app(made.house, made.house.settings)
    with elsewhere(app) as client:
        assert client.get("/v1/recent").status_code == 200
        assert client.post("/admin/rollback", data={"to": "x", "version": 1, "why": "y"}).status_code == 401


def test_a_key_is_kept_in_a_cookie_of_this_site_alone(made):
    with elsewhere(create_app(made.house, made.house.settings)) as client:
        assert client.post("/admin/key", data={"key": "loupe_nothing"}).status_code == 401
        refused = client.post("/admin/key", data={"key": key_of(made, "search")})
        assert refused.status_code == 403
        assert "needs admin" in refused.text
        entered = client.post("/admin/key", data={"key": key_of(made, "admin"), "to": "/admin/snapshots"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/admin/snapshots")
        set_cookie = entered.headers["set-cookie"]
        for part in (KEY_COOKIE, "HttpOnly", "SameSite=strict", "Path=/admin"):
            assert part in set_cookie
        assert client.get("/admin/snapshots").status_code == 200
        left = client.post("/admin/leave")
        assert left.headers["location"] == "/"
        assert client.get("/admin/snapshots").status_code == 401


def test_a_key_leads_nowhere_but_to_the_admin_pages(made):
    with elsewhere(create_app(made.house, made.house.settings)) as client:
        entered = client.post("/admin/key", data={"key": key_of(made, "admin"), "to": "//evil.example"})
        assert entered.headers["location"] == "/admin"


def test_another_sites_form_changes_nothing(made):
    app = create_app(made.house, made.house.settings)
    with here(app, origin="https://evil.example", **{"sec-fetch-site": "cross-site"}) as client:
        before = made.store.pointer("house")
        answer = client.post("/admin/rollback", data={"to": before.snapshot_id, "version": 1, "why": "x"})
        assert answer.status_code == 401
        assert made.store.pointer("house") == before


def test_a_decision_is_recorded_with_its_evidence_and_can_be_taken_back(desk, flow):
    house = served_house(flow.settings)
    name = flow.settings.collection
    item = waiting(house.engine, name)[0]
    page = desk.get(f"/admin/review?item={item.item_id}").text
    assert item.question.split("'")[0][:30] in page
    for option in item.options:
        assert f'value="{option}"' in page
    answered = desk.post(f"/admin/review/{item.item_id}", data={"decision": item.options[0]})
    assert answered.status_code == 303
    with house.engine.connect() as connection:
        decided = decisions.in_force(connection, name)[item.subject]
    assert (decided.decision, decided.who, decided.why) == (
        item.options[0], "local", "looked at on the review page",
    )  # fmt: skip
    assert dict(decided.evidence) == dict(item.evidence)
    assert item.item_id not in {one.item_id for one in waiting(house.engine, name)}
    after = desk.get(answered.headers["location"]).text
    assert f"/admin/review/{item.item_id}/undo" in after
    desk.post(f"/admin/review/{item.item_id}/undo")
    assert item.item_id in {one.item_id for one in waiting(house.engine, name)}


def test_the_overview_counts_what_waits(desk, flow):
    page = desk.get("/admin").text
    waits = len(waiting(served_house(flow.settings).engine, flow.settings.collection))
    assert re.search(rf">{waits} wait</a>", page)
    assert re.search(r"Held deliveries</dt>\s*<dd>none</dd>", page)


def test_only_who_may_administer_is_led_there(desk, made):
    assert 'href="/admin"' in desk.get("/").text
    with elsewhere(create_app(made.house, made.house.settings)) as client:
        assert 'href="/admin"' not in client.get("/").text


def test_an_answer_that_a_question_does_not_take_is_refused_with_what_it_takes(desk, flow):
    item = waiting(served_house(flow.settings).engine, flow.settings.collection)[0]
    answer = desk.post(f"/admin/review/{item.item_id}", data={"decision": "perhaps"})
    assert answer.status_code == 400
    assert item.options[0] in answer.text
    assert desk.get("/admin/review?item=picture-0000000000").status_code == 400
    assert desk.get("/admin/review?kind=mood").status_code == 400


def test_the_pictures_of_a_question_are_shown_whatever_their_verdict_and_no_others(desk, flow):
    house = served_house(flow.settings)
    item = next(one for one in waiting(house.engine, flow.settings.collection) if one.images)
    page = desk.get(f"/admin/review?item={item.item_id}").text
    (path, *_) = re.findall(r'src="(/admin/pictures/[0-9a-f]{64})"', page)
    shown = desk.get(path)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert shown.headers["cache-control"] == "no-store"
    assert desk.get("/admin/pictures/" + "0" * 64).status_code == 404


def test_going_back_moves_the_pointer_and_serves_at_once(made):
    first = made.store.pointer("house").snapshot_id
    second = made.promote(slim_catalogue(150, tiers=("hot", "warm"))).snapshot_id
    with here(create_app(made.house, made.house.settings)) as client:
        assert client.get("/v1/recent").json()["snapshot_id"] == second
        page = client.get("/admin/snapshots").text
        assert f'value="{first}"' in page
        version = made.store.pointer("house").version
        asked = {"to": first, "version": version, "why": "rings are missing"}
        assert client.post("/admin/rollback", data=asked | {"why": " "}).status_code == 400
        stale = client.post("/admin/rollback", data=asked | {"version": version - 1})
        assert (stale.status_code, made.store.pointer("house").snapshot_id) == (400, second)
        assert client.post("/admin/rollback", data=asked).status_code == 303
        assert made.store.pointer("house").snapshot_id == first
        assert client.get("/v1/recent").json()["snapshot_id"] == first
        move = made.store.history("house")[-1]
        assert (move.kind, move.actor, move.reason) == ("rollback", "local", "rings are missing")


def test_a_snapshot_shows_what_its_gate_measured(made):
    snapshot_id = made.store.pointer("house").snapshot_id
    with here(create_app(made.house, made.house.settings)) as client:
        page = client.get(f"/admin/snapshots/{snapshot_id}").text
        gate = made.store.manifest("house", snapshot_id).gate
        assert "The gate passed it" in page
        for stratum in gate.overall():
            assert stratum.name in page
            assert f"{stratum.lower:.4f}" in page
        assert client.get("/admin/snapshots/9-none").status_code in (400, 404, 503)


def test_a_held_delivery_is_named_with_its_reason_and_released(desk, flow):
    engine = served_house(flow.settings).engine
    name = flow.settings.collection
    feed = flow.settings.collections[name].feeds[0].name
    latest = (
        sa.select(deliveries)
        .where(deliveries.c.collection == name, deliveries.c.feed == feed)
        .order_by(deliveries.c.delivered_at.desc(), deliveries.c.delivery_id.desc())
        .limit(1)
    )
    with engine.begin() as connection:
        row = connection.execute(latest).one()
        chosen = deliveries.c.delivery_id == row.delivery_id
        held = {"state": "held", "error": "92 % fewer rows than usual"}
        connection.execute(deliveries.update().where(chosen).values(**held))
    try:
        page = desk.get("/admin/feeds").text
        assert "92 % fewer rows than usual" in page
        assert desk.post("/admin/feeds/nobody/release", data={"name": row.name}).status_code == 404
        assert desk.post(f"/admin/feeds/{feed}/release", data={"name": "none.csv"}).status_code == 400
        assert desk.post(f"/admin/feeds/{feed}/release", data={"name": row.name}).status_code == 303
        with engine.connect() as connection:
            assert connection.execute(sa.select(deliveries.c.state).where(chosen)).scalar() == "released"
    finally:
        with engine.begin() as connection:
            connection.execute(deliveries.update().where(chosen).values(state=row.state, error=row.error))


def test_every_template_of_the_admin_pages_is_shown_by_one():
    serving = Path(__file__).parents[2] / "serving"
    folder = serving / "pages" / "templates" / "admin"
    modules = "\n".join(path.read_text() for path in (serving / "admin").glob("*.py"))
    shown = set(re.findall(r'"admin/([a-z_]+\.html)"', modules))
    assert {path.name for path in folder.iterdir()} == shown | {"frame.html"}
