"""Keep what shadow recall counted: one row per collection, hour, snapshot and channel.

Several serving processes write to the same row; counts are added where the row stands.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite

from index_builds.service_recall import HourlyRecall, hour_text
from index_builds.tables import shadow_recall
from storage.database import reading

_COUNTS = ("queries", "found", "possible")


def write_shadow_recall(engine: Engine, collection: str, measured: Sequence[HourlyRecall]) -> None:
    """Add counts to the rows of their hours."""
    if not measured:
        return
    with engine.begin() as connection:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(shadow_recall).values(
            [{"collection": collection, **asdict(one)} for one in measured]
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=shadow_recall.primary_key.columns,
                set_={name: shadow_recall.c[name] + statement.excluded[name] for name in _COUNTS},
            )
        )


def remove_shadow_recall(engine: Engine, *, before: datetime) -> int:
    """Remove the counts of hours that began before a moment; return how many."""
    with engine.begin() as connection:
        return connection.execute(
            shadow_recall.delete().where(shadow_recall.c.hour < hour_text(before))
        ).rowcount


def recent_shadow_recall(
    engine: Engine, collection: str, snapshot_id: str, *, now: datetime, hours: int
) -> list[HourlyRecall]:
    """Return the counts of a snapshot in the last hours, the present one included, oldest first."""
    since = hour_text(now - timedelta(hours=hours - 1))
    columns = [shadow_recall.c[name] for name in HourlyRecall.__dataclass_fields__]
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(*columns)
            .where(
                shadow_recall.c.collection == collection,
                shadow_recall.c.snapshot_id == snapshot_id,
                shadow_recall.c.hour >= since,
            )
            .order_by(shadow_recall.c.hour, shadow_recall.c.channel)
        ).all()
    return [HourlyRecall(**row._mapping) for row in rows]
