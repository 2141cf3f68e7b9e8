"""Addresses of what there is to look at without a question: ``/trends`` and ``/collections``."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from serving.api.answers import json_response
from serving.api.asking import house_of
from serving.asking import newest
from serving.card_details import complete_cards
from serving.errors import QueryError, ServingError
from serving.facets import usual_currency
from serving.house import ServedHouse
from serving.house_figures import collection_figures, read_trends
from serving.pages.question import PageQuestion
from serving.pages.rendering import page, plain, shown
from serving.pages.trend_lines import trend_lines

TREND_FACETS = ("category", "metal", "stone", "style")
TREND_DAYS = (30, 90, 365)
_COVERS = 4

router = APIRouter(include_in_schema=False)


@router.get("/trends")
async def trends(
    request: Request,
    facet: str = "category",
    days: Annotated[str, Query()] = "30",
    currency: str = "",
    collection: str | None = None,
) -> Response:
    """What is offered, what it costs and what is asked for, day by day."""

    async def show() -> Response:
        house = house_of(request)
        if facet not in TREND_FACETS:
            message = f"there are no trends by {facet!r}: there are by {', '.join(TREND_FACETS)}"
            raise QueryError(message)
        if days not in map(str, TREND_DAYS):
            message = f"days is {days!r}: choose {', '.join(map(str, TREND_DAYS))}"
            raise QueryError(message)
        live = house.chosen(collection or None)
        rows = await house.pool.do(
            read_trends, house.engine, live.collection, facet=facet, value=None, currency=None, days=int(days)
        )
        stated = {row["currency"] for row in rows if row["price_median_minor"] is not None}
        usual = None if live.current is None else usual_currency(live.current)
        chosen = currency.upper() or (usual if usual in stated else min(stated, default=None))
        return page(
            request,
            "trends.html",
            {
                "lines": trend_lines(rows, chosen),
                "facet": facet,
                "facets": TREND_FACETS,
                "days": int(days),
                "spans": TREND_DAYS,
                "currency": chosen,
                "currencies": sorted({*stated, *filter(None, [chosen])}),
                "collections": house.labels,
                "collection": live.collection,
                "until": max((row["day"] for row in rows), default=None),
            },
            collection=collection or None,
        )

    return await shown(request, show)


@router.get("/collections")
async def collections(request: Request) -> Response:
    """Every collection, with some of its newest pieces."""

    async def show() -> Response:
        house = house_of(request)
        found: list[dict[str, Any]] = []
        for name, live in house.live.items():
            served = live.current
            hits = [] if served is None else await _newest(house, name)
            found.append(
                {
                    "name": name,
                    "label": house.labels[name] or name,
                    "pieces": None if served is None else len(served.table),
                    "pictures": None if served is None else served.manifest.live_vectors,
                    "snapshot_id": None if served is None else served.snapshot_id,
                    "hits": hits,
                }
            )
        shown_files: dict[str, dict[str, Any]] = {}
        for one in found:
            shown_files |= await complete_cards(house, one["name"], [hit["piece"] for hit in one["hits"]])
        return page(request, "collections.html", {"found": found, "files": shown_files}, collection=None)

    return await shown(request, show)


@router.get("/live")
async def live(request: Request, collection: str | None = None) -> Response:
    """What the line below every page says, as it is now; pages need no key, so it is no part of the API."""
    house = house_of(request)
    held = house.chosen(collection)
    figures = await house.pool.do(collection_figures, house.engine, held.collection, held.current)
    snapshot = figures["snapshot"] or {}
    shown = {name: figures[name] for name in ("pictures_waiting", "delivered_at")}
    return json_response({**shown, **{name: snapshot.get(name) for name in ("snapshot_id", "pieces")}})


async def _newest(house: ServedHouse, collection: str) -> list[dict[str, Any]]:
    """Return some pieces of a collection to know it by; none where none can be named now."""
    shape = PageQuestion().shape()
    try:
        answer = await newest(house, shape, collection=collection, limit=_COVERS, cursor=None)
    except ServingError:
        return []
    hits: list[dict[str, Any]] = plain(answer)["hits"]
    return hits
