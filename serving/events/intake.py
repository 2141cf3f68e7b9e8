"""What a sender says happened, checked: what is taken, and what is refused with a reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.events.writing import Event
from catalog.tables import pieces
from serving.errors import QueryError, ServingError, UnknownThingError
from serving.events.search_ids import searched_at_ms
from serving.house import ServedHouse
from serving.problems import problem_document
from storage.database import reading

_AHEAD = timedelta(minutes=5)  # that a sender's clock may be before ours
_LONGEST_AFTER_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event as it was sent."""

    sent_id: UUID
    kind: str
    piece_id: str
    collection: str | None
    occurred_at: datetime | None
    search_id: UUID | None
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many events were taken, and the others with their problems."""

    accepted: int
    refused: list[dict[str, Any]]


async def take_events(
    house: ServedHouse, sent: Sequence[Sent], *, client_id: str | None, session_id: str | None
) -> Taken:
    """Take events to be written; one that cannot be is refused alone.

    Args:
        house: Who takes them.
        sent: What happened.
        client_id: Whose doing it was, as the sender knows them; only a pseudonym of it is kept.
        session_id: In which of their sessions; the same holds.

    Raises:
        OverloadedError: If there is no room for them.
    """
    now = house.clock()
    named = {one.collection or house.default_collection for one in sent}
    known = {name: await _known(house, name, sent) for name in named if name in house.live}
    client, session = await _who(house, client_id, session_id, now.date())
    taken: list[Event] = []
    refused: list[dict[str, Any]] = []
    for number, one in enumerate(sent):
        try:
            taken.append(_checked(house, one, known, now, client, session))
        except ServingError as error:
            refused.append({"id": str(one.sent_id), "problem": problem_document(error, f"events.{number}")})
    house.recorder.take(taken)
    return Taken(accepted=len(taken), refused=refused)


def _checked(
    house: ServedHouse,
    one: Sent,
    known: dict[str, set[str]],
    now: datetime,
    client: str | None,
    session: str | None,
) -> Event:
    collection = house.chosen(one.collection).collection
    if one.piece_id not in known[collection]:
        message = f"collection {collection} has no piece {one.piece_id!r}: search names them"
        raise UnknownThingError(message)
    occurred = _moment(one, now, late=timedelta(days=house.events.late_days))
    asked_ms = None if one.search_id is None else searched_at_ms(one.search_id)
    after = None if asked_ms is None else round(occurred.timestamp() * 1_000) - asked_ms
    return Event(
        collection=collection,
        piece_id=one.piece_id,
        kind=one.kind,
        occurred_at=occurred,
        sent_id=str(one.sent_id),
        client=client,
        session=session,
        search_id=None if one.search_id is None else str(one.search_id),
        position=one.position,
        after_search_ms=after if after is not None and 0 <= after <= _LONGEST_AFTER_MS else None,
    )


def _moment(one: Sent, now: datetime, *, late: timedelta) -> datetime:
    if one.occurred_at is None:
        return now
    if one.occurred_at > now + _AHEAD:
        message = (
            f"occurred_at {one.occurred_at.isoformat()} is to come: send when it happened, or leave it out"
        )
        raise QueryError(message)
    if one.occurred_at < now - late:
        message = (
            f"occurred_at {one.occurred_at.isoformat()} is more than {late.days} days ago: events that are "
            "so late are not counted; send them sooner"
        )
        raise QueryError(message)
    return min(one.occurred_at, now)


async def _known(house: ServedHouse, collection: str, sent: Sequence[Sent]) -> set[str]:
    """Return which of the pieces that events name there are: the live snapshot's, else the catalogue's."""
    asked = {one.piece_id for one in sent if (one.collection or house.default_collection) == collection}
    served = house.live[collection].current
    held = asked if served is None else asked & served.table.place_of.keys()
    held = set() if served is None else set(held)
    if asked - held:
        held |= await house.pool.do(_catalogued, house.engine, collection, asked - held)
    return held


def _catalogued(engine: Engine, collection: str, asked: Collection[str]) -> set[str]:
    with reading(engine) as connection:
        return set(
            connection.scalars(
                sa.select(pieces.c.piece_id).where(
                    pieces.c.collection == collection, pieces.c.piece_id.in_(list(asked))
                )
            )
        )


async def _who(
    house: ServedHouse, client_id: str | None, session_id: str | None, day: date
) -> tuple[str | None, str | None]:
    def told() -> tuple[str | None, str | None]:
        return (
            None if client_id is None else house.pseudonyms.of("client", client_id, day),
            None if session_id is None else house.pseudonyms.of("session", session_id, day),
        )

    if client_id is None and session_id is None:
        return None, None
    return await house.pool.do(told)
