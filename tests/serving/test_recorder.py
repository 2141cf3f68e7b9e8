"""What is recorded is written in batches, once, on SQLite and PostgreSQL, whoever else writes."""

import uuid
from datetime import UTC, datetime
from threading import Thread

import pytest
import sqlalchemy as sa

from catalog.events.pseudonyms import EventPseudonyms
from catalog.events.settings import EventSettings
from catalog.events.writing import Event, ShownPage, add_counts
from catalog.tables import event_counts, events, searches
from serving.errors import OverloadedError
from serving.events import recorder as recording
from serving.events.recorder import EventRecorder
from serving.events.search_ids import new_search_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def recorder_on(engine, **settings):
    chosen = EventSettings(**({"flush_seconds": 0.02, "touch_seconds": 0.05} | settings))
    return EventRecorder(engine, chosen, lambda: NOW, EventPseudonyms(engine, None))


def event(piece="p1", **more):
    return Event(
        collection="shop", piece_id=piece, kind="view", occurred_at=NOW, sent_id=str(uuid.uuid4()), **more
    )


def page(number):
    return ShownPage(
        search_id=new_search_id(), first_position=0, collection="shop", kind="text", snapshot_id="00000001-a",
        asked_at=NOW, filtered=False, pieces=(f"p{number}",), latency_ms=1.0,
    )  # fmt: skip


def count(engine, table):
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_what_several_threads_and_processes_record_is_all_written(engine):
    recorders = [recorder_on(engine) for _ in range(2)]
    for one in recorders:
        one.start()

    def work(one):
        for number in range(100):
            one.take([event(), event()])
            one.shown(page(number))
            one.found("shop", ["p1", f"p{number % 7}"])

    threads = [Thread(target=work, args=(one,)) for one in recorders for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in recorders:
        one.stop()

    assert count(engine, events) == 800
    assert count(engine, searches) == 400
    with engine.connect() as connection:
        counted = dict(connection.execute(sa.select(event_counts.c.piece_id, event_counts.c["count"])).all())
    assert sum(counted.values()) == 800
    assert counted["p1"] == 400 + 4 * 15
    assert [one.figures()["events_written"] for one in recorders] == [400, 400]


def test_a_batch_that_sql_will_never_take_is_lost_and_keeps_nothing_back(engine):
    one = recorder_on(engine)
    one.take([event(piece=None)])
    one.flush()
    one.take([event()])
    one.flush()
    assert count(engine, events) == 1
    figures = one.figures()
    assert (figures["lost"], figures["events_written"], figures["waiting"]) == (1, 1, 0)


def test_a_process_that_ends_while_the_database_is_away_says_what_it_lost(engine, monkeypatch, caplog):
    monkeypatch.setattr(recording, "_LAST_SECONDS", 0.3)
    away = sa.create_engine("postgresql+psycopg://loupe@127.0.0.1:9/none?connect_timeout=1")
    one = recorder_on(away)
    one.take([event(), event()])
    one.found("shop", ["p1"])
    with pytest.raises(sa.exc.OperationalError):
        one.flush()
    assert one.figures()["waiting"] == 2
    one.stop()
    assert one.figures()["lost"] == 2
    assert "2 events and searches are lost" in caplog.text


def test_views_and_searches_are_left_out_where_there_is_no_room(engine):
    one = recorder_on(engine, waiting=100, batch=100)
    one.take([event() for _ in range(100)])
    one.view("shop", "p1")
    with pytest.raises(OverloadedError, match="again in a second"):
        one.take([event()])
    for number in range(100):
        one.shown(page(number))
    assert not one.is_wanted(new_search_id())
    figures = one.figures()
    assert (figures["refused"], figures["searches_left_out"]) == (2, 1)
    one.flush()
    assert one.is_wanted(new_search_id())
    one.view("shop", "p1")
    one.flush()
    assert count(engine, events) == 101


def test_counts_of_many_pieces_are_written_some_at_a_time_and_none_is_lost(engine, monkeypatch):
    one = recorder_on(engine)
    sizes = []

    def adding(connection, counts):
        sizes.append(len(counts))
        if len(sizes) == 2:
            raise sa.exc.OperationalError("insert", {}, Exception("the database is away"))
        add_counts(connection, counts)

    monkeypatch.setattr(recording, "add_counts", adding)
    for _ in range(2):
        one.found("shop", [f"p{number}" for number in range(1_300)])
    one.start()
    one.stop()
    assert max(sizes) <= 500
    assert len(sizes) >= 4  # three batches, and the one that failed
    with engine.connect() as connection:
        rows = connection.execute(sa.select(event_counts.c.piece_id, event_counts.c["count"])).all()
    assert sorted(rows) == sorted((f"p{number}", 2) for number in range(1_300))
