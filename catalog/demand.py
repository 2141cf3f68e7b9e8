"""How much each piece is wanted: views, clicks, favourites and purchases, worth less the older they are.

An event counts with the weight of its kind, halved with every half-life since its day (exponential decay).
Searches that answered with a piece (events of kind ``found``) are counted apart.  "Today" is the day of the
latest delivery, event or such search: the same catalogue gives the same demand whenever it is worked out.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from catalog.events.counting import daily_counts, last_day
from catalog.forwarding import final, forwarding
from catalog.tables import deliveries, demand_days, piece_demand
from storage.batches import batches
from storage.database import reading

FOUND = "found"  # the kind of event that says: a search answered with the piece
_HALF_LIVES = 8  # what is older counts for less than half a per cent, and is not read
_ROWS = 5_000  # in one statement


class DemandSettings(BaseModel):
    """What an event is worth, and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    half_life_days: float = Field(default=14.0, gt=0.0)
    view: Annotated[float, Field(ge=0.0)] = 1.0
    click: Annotated[float, Field(ge=0.0)] = 2.0
    favourite: Annotated[float, Field(ge=0.0)] = 4.0
    purchase: Annotated[float, Field(ge=0.0)] = 8.0
    touched_days: int = Field(default=30, ge=1)  # searches older than this are not counted

    def weight(self, kind: str) -> float:
        """Return what an event of a kind is worth; nothing where the kind is not one of demand."""
        weights = {
            "view": self.view,
            "click": self.click,
            "favourite": self.favourite,
            "purchase": self.purchase,
        }
        return weights.get(kind, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What pieces of a collection are asked for; a piece that is not named is asked for by nobody.

    ``day`` is the day of the last update, ``None`` before the first; ``today`` is the catalogue's own day,
    ``None`` before its first delivery.  ``pieces`` gives demand and touches.
    """

    day: date | None
    today: date | None
    pieces: dict[str, tuple[float, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReport:
    """What an update found: the day that it speaks of, pieces with demand or touches, and both in sum."""

    day: date | None
    pieces: int
    demand: float
    touches: int


def update_demand(engine: Engine, collection: str, settings: DemandSettings) -> DemandReport:
    """Work the collection's demand out anew, as of its latest delivery or event."""
    with reading(engine) as connection:
        today = _today(connection, collection)
        wanted = {} if today is None else _wanted(connection, collection, today, settings)
        stored = _stored(connection, collection)
    report = DemandReport(
        day=today,
        pieces=len(wanted),
        demand=round(sum(demand for demand, _ in wanted.values()), 3),
        touches=sum(touches for _, touches in wanted.values()),
    )
    if today is None or stored == (today, wanted):
        return report
    with engine.begin() as connection:
        for table in (piece_demand, demand_days):
            connection.execute(table.delete().where(table.c.collection == collection))
        connection.execute(demand_days.insert().values(collection=collection, day=today.isoformat()))
        for batch in batches(sorted(wanted.items()), _ROWS):
            connection.execute(
                piece_demand.insert(),
                [
                    {
                        "collection": collection,
                        "piece_id": piece_id,
                        "day": today.isoformat(),
                        "demand": demand,
                        "touches": touches,
                    }
                    for piece_id, (demand, touches) in batch
                ],
            )
    return report


def demand_of(engine: Engine, collection: str) -> Demand:
    """Return the collection's demand as the last update left it, a merged piece's counted where it went."""
    with reading(engine) as connection:
        today = _today(connection, collection)
        stored = _stored(connection, collection)
        forwarded = forwarding(connection, collection)
    pieces: dict[str, tuple[float, int]] = {}
    for piece_id, (demand, touches) in ({} if stored is None else stored[1]).items():
        _add(pieces, final(piece_id, forwarded), demand, touches)
    return Demand(day=None if stored is None else stored[0], today=today, pieces=pieces)


def _add(pieces: dict[str, tuple[float, int]], piece_id: str, demand: float, touches: int) -> None:
    before = pieces.get(piece_id, (0.0, 0))
    pieces[piece_id] = (before[0] + demand, before[1] + touches)


def _today(connection: Connection, collection: str) -> date | None:
    delivered: datetime | None = connection.execute(
        sa.select(sa.func.max(deliveries.c.delivered_at)).where(deliveries.c.collection == collection)
    ).scalar_one()
    known = (None if delivered is None else delivered.date(), last_day(connection, collection))
    return max((day for day in known if day is not None), default=None)


def _wanted(
    connection: Connection, collection: str, today: date, settings: DemandSettings
) -> dict[str, tuple[float, int]]:
    forwarded = forwarding(connection, collection)
    reach = max(_HALF_LIVES * settings.half_life_days, settings.touched_days)
    first = today - timedelta(days=round(reach))
    wanted: dict[str, tuple[float, int]] = {}
    # In the order that it comes in: sums of floats depend on theirs.
    for piece_id, kind, on, count in daily_counts(connection, collection, since=first):
        age = (today - date.fromisoformat(on)).days
        touches = count if kind == FOUND and age < settings.touched_days else 0
        demand = count * settings.weight(kind) * 0.5 ** (age / settings.half_life_days)
        if touches or demand:
            _add(wanted, final(piece_id, forwarded), demand, touches)
    return {piece_id: (round(demand, 6), touches) for piece_id, (demand, touches) in wanted.items()}


def _stored(connection: Connection, collection: str) -> tuple[date, dict[str, tuple[float, int]]] | None:
    day = connection.execute(
        sa.select(demand_days.c.day).where(demand_days.c.collection == collection)
    ).scalar_one_or_none()
    if day is None:
        return None
    rows = connection.execute(
        sa.select(piece_demand.c.piece_id, piece_demand.c.demand, piece_demand.c.touches).where(
            piece_demand.c.collection == collection
        )
    )
    return date.fromisoformat(day), {row.piece_id: (row.demand, row.touches) for row in rows}
