"""Write what was done, what was shown and what was found, in batches; what is sent twice is kept once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from catalog.tables import event_counts, events, searches

KINDS = ("view", "click", "favourite", "purchase")  # what people do; `found` is what searches do

CountKey = tuple[str, str, str, str]  # collection, day, piece, kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Somebody did something with a piece; the fields are those of the table ``events``."""

    collection: str
    piece_id: str
    kind: str
    occurred_at: datetime
    sent_id: str | None = None
    client: str | None = None
    session: str | None = None
    search_id: str | None = None
    position: int | None = None
    after_search_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """A page of an answer; the fields are those of the table ``searches``."""

    search_id: str
    first_position: int
    collection: str
    kind: str
    snapshot_id: str
    asked_at: datetime
    filtered: bool
    pieces: tuple[str, ...]
    latency_ms: float


def write_events(connection: Connection, given: Sequence[Event]) -> None:
    """Write events; one that is there under its sender's id is left as it is."""
    _insert_new(connection, events, [_columns(one, Event) for one in given])


def write_pages(connection: Connection, given: Sequence[ShownPage]) -> None:
    """Write pages of answers; a page that was asked for again is there already."""
    _insert_new(connection, searches, [_columns(one, ShownPage) for one in given])


def add_counts(connection: Connection, counts: Mapping[CountKey, int]) -> None:
    """Add counts to what their days have; several processes may."""
    names = [column.name for column in event_counts.primary_key.columns]
    # In one order: processes that update the same rows must not wait for each other in a circle.
    rows = [
        dict(zip(names, key, strict=True)) | {"count": count}
        for key, count in sorted(counts.items())
        if count
    ]
    if not rows:
        return
    statement = _inserting(connection, event_counts)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=event_counts.primary_key.columns,
            set_={"count": event_counts.c["count"] + statement.excluded["count"]},
        ),
        rows,
    )


def _insert_new(connection: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:  # not as one statement of many rows: composing that took seven times as long
        connection.execute(_inserting(connection, table).on_conflict_do_nothing(), rows)


def _inserting(connection: Connection, table: sa.Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _columns(one: Event | ShownPage, kind: type[Event] | type[ShownPage]) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in kind.__dataclass_fields__}
    return values | ({"pieces": list(one.pieces)} if isinstance(one, ShownPage) else {})
