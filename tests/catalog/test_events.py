"""Events are kept once, under pseudonyms, and forgotten: in time they become counts, on request they go."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from catalog.demand import DemandSettings, demand_of, update_demand
from catalog.events.counting import daily_counts, event_figures, last_day, recent_figures
from catalog.events.forgetting import Forgotten, erase, forget_expired
from catalog.events.pseudonyms import EventPseudonyms, forget_salts
from catalog.events.settings import EventSettings
from catalog.events.writing import Event, ShownPage, add_counts, write_events, write_pages
from catalog.tables import event_counts, event_salts, events, searches

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TODAY = date(2026, 2, 20)
IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10)]


def event(number=0, *, piece="p1", kind="view", collection="shop", **more):
    return Event(
        collection=collection,
        piece_id=piece,
        kind=kind,
        occurred_at=START + timedelta(days=number),
        **more,
    )


def page(number, *, first=0, day=0):
    return ShownPage(
        search_id=IDS[number], first_position=first, collection="shop", kind="text", snapshot_id="00000001-a",
        asked_at=START + timedelta(days=day), filtered=False, pieces=("p1", "p2"), latency_ms=3.0,
    )  # fmt: skip


def write(engine, *given):
    with engine.begin() as connection:
        write_events(connection, [one for one in given if isinstance(one, Event)])
        write_pages(connection, [one for one in given if isinstance(one, ShownPage)])


def rows(engine, table, *columns):
    with engine.connect() as connection:
        return connection.execute(sa.select(*(table.c[name] for name in columns)).order_by(*columns)).all()


def counted(engine, collection="shop"):
    with engine.connect() as connection:
        return list(daily_counts(connection, collection))


def test_an_event_that_is_sent_again_is_kept_once(engine):
    first = event(sent_id=IDS[0], client="p-a", search_id=IDS[5], position=3, after_search_ms=1_200)
    write(engine, first, first, event(sent_id=IDS[1]), event(), event())
    write(engine, event(5, sent_id=IDS[0], kind="purchase"), event(sent_id=IDS[0], collection="archive"))

    kept = rows(engine, events, "collection", "sent_id", "kind", "client", "position", "after_search_ms")
    assert [row for row in kept if row.sent_id == IDS[0]] == [
        ("archive", IDS[0], "view", None, None, None),
        ("shop", IDS[0], "view", "p-a", 3, 1_200),
    ]
    assert len([row for row in kept if row.sent_id is None]) == 2


def test_a_page_that_is_asked_for_again_is_kept_once(engine):
    write(engine, page(0), page(0), page(0, first=24))
    assert rows(engine, searches, "search_id", "first_position") == [(IDS[0], 0), (IDS[0], 24)]


def test_counts_of_several_processes_add_up(engine):
    key = ("shop", "2026-01-05", "p1", "found")
    for count in (3, 4):
        with engine.begin() as connection:
            add_counts(connection, {key: count, ("shop", "2026-01-06", "p1", "found"): 0})
    write(engine, event(), event(kind="click"), event(collection="archive"))

    assert counted(engine) == [
        ("p1", "click", "2026-01-05", 1),
        ("p1", "found", "2026-01-05", 7),
        ("p1", "view", "2026-01-05", 1),
    ]
    assert event_figures(engine, "shop")["kinds"] == {"click": 1, "found": 7, "view": 1}


def test_an_expired_event_is_nobodys_but_still_counts(engine):
    settings = EventSettings(keep_days=30)
    write(
        engine,
        event(0, client="p-a", sent_id=IDS[0]),
        event(0, client="p-b"),
        event(0, kind="purchase", session="p-c"),
        event(40, client="p-a"),
        page(0),
        page(1, day=40),
    )
    before, demand = counted(engine), DemandSettings(half_life_days=30.0)
    update_demand(engine, "shop", demand)
    wanted = demand_of(engine, "shop")

    first = forget_expired(engine, settings, demand, today=TODAY)
    again = forget_expired(engine, settings, demand, today=TODAY)
    update_demand(engine, "shop", demand)

    assert (first.events, first.searches) == (3, 1)
    assert again == Forgotten(events=0, searches=0, found_counts=0, keys=0)
    assert rows(engine, events, "client") == [("p-a",)]
    assert rows(engine, event_counts, "piece_id", "kind", "count") == [
        ("p1", "purchase", 1),
        ("p1", "view", 2),
    ]
    assert counted(engine) == before
    assert demand_of(engine, "shop") == wanted
    assert rows(engine, searches, "search_id") == [(IDS[1],)]


def test_a_day_that_is_kept_is_kept_whole(engine):
    settings = EventSettings(keep_days=7, late_days=2)
    write(engine, event(0), event(1))
    assert forget_expired(engine, settings, DemandSettings(), today=date(2026, 1, 12)).events == 0
    assert forget_expired(engine, settings, DemandSettings(), today=date(2026, 1, 13)).events == 1


def test_finds_are_counted_for_as_long_as_demand_reads_them(engine):
    with engine.begin() as connection:
        for day in ("2025-12-01", "2026-01-31", "2026-02-19"):
            add_counts(connection, {("shop", day, "p1", kind): 1 for kind in ("found", "view")})
    gone = forget_expired(
        engine, EventSettings(keep_days=10), DemandSettings(touched_days=20), today=TODAY
    ).found_counts
    assert gone == 1
    assert [row[2] for row in counted(engine) if row[1] == "found"] == ["2026-01-31", "2026-02-19"]
    assert len([row for row in counted(engine) if row[1] == "view"]) == 3


def test_a_search_that_found_something_moves_the_day_of_demand(engine):
    write(engine, event(0))
    with engine.connect() as connection:
        assert last_day(connection, "shop") == date(2026, 1, 5)
    with engine.begin() as connection:
        add_counts(connection, {("shop", "2026-01-09", "p1", "found"): 5})
    update_demand(engine, "shop", DemandSettings(half_life_days=4.0))
    assert demand_of(engine, "shop").day == date(2026, 1, 9)
    assert demand_of(engine, "shop").pieces == {"p1": (0.5, 5)}


def test_erasure_takes_what_is_theirs_in_every_collection_and_nothing_else(engine):
    write(
        engine,
        event(0, client="p-a"),
        event(1, client="p-a", collection="archive"),
        event(2, client="p-b", session="p-s"),
        event(3, client="p-b"),
        event(4),
    )
    assert erase(engine, {"p-a", "p-s", "p-none"}) == 3
    assert rows(engine, events, "client") in ([("p-b",), (None,)], [(None,), ("p-b",)])
    assert erase(engine, set()) == 0


def test_without_a_key_a_day_has_its_own_and_all_processes_share_it(engine):
    one, other = EventPseudonyms(engine, None), EventPseudonyms(engine, None)
    monday, tuesday = date(2026, 1, 5), date(2026, 1, 6)
    first = one.of("client", "alice", monday)

    assert other.of("client", "alice", monday) == first
    assert one.of("client", "alice", tuesday) != first
    assert one.of("session", "alice", monday) != first
    assert "alice" not in first
    assert one.all_of("client", "alice") == {first, one.of("client", "alice", tuesday)}
    assert len(rows(engine, event_salts, "day")) == 2

    assert forget_salts(engine, tuesday) == 0
    assert forget_salts(engine, date(2026, 1, 7)) == 1
    assert first not in EventPseudonyms(engine, None).all_of("client", "alice")


def test_the_next_days_key_is_there_before_it_is_needed(engine):
    known = EventPseudonyms(engine, None)
    known.prepare(date(2026, 1, 5))
    assert rows(engine, event_salts, "day") == []  # nobody was named yet
    known.of("client", "alice", date(2026, 1, 5))
    for day in (5, 6):
        known.prepare(date(2026, 1, day))
    assert rows(engine, event_salts, "day") == [("2026-01-05",), ("2026-01-06",), ("2026-01-07",)]


def test_with_a_key_a_client_is_the_same_every_day_and_nothing_is_stored(engine):
    known = EventPseudonyms(engine, b"sixteen-bytes-or-more")
    alice = known.of("client", "alice", date(2026, 1, 5))
    assert known.of("client", "alice", date(2026, 9, 5)) == alice
    assert EventPseudonyms(engine, b"another-key-of-theirs").of("client", "alice", date(2026, 1, 5)) != alice
    assert known.all_of("client", "alice") == {alice}
    assert rows(engine, event_salts, "day") == []


def test_recent_figures_leave_out_what_is_older(engine):
    write(
        engine, event(0), event(2), event(2, kind="click"), page(0), page(1, day=2), page(1, first=24, day=2)
    )
    assert recent_figures(engine, "shop", since=START + timedelta(days=1)) == {
        "kinds": {"click": 1, "view": 1},
        "searches": 1,
    }


def test_events_are_measured_before_they_are_forgotten():
    with pytest.raises(ValidationError, match="late_days"):
        EventSettings(keep_days=7, late_days=7)
