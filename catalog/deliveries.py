"""Deliveries: the bytes a feed sent, kept as they came, and which of them still wait to be read."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from catalog.declarations import FeedDeclaration
from catalog.errors import CatalogError, FeedRefusedError
from catalog.tables import deliveries, feeds
from storage.database import reading
from storage.objects import ObjectStore, digest_key

WAITING = ("received", "released")  # states in which a delivery waits; a released one was held before
EARLIEST_DELIVERY = datetime(1990, 1, 1, tzinfo=UTC)  # servers without a clock send 1970 and 1980

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One thing that a feed's location held: a file, the pages of a crawl, or a folder's listing."""

    name: str
    path: Path
    delivered_at: datetime | None
    validators: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A kept delivery; ``digest`` names its bytes in the object store."""

    delivery_id: int
    collection: str
    feed: str
    name: str
    digest: str
    delivered_at: datetime
    state: str


def known_validators(engine: Engine, collection: str, feed: str) -> dict[str, dict[str, Any]]:
    """Return what was noted of each file or page when it was last delivered, by name."""
    with reading(engine) as connection:
        row = connection.execute(
            sa.select(feeds.c.validators).where(feeds.c.collection == collection, feeds.c.feed == feed)
        ).one_or_none()
    return dict(row.validators) if row else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    arrival: Arrival
    digest: str
    size: int  # bytes


def keep(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    declaration: FeedDeclaration,
    arrivals: Iterable[Arrival],
    *,
    received_at: datetime,
    day: str,
) -> list[Delivery]:
    """Store new bytes and note the deliveries; bytes equal to the last ones of the same name add nothing.

    Each arrival is noted in a transaction of its own, and what came before a failing one stays.  A file that
    is written to while it is copied is left for the next look.  No delivery is dated later than it was
    received.

    Args:
        arrivals: What ``collect`` found, in the order in which it is to be read.
        received_at: The time that stands for "now": a delivery without a date of its own carries it.
        day: The partition it was received in, ``YYYY-MM-DD``.

    Raises:
        FeedRefusedError: If a full feed holds several new files without a date, so that nothing says which
            one is its catalogue (``ambiguous_deliveries``); then nothing is noted.
    """
    stored: list[_Stored] = []
    failure: CatalogError | None = None
    try:
        stored.extend(_stored(objects, arrivals))
    except CatalogError as error:
        failure = error
    if declaration.deliveries == "full":
        _refuse_ambiguous(engine, collection, declaration, stored)
    kept: list[Delivery] = []
    for one in stored:
        with engine.begin() as connection:
            kept.extend(_noted(connection, collection, declaration, one, received_at, day))
    if failure is not None:
        raise failure
    return kept


def _stored(objects: ObjectStore, arrivals: Iterable[Arrival]) -> Iterator[_Stored]:
    """Put arrivals into the store.

    What is hashed is a copy, and the copy is what is stored: an original may change between two readings.
    """
    for arrival in arrivals:
        with TemporaryDirectory(prefix="loupe-") as folder:
            copy = Path(folder) / "delivery"
            before = arrival.path.stat()
            digest = _copy_hashed(arrival.path, copy)
            after = arrival.path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                _log.warning("%s is being written to: it is left for the next look", arrival.name)
                continue
            key = digest_key("deliveries", digest)
            if not objects.exists(key):
                objects.put_file(key, copy)
            size = copy.stat().st_size
        yield _Stored(arrival=arrival, digest=digest, size=size)


def _copy_hashed(path: Path, copy: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("rb") as source, copy.open("wb") as file:
        while block := source.read(1 << 20):
            sha256.update(block)
            file.write(block)
    return sha256.hexdigest()


def _refuse_ambiguous(
    engine: Engine, collection: str, declaration: FeedDeclaration, stored: Iterable[_Stored]
) -> None:
    with reading(engine) as connection:
        undated = {
            one.arrival.name: None
            for one in stored
            if _own_date(one.arrival) is None
            and _last_digest(connection, collection, declaration.name, one.arrival.name) != one.digest
        }
    if len(undated) > 1:
        names = ", ".join(list(undated)[:3]) + (", ..." if len(undated) > 3 else "")
        message = (
            f"feed {collection}.{declaration.name}: {len(undated)} new files without a date ({names}), and a "
            "full feed's last delivery replaces the ones before it: put a date (YYYY-MM-DD) into the names, "
            "narrow files, or declare deliveries: increments"
        )
        raise FeedRefusedError(message, reason="ambiguous_deliveries")


def _own_date(arrival: Arrival) -> datetime | None:
    stated = arrival.delivered_at
    return None if stated is None or stated < EARLIEST_DELIVERY else stated


def _last_digest(connection: Connection, collection: str, feed: str, name: str) -> str | None:
    return connection.execute(
        sa.select(deliveries.c.digest)
        .where(deliveries.c.collection == collection, deliveries.c.feed == feed, deliveries.c.name == name)
        .order_by(deliveries.c.delivery_id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _noted(
    connection: Connection,
    collection: str,
    declaration: FeedDeclaration,
    one: _Stored,
    received_at: datetime,
    day: str,
) -> list[Delivery]:
    name = one.arrival.name
    note_check(connection, collection, declaration, received_at, {name: dict(one.arrival.validators)})
    if _last_digest(connection, collection, declaration.name, name) == one.digest:
        return []
    row = connection.execute(
        deliveries.insert()
        .values(
            collection=collection,
            feed=declaration.name,
            name=name,
            digest=one.digest,
            bytes=one.size,
            delivered_at=min(_own_date(one.arrival) or received_at, received_at),
            day=day,
            state="received",
        )
        .returning(deliveries)
    ).one()
    return [_delivery(row)]


def note_check(
    connection: Connection,
    collection: str,
    declaration: FeedDeclaration,
    checked_at: datetime,
    validators: Mapping[str, dict[str, Any]] | None = None,
    error: str | None = None,
) -> None:
    """Note that a feed was looked at: what it held by name, or the error that kept it from being read."""
    where = (feeds.c.collection == collection, feeds.c.feed == declaration.name)
    # Two processes may meet at a feed's first row: one inserts it, and both merge under its lock.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(feeds)
        .values(collection=collection, feed=declaration.name, kind=declaration.kind, validators={})
        .on_conflict_do_nothing()
    )
    known = connection.execute(sa.select(feeds.c.validators).where(*where).with_for_update()).scalar_one()
    connection.execute(
        feeds.update()
        .where(*where)
        .values(
            kind=declaration.kind,
            checked_at=checked_at,
            validators={**known, **(validators or {})},
            error=error,
        )
    )


def waiting(engine: Engine, collection: str, feed: str) -> list[Delivery]:
    """Return the deliveries that were kept and not read yet, oldest statement first."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.collection == collection,
                deliveries.c.feed == feed,
                deliveries.c.state.in_(WAITING),
            )
            .order_by(deliveries.c.delivered_at, deliveries.c.delivery_id)
        ).all()
    return [_delivery(row) for row in rows]


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        collection=row.collection,
        feed=row.feed,
        name=row.name,
        digest=row.digest,
        delivered_at=row.delivered_at,
        state=row.state,
    )


def reading_position(engine: Engine, collection: str, feed: str) -> str:
    """Return what a feed's catalogue rows were read up to.

    It changes when a delivery was read, and only then: it counts them, for a released delivery may be older
    than the last one read.
    """
    with reading(engine) as connection:
        read = connection.execute(
            sa.select(sa.func.count())
            .select_from(deliveries)
            .where(
                deliveries.c.collection == collection,
                deliveries.c.feed == feed,
                deliveries.c.state.in_(["read", "damaged"]),
            )
        ).scalar_one()
    return str(read)
