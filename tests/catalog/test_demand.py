"""Demand is what was done lately, worth less by the day, and the same whenever it is worked out."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.demand import Demand, DemandSettings, demand_of, update_demand
from catalog.tables import deliveries, events, piece_demand, pieces

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SETTINGS = DemandSettings(half_life_days=10.0, touched_days=20)


def day(number):
    return START + timedelta(days=number)


def deliver(engine, number):
    with engine.begin() as connection:
        connection.execute(
            deliveries.insert().values(
                collection="shop", feed="maison", name=f"n{number}", digest=f"{number:064x}", bytes=1,
                delivered_at=day(number), day=day(number).date().isoformat(), state="read",
            )
        )  # fmt: skip


def happen(engine, *rows, collection="shop"):
    with engine.begin() as connection:
        connection.execute(
            events.insert(),
            [
                {"collection": collection, "piece_id": piece, "kind": kind, "occurred_at": day(number)}
                for piece, kind, number in rows
            ],
        )


def test_an_event_loses_half_its_worth_with_every_half_life(engine):
    deliver(engine, 20)
    happen(engine, ("p1", "view", 20), ("p1", "view", 10), ("p2", "purchase", 0), ("p3", "view", -300))
    happen(engine, ("p9", "view", 20), collection="elsewhere")

    report = update_demand(engine, "shop", SETTINGS)

    found = demand_of(engine, "shop")
    assert found.day == found.today == report.day == date(2026, 1, 25)
    assert found.pieces == {"p1": (pytest.approx(1.5), 0), "p2": (pytest.approx(8 * 0.25), 0)}
    assert (report.pieces, report.demand) == (2, pytest.approx(3.5))


def test_searches_that_found_a_piece_are_counted_apart_and_forgotten(engine):
    deliver(engine, 20)
    happen(engine, ("p1", "found", 20), ("p1", "found", 1), ("p1", "found", 0), ("p1", "click", 20))
    update_demand(engine, "shop", SETTINGS)
    assert demand_of(engine, "shop").pieces == {"p1": (2.0, 2)}


def test_the_demand_for_a_merged_piece_counts_where_it_went(engine):
    deliver(engine, 0)
    with engine.begin() as connection:
        for name, target in (("old", "kept"), ("kept", None)):
            connection.execute(
                pieces.insert().values(
                    collection="shop", piece_id=name, forwarded_to=target, title=name, first_seen_at=START
                )
            )
    happen(engine, ("old", "view", 0), ("kept", "click", 0))
    update_demand(engine, "shop", SETTINGS)
    assert demand_of(engine, "shop").pieces == {"kept": (3.0, 0)}


def test_a_night_without_events_is_noted_and_a_catalogue_without_deliveries_has_no_day(engine):
    assert update_demand(engine, "shop", SETTINGS).day is None
    assert demand_of(engine, "shop").day is None
    deliver(engine, 3)
    update_demand(engine, "shop", SETTINGS)
    noted = Demand(day=date(2026, 1, 8), today=date(2026, 1, 8), pieces={})
    assert demand_of(engine, "shop") == noted


def test_a_later_event_moves_today_and_an_update_the_day_of_demand(engine):
    deliver(engine, 0)
    happen(engine, ("p1", "view", 0))
    update_demand(engine, "shop", SETTINGS)
    happen(engine, ("p2", "view", 10))
    found = demand_of(engine, "shop")
    assert (found.day, found.today) == (date(2026, 1, 5), date(2026, 1, 15))
    update_demand(engine, "shop", SETTINGS)
    assert demand_of(engine, "shop").pieces == {"p1": (0.5, 0), "p2": (1.0, 0)}
    with engine.connect() as connection:
        assert set(connection.execute(sa.select(piece_demand.c.day)).scalars()) == {"2026-01-15"}
