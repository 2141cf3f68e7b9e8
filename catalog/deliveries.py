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
        for one in _stored(objects, arrivals):
            stored.append(one)
    except CatalogError as error:
        failure = error
    new = _new(engine, collection, declaration, stored)
    _refuse_ambiguous(declaration, new)
    kept = [
        delivery
        for one in stored
        if (delivery := _note(engine, collection, declaration, one, received_at, day, is_new=one in new))
    ]
    if failure is not None:
        raise failure
    return kept


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
    row = connection.execute(sa.select(feeds.c.validators).where(*where)).one_or_none()
    merged = {**(row.validators if row else {}), **(validators or {})}
    values = {"kind": declaration.kind, "checked_at": checked_at, "validators": merged, "error": error}
    if row is None:
        connection.execute(feeds.insert().values(collection=collection, feed=declaration.name, **values))
    else:
        connection.execute(feeds.update().where(*where).values(**values))


def waiting(engine: Engine, collection: str, feed: str) -> list[Delivery]:
    """Return the deliveries that were kept and not read yet, oldest statement first."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.collection == collection,
                deliveries.c.feed == feed,
                deliveries.c.state == "received",
            )
            .order_by(deliveries.c.delivered_at, deliveries.c.delivery_id)
        ).all()
    return [
        Delivery(
            delivery_id=row.delivery_id,
            collection=row.collection,
            feed=row.feed,
            name=row.name,
            digest=row.digest,
            delivered_at=row.delivered_at,
            state=row.state,
        )
        for row in rows
    ]


def reading_position(engine: Engine, collection: str, feed: str) -> str:
    """Return what a feed's catalogue rows were read up to.

    It changes when a delivery was read, and only then.
    """
    with reading(engine) as connection:
        last = connection.execute(
            sa.select(sa.func.max(deliveries.c.delivery_id)).where(
                deliveries.c.collection == collection,
                deliveries.c.feed == feed,
                deliveries.c.state.in_(["read", "damaged"]),
            )
        ).scalar_one()
    return str(last or 0)
