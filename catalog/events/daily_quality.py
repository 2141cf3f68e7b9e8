"""Daily measures of searches, kept in ``search_quality``: worked out anew while clicks may still come.

A click belongs to the day of its search.  Days beyond ``late_days`` before the latest search are final: what
they were measured from may be forgotten.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.events.quality import PositionClicks, Reaction, SearchQuality, Shown, measure_searches
from catalog.tables import events, pieces, search_quality, searches
from storage.database import reading

_FIELDS = tuple(one.name for one in fields(SearchQuality))
_AT_ONCE = 2_000  # rows that are fetched together


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuality:
    """One day's measures of one kind and snapshot."""

    day: str
    measured: SearchQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """What an update found.

    Attributes:
        days: Days that were looked at.
        changed: Of them, days whose rows were written.
        positions: Position from 0 -> what was shown there and clicked, on these days.
    """

    days: int
    changed: int
    positions: dict[int, PositionClicks]


def update_search_quality(engine: Engine, collection: str, *, late_days: int) -> QualityReport:
    """Bring the collection's measures up to its latest search; a day that stays the same is not written.

    Args:
        engine: The catalogue.
        collection: Whose searches.
        late_days: For how long clicks may come after their search.
    """
    positions: dict[int, PositionClicks] = {}
    changed = 0
    with reading(engine) as connection:
        days = _days(connection, collection, late_days)
        looks = _looks(connection, collection) if days else {}
    for day in days:
        with reading(engine) as connection:
            reactions = _reactions(connection, collection, day, late_days)
            found = measure_searches(_pages(connection, collection, day), reactions, looks, positions)
            same = [one.measured for one in _stored(connection, collection, day, day)] == found
        if not same:
            _replace(engine, collection, day, found)
            changed += 1
    return QualityReport(days=len(days), changed=changed, positions=positions)


def read_search_quality(engine: Engine, collection: str, *, days: int) -> list[DayQuality]:
    """Return the measures of the latest days there are, the newest day first, then by kind and snapshot."""
    with reading(engine) as connection:
        latest = connection.scalars(
            sa.select(search_quality.c.day)
            .where(search_quality.c.collection == collection)
            .distinct()
            .order_by(search_quality.c.day.desc())
            .limit(days)
        ).all()
        if not latest:
            return []
        first, last = date.fromisoformat(latest[-1]), date.fromisoformat(latest[0])
        found = _stored(connection, collection, first, last)
    return sorted(found, key=lambda one: one.day, reverse=True)


def _days(connection: Connection, collection: str, late_days: int) -> list[date]:
    own = searches.c.collection == collection
    first, last = connection.execute(
        sa.select(sa.func.min(searches.c.asked_at), sa.func.max(searches.c.asked_at)).where(own)
    ).one()
    if first is None:
        return []
    begin, end = first.date(), last.date()
    stored = connection.scalar(
        sa.select(sa.func.max(search_quality.c.day)).where(search_quality.c.collection == collection)
    )
    if stored is not None:
        begin = max(begin, date.fromisoformat(stored) - timedelta(days=late_days))
    return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def _looks(connection: Connection, collection: str) -> dict[str, tuple[str | None, str | None]]:
    rows = connection.execute(
        sa.select(pieces.c.piece_id, pieces.c.brand, pieces.c.category).where(
            pieces.c.collection == collection
        )
    )
    return {row.piece_id: (row.brand, row.category) for row in rows}


def _pages(connection: Connection, collection: str, day: date) -> Iterator[Shown]:
    begin = datetime.combine(day, time(), UTC)
    chosen = (
        sa.select(searches)
        .where(
            searches.c.collection == collection,
            searches.c.asked_at >= begin,
            # A page may be asked for after midnight; its search is of the day of the first.
            searches.c.asked_at < begin + timedelta(days=2),
        )
        .order_by(searches.c.search_id, searches.c.first_position)
        .execution_options(yield_per=_AT_ONCE)
    )
    end = begin + timedelta(days=1)
    of_this_day: str | None = None
    for row in connection.execute(chosen):
        if row.first_position == 0 and row.asked_at < end:
            of_this_day = row.search_id
        if row.search_id == of_this_day:
            yield Shown(
                search_id=row.search_id,
                first_position=row.first_position,
                kind=row.kind,
                snapshot_id=row.snapshot_id,
                pieces=row.pieces,
                latency_ms=row.latency_ms,
            )


def _reactions(
    connection: Connection, collection: str, day: date, late_days: int
) -> dict[str, list[Reaction]]:
    begin = datetime.combine(day, time(), UTC)
    found: dict[str, list[Reaction]] = {}
    for row in connection.execute(
        sa.select(events.c.search_id, events.c.piece_id, events.c.kind, events.c.after_search_ms).where(
            events.c.collection == collection,
            events.c.search_id.is_not(None),
            events.c.occurred_at >= begin,
            events.c.occurred_at < begin + timedelta(days=late_days + 1),
        )
    ):
        found.setdefault(row.search_id, []).append(
            Reaction(piece_id=row.piece_id, kind=row.kind, after_ms=row.after_search_ms)
        )
    return found


def _stored(connection: Connection, collection: str, first: date, last: date) -> list[DayQuality]:
    columns = [search_quality.c[name] for name in _FIELDS]
    rows = connection.execute(
        sa.select(search_quality.c.day, *columns).where(
            search_quality.c.collection == collection,
            search_quality.c.day.between(first.isoformat(), last.isoformat()),
        )
    )
    found = [
        DayQuality(day=row.day, measured=SearchQuality(**{name: getattr(row, name) for name in _FIELDS}))
        for row in rows
    ]
    # Not by the database: its collation may order text otherwise than `measure_searches`.
    return sorted(found, key=lambda one: (one.day, one.measured.kind, one.measured.snapshot_id))


def _replace(engine: Engine, collection: str, day: date, found: list[SearchQuality]) -> None:
    own = {"collection": collection, "day": day.isoformat()}
    with engine.begin() as connection:
        connection.execute(
            search_quality.delete().where(*(search_quality.c[name] == value for name, value in own.items()))
        )
        if found:
            rows: list[dict[str, Any]] = [own | asdict(one) for one in found]
            connection.execute(search_quality.insert(), rows)
