"""What waits for a person: deliveries that breakers held, and pictures whose successors cannot be had.

A held delivery changed nothing.  Held pictures are another thing: the delivery was read, most of the pictures
it newly names could not be fetched, and those that its listings had before stay searchable in their place.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.breakers import FROM_ROWS, HISTORY
from catalog.declarations import FeedDeclaration
from catalog.errors import FeedRefusedError
from catalog.image_fetching import NOT_ASKED
from catalog.image_ledger import Fetched
from catalog.tables import deliveries, image_references
from storage.database import reading

READ = ("read", "damaged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One delivery that waits for a person; ``pictures``: only the pictures that it newly names do."""

    name: str
    delivered_at: datetime
    reason: str
    pictures: bool = False


@dataclass(slots=True, kw_only=True)
class NewPictures:
    """What became of the locations that a feed had not been asked for before."""

    locations: Set[str]
    asked: int = 0
    failed: int = 0

    def watched(self, outcomes: Iterable[Fetched]) -> Iterator[Fetched]:
        """Count outcomes on their way."""
        for outcome in outcomes:
            if outcome.location in self.locations and outcome.reason != NOT_ASKED:
                self.asked += 1
                self.failed += outcome.data is None
            yield outcome


def new_pictures(engine: Engine, collection: str, feed: str) -> NewPictures:
    """Return the locations of a feed that wait for their first answer, with nothing counted yet."""
    with reading(engine) as connection:
        waiting = connection.execute(
            sa.select(image_references.c.location)
            .distinct()
            .where(*_live(collection, feed), image_references.c.state == "pending")
        ).scalars()
        return NewPictures(locations=frozenset(waiting))


def settle_pictures(
    engine: Engine, collection: str, declaration: FeedDeclaration, found: NewPictures, *, attempts: int
) -> str | None:
    """Let go of the pictures that failed ones were to replace, unless too many failed; return why they stay.

    The share of failures among at least 20 new pictures is noted with the feed's last delivery, and compared
    with the median of those before it; without one there is no yardstick.  Held pictures are let go of by
    ``release``, or when their successors have arrived after all.

    Args:
        found: Of the fetching that has just ended.
        attempts: How often a location that fails in a transient way is asked.
    """
    with engine.begin() as connection:
        last = _last_read(connection, collection, declaration.name)
        if last is None:
            return None
        measured = (
            last if found.asked >= FROM_ROWS else _last_measured(connection, collection, declaration.name)
        )
        if measured is None:
            _let_go(connection, collection, declaration.name, attempts=attempts)
            return None
        figures = dict(measured.figures or {})
        if found.asked >= FROM_ROWS:
            share = round(found.failed / found.asked, 4)
            figures |= {"pictures_asked": found.asked, "pictures_failed": share}
            usual = _usual_failures(connection, collection, declaration.name, last.delivery_id)
            figures.pop("pictures_held", None)
            most = declaration.breakers.pictures_failed
            if usual is not None and share > usual + most and not figures.get("pictures_released"):
                figures |= {"pictures_held": 1, "pictures_usual": usual}
        if figures.get("pictures_held") and not _replaced(connection, collection, declaration.name):
            del figures["pictures_held"]
        if figures != (measured.figures or {}):
            _note(connection, measured.delivery_id, figures)
        if figures.get("pictures_held"):
            return _why(figures, collection, declaration.name)
        _let_go(connection, collection, declaration.name, attempts=attempts)
        return None


def held_deliveries(connection: Connection, collection: str, declaration: FeedDeclaration) -> list[Held]:
    """Return what of a feed waits for a person, oldest first.

    A full delivery from before the last one that was read is left out: reading it would change nothing.
    """
    last = _last_read(connection, collection, declaration.name)
    found = [
        Held(name=row.name, delivered_at=row.delivered_at, reason=row.error or "")
        for row in _held_rows(connection, collection, declaration, last)
    ]
    measured = _last_measured(connection, collection, declaration.name)
    if measured is not None and measured.figures.get("pictures_held"):
        reason = _why(measured.figures, collection, declaration.name)
        at = measured.delivered_at
        found.insert(0, Held(name=measured.name, delivered_at=at, reason=reason, pictures=True))
    return found


def release(
    engine: Engine, collection: str, declaration: FeedDeclaration, *, name: str | None = None
) -> list[str]:
    """Let what was held be read as it is; return the deliveries' names, oldest first.

    Of a full feed that is the newest delivery, since it replaces what came before it; of increments every
    one.
    They wait again, and are read without the rule that held them.  Held pictures are let go of.

    Args:
        engine: The database.
        collection: The feed's.
        declaration: The feed.
        name: Release this delivery alone.

    Raises:
        FeedRefusedError: If no held delivery has that name (``not_held``).
    """
    feed = declaration.name
    with engine.begin() as connection:
        last = _last_read(connection, collection, feed)
        rows = _held_rows(connection, collection, declaration, last)
        pictures = _last_measured(connection, collection, feed)
        if pictures is not None and not pictures.figures.get("pictures_held"):
            pictures = None
        if name is not None:
            known = [row.name for row in rows] + ([pictures.name] if pictures is not None else [])
            if name not in known:
                message = (
                    f"{collection}.{feed} holds no delivery {name!r} that would change anything: "
                    f"it holds {', '.join(known) or 'none'}"
                )
                raise FeedRefusedError(message, reason="not_held")
            rows = [row for row in rows if row.name == name]
            pictures = pictures if pictures is not None and pictures.name == name else None
        elif declaration.deliveries == "full":
            rows = rows[-1:]
        if pictures is not None:
            figures = {key: value for key, value in pictures.figures.items() if key != "pictures_held"}
            _note(connection, pictures.delivery_id, figures | {"pictures_released": 1})
            _let_go(connection, collection, feed, attempts=0)
        connection.execute(
            deliveries.update()
            .where(deliveries.c.delivery_id.in_([row.delivery_id for row in rows]))
            .values(state="released", error=None)
        )
        return [*([pictures.name] if pictures is not None else []), *(row.name for row in rows)]


def _held_rows(
    connection: Connection, collection: str, declaration: FeedDeclaration, last: sa.Row[Any] | None
) -> list[sa.Row[Any]]:
    chosen = sa.select(deliveries).where(
        deliveries.c.collection == collection,
        deliveries.c.feed == declaration.name,
        deliveries.c.state == "held",
    )
    if declaration.deliveries == "full" and last is not None:
        chosen = chosen.where(deliveries.c.delivered_at >= last.delivered_at)
    return list(
        connection.execute(chosen.order_by(deliveries.c.delivered_at, deliveries.c.delivery_id)).all()
    )


def _last_measured(connection: Connection, collection: str, feed: str) -> sa.Row[Any] | None:
    """Return the last delivery that named enough new pictures for a share of failures."""
    measured = deliveries.c.figures["pictures_failed"].as_float().is_not(None)
    return _last_read(connection, collection, feed, measured)


def _last_read(
    connection: Connection, collection: str, feed: str, *conditions: sa.ColumnElement[bool]
) -> sa.Row[Any] | None:
    return connection.execute(
        sa.select(deliveries)
        .where(
            deliveries.c.collection == collection,
            deliveries.c.feed == feed,
            deliveries.c.state.in_(READ),
            *conditions,
        )
        .order_by(deliveries.c.delivered_at.desc(), deliveries.c.delivery_id.desc())
        .limit(1)
    ).one_or_none()


def _usual_failures(connection: Connection, collection: str, feed: str, before: int) -> float | None:
    """Return the median share of failures of the feed's last deliveries that named new pictures."""
    found = connection.execute(
        sa.select(deliveries.c.figures)
        .where(
            deliveries.c.collection == collection,
            deliveries.c.feed == feed,
            deliveries.c.state.in_(READ),
            deliveries.c.figures["pictures_failed"].as_float().is_not(None),
            deliveries.c.delivery_id != before,
        )
        .order_by(deliveries.c.delivered_at.desc(), deliveries.c.delivery_id.desc())
    ).scalars()
    shares = []
    for figures in found:
        if not figures.get("pictures_held"):
            shares.append(figures["pictures_failed"])
        if figures.get("pictures_released") or len(shares) == HISTORY:
            break  # what a person released begins a new habit
    return float(median(shares)) if shares else None


def _replaced(connection: Connection, collection: str, feed: str) -> int:
    """Count references that failed and still show the picture they had before."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(image_references)
        .where(
            *_live(collection, feed),
            image_references.c.state.in_(["failed", "pending"]),
            image_references.c.image_id.is_not(None),
        )
    ).scalar_one()


def _let_go(connection: Connection, collection: str, feed: str, *, attempts: int) -> None:
    connection.execute(
        image_references.update()
        .where(
            *_live(collection, feed),
            image_references.c.state == "failed",
            image_references.c.image_id.is_not(None),
            sa.or_(image_references.c.attempts == 0, image_references.c.attempts >= attempts),
        )
        .values(image_id=None)
    )


def _note(connection: Connection, delivery_id: int, figures: Mapping[str, float]) -> None:
    connection.execute(
        deliveries.update().where(deliveries.c.delivery_id == delivery_id).values(figures=dict(figures))
    )


def _live(collection: str, feed: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        image_references.c.collection == collection,
        image_references.c.feed == feed,
        image_references.c.live,
    )


def _why(figures: Mapping[str, float], collection: str, feed: str) -> str:
    return (
        f"{figures['pictures_failed']:.0%} of {figures['pictures_asked']:g} new pictures could not be "
        f"fetched where {figures['pictures_usual']:.0%} are usual: the pictures they were to replace stay "
        "searchable; put the pictures right and ask again with loupe images retry, widen the feed's "
        f"breakers, or let go of the former pictures with loupe feeds release {collection}.{feed}"
    )
