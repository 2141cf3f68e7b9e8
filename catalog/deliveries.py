"""Deliveries: the bytes a feed sent, kept as they came, and which of them still wait to be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.declarations import FeedDeclaration
from catalog.tables import deliveries, feeds
from storage.database import reading
from storage.objects import ObjectStore, digest_key, sha256_of_file


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

    Each arrival is kept in a transaction of its own, so what came before a failing one stays.

    Args:
        arrivals: What ``collect`` found, in the order in which it is to be read.
        received_at: The time that stands for "now": a delivery without a date of its own carries it.
        day: The partition it was received in, ``YYYY-MM-DD``.
    """
    kept: list[Delivery] = []
    for arrival in arrivals:
        digest = sha256_of_file(arrival.path)
        key = digest_key("deliveries", digest)
        if not objects.exists(key):
            objects.put_file(key, arrival.path)
        with engine.begin() as connection:
            note_check(
                connection, collection, declaration, received_at, {arrival.name: dict(arrival.validators)}
            )
            last = connection.execute(
                sa.select(deliveries.c.digest, deliveries.c.state)
                .where(
                    deliveries.c.collection == collection,
                    deliveries.c.feed == declaration.name,
                    deliveries.c.name == arrival.name,
                )
                .order_by(deliveries.c.delivery_id.desc())
                .limit(1)
            ).one_or_none()
            if last is not None and last.digest == digest:
                continue
            delivered_at = arrival.delivered_at or received_at
            delivery_id = connection.execute(
                deliveries.insert()
                .values(
                    collection=collection,
                    feed=declaration.name,
                    name=arrival.name,
                    digest=digest,
                    bytes=arrival.path.stat().st_size,
                    delivered_at=delivered_at,
                    day=day,
                    state="received",
                )
                .returning(deliveries.c.delivery_id)
            ).scalar_one()
        kept.append(
            Delivery(
                delivery_id=delivery_id,
                collection=collection,
                feed=declaration.name,
                name=arrival.name,
                digest=digest,
                delivered_at=delivered_at,
                state="received",
            )
        )
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
