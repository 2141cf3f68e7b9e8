"""Forget in time and on request.

Expired events become counts, searches and keys of days go; a pseudonym's events are deleted at once.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.demand import FOUND, DemandSettings
from catalog.events.pseudonyms import forget_salts
from catalog.events.settings import EventSettings
from catalog.events.writing import add_counts
from catalog.tables import event_counts, events, searches
from storage.batches import batches
from storage.database import reading

_NAMES = 500  # in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many event rows became counts, and how many searches, counts of finds and keys were removed."""

    events: int
    searches: int
    found_counts: int
    keys: int


def forget_expired(
    engine: Engine, settings: EventSettings, demand: DemandSettings, *, today: date
) -> Forgotten:
    """Let go of what has been kept for long enough, of every collection; doing it again changes nothing."""
    oldest = today - timedelta(days=settings.keep_days)
    midnight = datetime.combine(oldest, time(), UTC)
    counted = 0
    for collection, day in _expired_days(engine, midnight):
        counted += _count_day(engine, collection, day)
    found_since = min(oldest, today - timedelta(days=demand.touched_days))
    with engine.begin() as connection:
        shown = connection.execute(searches.delete().where(searches.c.asked_at < midnight)).rowcount
        found = connection.execute(
            event_counts.delete().where(
                event_counts.c.kind == FOUND, event_counts.c.day < found_since.isoformat()
            )
        ).rowcount
    keys = forget_salts(engine, today)
    return Forgotten(events=counted, searches=shown, found_counts=found, keys=keys)


def erase(engine: Engine, pseudonyms: Collection[str]) -> int:
    """Delete every event of some pseudonyms, in all collections; return how many there were.

    Counts of events that expired before stay: they are nobody's any more.
    """
    erased = 0
    with engine.begin() as connection:
        for some in batches(sorted(pseudonyms), _NAMES):
            theirs = sa.or_(events.c.client.in_(some), events.c.session.in_(some))
            erased += connection.execute(events.delete().where(theirs)).rowcount
    return erased


def _expired_days(engine: Engine, before: datetime) -> list[tuple[str, str]]:
    day = sa.func.substr(sa.type_coerce(events.c.occurred_at, sa.String), 1, 10)
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(events.c.collection, day)
            .where(events.c.occurred_at < before)
            .distinct()
            .order_by(events.c.collection, day)
        ).all()
    return [(row[0], row[1]) for row in rows]


def _count_day(engine: Engine, collection: str, day: str) -> int:
    first = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    own = sa.and_(
        events.c.collection == collection,
        events.c.occurred_at >= first,
        events.c.occurred_at < first + timedelta(days=1),
    )
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(events.c.piece_id, events.c.kind, sa.func.count())
            .where(own)
            .group_by(events.c.piece_id, events.c.kind)
        ).all()
        add_counts(connection, {(collection, day, row[0], row[1]): row[2] for row in rows})
        return connection.execute(events.delete().where(own)).rowcount
