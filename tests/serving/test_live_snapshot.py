"""Following the pointer: swaps under load, refusals, restarts without store or database, files let go."""

import gc
from threading import Event, Thread
from weakref import ref

import numpy as np
import psutil
import pytest
from fastapi.testclient import TestClient
from index_house import make_catalogue, slim_catalogue
from served_house import WordEncoder, reopened, standing

from index_builds.snapshots import FILES
from index_builds.tables import pointers
from serving.app import create_app
from serving.errors import NotServableError, SnapshotGoneError
from storage.objects import ObjectStoreError, digest_key


@pytest.fixture
def made(tmp_path):
    made = standing(tmp_path)
    made.house.refresh()
    return made


def live_of(house):
    return house.live["house"]


def another(made, count):
    return made.promote(slim_catalogue(count, tiers=("hot", "warm")))


def test_a_promotion_is_followed_and_a_reader_keeps_what_it_started_with(made):
    live = live_of(made.house)
    with live.lease() as before:
        manifest = another(made, 90)
        assert live.refresh()
        assert live.current.snapshot_id == manifest.snapshot_id
        assert before.snapshot_id != manifest.snapshot_id
        keys = before.table.row_keys[:1]
        vectors, _ = before.snapshot.vectors_of(keys)
        assert before.snapshot.search(vectors, 1).keys[0, 0] == keys[0]
    assert live.status().swaps == 2
    assert not live.refresh()


def test_a_damaged_candidate_is_refused_reported_and_the_old_one_serves(made):
    live = live_of(made.house)
    old = live.current.snapshot_id
    manifest = another(made, 90)
    digest = manifest.content.files_of("visual")["hot"].digest
    path = made.store.objects.root / digest_key(FILES, digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)

    assert not live.refresh()
    assert live.current.snapshot_id == old
    name, reason = live.status().refused
    assert name == manifest.snapshot_id
    assert "damaged" in reason
    with TestClient(create_app(made.house, made.house.settings)) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"
        assert ready.json()["collections"]["house"]["refused"][0] == manifest.snapshot_id
        assert client.get("/v1/search/text", params={"q": "gold"}).json()["snapshot_id"] == old


def test_a_refused_snapshot_serves_once_it_is_whole_again(tmp_path):
    made = standing(tmp_path)
    now = [0.0]
    live = live_of(made.house)
    live._clock = lambda: now[0]
    live.refresh()
    manifest = another(made, 90)
    path = made.store.objects.root / digest_key(FILES, manifest.content.metadata.digest)
    whole = path.read_bytes()
    path.unlink()
    assert not live.refresh()
    path.write_bytes(whole)
    assert not live.refresh()  # not asked again at once
    now[0] = 6.0
    assert live.refresh()
    assert live.status().refused is None


def test_a_snapshot_of_another_encoder_is_refused(tmp_path):
    made = standing(tmp_path)
    house = reopened(tmp_path, made.store, WordEncoder("encoder-b"))
    house.refresh()

    assert live_of(house).current is None
    assert "encoder-b" in live_of(house).status().refused[1]
    with pytest.raises(NotServableError, match="loupe run"), live_of(house).lease():
        pass


def test_a_restart_without_store_and_database_serves_what_served_last(made, tmp_path):
    serving = live_of(made.house).current.snapshot_id
    (tmp_path / "objects").rename(tmp_path / "away")
    made.store.engine.dispose()
    for part in tmp_path.glob("loupe.db*"):
        part.write_bytes(b"not a database, not even a short one")

    house = reopened(tmp_path, made.store, made.encoder)
    with TestClient(create_app(house, house.settings)) as client:
        assert client.get("/readyz").json()["status"] == "degraded"
        answer = client.get("/v1/search/text", params={"q": "gold"})
        assert answer.status_code == 200
        assert answer.json()["snapshot_id"] == serving


def test_a_restart_without_the_records_of_encoders_takes_the_configured_one(made, tmp_path):
    class Away(type(made.house.encoder)):
        def of(self, encoder_id):
            raise ObjectStoreError("the store could not look it up")

    def away(key):
        raise ObjectStoreError("the store could not look it up")

    made.store.objects.get = away
    house = reopened(tmp_path, made.store, made.encoder)
    house.live["house"]._encoder = Away(made.encoder)
    house.refresh()

    assert live_of(house).status().from_copies
    assert live_of(house).current is not None


def test_a_damaged_copy_is_fetched_again(made, tmp_path):
    digest = live_of(made.house).current.manifest.content.metadata.digest
    copy = tmp_path / "copies" / "house" / "files" / digest[:2] / digest
    copy.unlink()
    copy.write_bytes(b"torn")

    house = reopened(tmp_path, made.store, made.encoder)
    house.refresh()
    assert live_of(house).current is not None


def test_files_go_with_the_last_reader_of_a_snapshot_that_no_cursor_may_ask(tmp_path):
    made = standing(tmp_path, kept_snapshots=0)
    live = live_of(made.house)
    live.refresh()
    own = live.current.files
    with live.lease():
        manifest = another(made, 90)
        live.refresh()
        gone = own - set(manifest.content.file_digests())
        copies = [tmp_path / "copies" / "house" / "files" / digest[:2] / digest for digest in gone]
        assert all(copy.is_file() for copy in copies)
    assert copies
    assert not any(copy.exists() for copy in copies)
    assert live.status().kept == ()


def test_a_replaced_snapshot_goes_without_the_collector_of_cycles(made):
    # What serves is set aside from the collector: a cycle in it would stay for ever, its index with it.
    live = live_of(made.house)
    live._kept_most = 0
    thresholds = gc.get_threshold()
    with TestClient(create_app(made.house, made.house.settings)) as client:
        assert gc.get_freeze_count() > 0
        client.get("/v1/search/text", params={"q": "gold", "category": "ring"})
        served = live.current
        gone = [
            ref(served),
            ref(served.snapshot),
            *map(ref, served.snapshot.tiers.values()),
            ref(served.table),
        ]
        del served
        made.promote(slim_catalogue(90, tiers=("hot", "warm")))
        gc.disable()
        try:
            assert live.refresh()
            made.house.shadows["house"].measure()  # a sample keeps what answered it
            assert [one() for one in gone] == [None] * len(gone)
        finally:
            gc.enable()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == thresholds


def test_a_replaced_snapshot_answers_its_cursors_for_a_while_then_410(tmp_path):
    made = standing(tmp_path, kept_seconds=60.0)
    now = [0.0]
    live = live_of(made.house)
    live._clock = lambda: now[0]
    with TestClient(create_app(made.house, made.house.settings)) as client:
        first = client.get("/v1/search/text", params={"q": "gold", "limit": 5}).json()
        another(made, 90)
        made.house.refresh()
        asked = {"q": "gold", "limit": 5, "cursor": first["next_cursor"]}
        assert (
            client.get("/v1/search/text", params={"q": "gold"}).json()["snapshot_id"] != first["snapshot_id"]
        )
        second = client.get("/v1/search/text", params=asked)
        assert second.json()["snapshot_id"] == first["snapshot_id"]
        now[0] = 61.0
        late = client.get("/v1/search/text", params=asked)
        assert late.status_code == 410
        assert "cursor" in late.json()["remedy"]
    with pytest.raises(SnapshotGoneError), live.lease(first["snapshot_id"]):
        pass


def test_swaps_under_load_fail_no_request_mix_no_snapshots_and_leave_no_memory_behind(tmp_path):
    made = standing(tmp_path, kept_snapshots=0)
    catalogues = [
        slim_catalogue(120, tiers=("hot", "warm")),
        make_catalogue(120, seed=2, tiers=("hot",), queries=8),
    ]
    manifests = [made.store.manifest("house", made.store.promoted("house")), made.promote(catalogues[1])]
    owned = {
        manifest.snapshot_id: set(catalogue.keys.tolist())
        for manifest, catalogue in zip(manifests, catalogues, strict=True)
    }
    live = live_of(made.house)
    assert live.refresh()
    dimension = live.current.snapshot.dimension
    stop, wrong, answers = Event(), [], []
    opened, memory = [], []

    def ask():
        query = np.random.default_rng(5).normal(size=(1, dimension)).astype(np.float32)
        query /= np.linalg.norm(query)
        while not stop.is_set():
            try:
                with live.lease() as one:
                    found = one.snapshot.search(query, 5).keys[0].tolist()
                    if not set(found) <= owned[one.snapshot_id]:
                        wrong.append(one.snapshot_id)
                    answers.append(one.snapshot_id)
            except Exception as error:
                wrong.append(repr(error))

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(100):
        seen = len(answers)
        with made.store.engine.begin() as connection:  # as promote and rollback move it, without their checks
            connection.execute(
                pointers.update().values(
                    snapshot_id=manifests[number % 2].snapshot_id, version=pointers.c.version + 1
                )
            )
        assert live.refresh()
        opened.append(ref(live.current))
        while len(answers) == seen and not wrong:
            pass
        gc.collect()
        memory.append(psutil.Process().memory_info().rss)
    stop.set()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert set(answers) == set(owned)
    assert live.status().swaps == 101
    assert live.status().readers == 0
    assert live.status().kept == ()
    gc.collect()
    assert [one() for one in opened if one() is not None] == [live.current]
    assert max(memory[80:]) - max(memory[10:30]) < 8_000_000, memory
