"""How often each piece was viewed, clicked, found, by day: of events that are kept and of expired ones."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.tables import event_counts, events, searches
from storage.database import reading

_ALL_TIME = date.min
_occurred = sa.type_coerce(events.c.occurred_at, sa.String)  # sortable text, its day in front


def daily_counts(
    connection: Connection, collection: str, *, since: date = _ALL_TIME
) -> Iterator[tuple[str, str, str, int]]:
    """Yield piece, kind, day and count, ordered by all three, from a day on."""
    day = sa.func.substr(_occurred, 1, 10).label("day")
    kept = (
        sa.select(events.c.piece_id, events.c.kind, day, sa.func.count().label("count"))
        .where(events.c.collection == collection, _occurred >= since.isoformat())
        .group_by(events.c.piece_id, events.c.kind, day)
    )
    counted = sa.select(
        event_counts.c.piece_id, event_counts.c.kind, event_counts.c.day, event_counts.c["count"]
    ).where(event_counts.c.collection == collection, event_counts.c.day >= since.isoformat())
    both = kept.union_all(counted).subquery()
    keys = (both.c.piece_id, both.c.kind, both.c.day)
    total = sa.cast(sa.func.sum(both.c["count"]), sa.BigInteger)
    for row in connection.execute(sa.select(*keys, total).group_by(*keys).order_by(*keys)):
        yield row[0], row[1], row[2], row[3]


def last_day(connection: Connection, collection: str) -> date | None:
    """Return the day of the latest event or search that found something; None before the first."""
    latest = [
        connection.scalar(chosen)
        for chosen in (
            sa.select(sa.func.max(sa.func.substr(_occurred, 1, 10))).where(events.c.collection == collection),
            sa.select(sa.func.max(event_counts.c.day)).where(event_counts.c.collection == collection),
        )
    ]
    return max((date.fromisoformat(day) for day in latest if day is not None), default=None)


def event_figures(engine: Engine, collection: str) -> dict[str, Any]:
    """Return events by kind since the beginning, how many are kept as rows and from when, and searches kept.

    ``found`` counts pieces that searches answered with, as far back as they are counted.
    """
    with reading(engine) as connection:
        kinds: dict[str, int] = {}
        for _, kind, _, count in daily_counts(connection, collection):
            kinds[kind] = kinds.get(kind, 0) + count
        rows, oldest, latest, named = connection.execute(
            sa.select(
                sa.func.count(),
                sa.func.min(events.c.occurred_at),
                sa.func.max(events.c.occurred_at),
                sa.func.count(sa.func.coalesce(events.c.client, events.c.session)),
            ).where(events.c.collection == collection)
        ).one()
        kept = connection.scalar(
            sa.select(sa.func.count()).where(
                searches.c.collection == collection, searches.c.first_position == 0
            )
        )
    return {
        "kinds": dict(sorted(kinds.items())),
        "kept": rows,
        "kept_with_pseudonym": named,
        "oldest": oldest,
        "latest": latest,
        "searches_kept": kept,
    }


def recent_figures(engine: Engine, collection: str, *, since: datetime) -> dict[str, Any]:
    """Return events by kind, and searches that were recorded, since a moment."""
    with reading(engine) as connection:
        kinds = connection.execute(
            sa.select(events.c.kind, sa.func.count())
            .where(events.c.collection == collection, events.c.occurred_at >= since)
            .group_by(events.c.kind)
        ).all()
        recorded = connection.scalar(
            sa.select(sa.func.count()).where(
                searches.c.collection == collection,
                searches.c.asked_at >= since,
                searches.c.first_position == 0,
            )
        )
    return {"kinds": {row[0]: row[1] for row in sorted(map(tuple, kinds))}, "searches": recorded}
