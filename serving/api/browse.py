"""What there is to look at without a question: collections, facets, what is new, trends, figures."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.events.counting import recent_figures
from serving.api.answers import json_response
from serving.api.asking import Collection, FacetQuery, RecentQuery, house_of
from serving.api.models import Collections, Facets, SearchAnswer, Stats, Trends
from serving.api.search import PROBLEMS
from serving.asking import facets_of, newest
from serving.house_figures import collection_figures, read_trends
from serving.queries import tiers_asked

_LAST_DAY = timedelta(days=1)
router = APIRouter(prefix="/v1", tags=["browse"], responses=PROBLEMS)


@router.get("/collections", response_model=Collections)
async def collections(request: Request) -> Response:
    """Every collection, and what of it can be searched now."""
    house = house_of(request)
    shown = []
    for name, live in house.live.items():
        served = live.current
        shown.append(
            {
                "name": name,
                "label": house.labels[name] or name,
                "default": name == house.default_collection,
                "ready": served is not None,
                "snapshot_id": None if served is None else served.snapshot_id,
                "pieces": None if served is None else len(served.table),
                "pictures": None if served is None else served.manifest.live_vectors,
                "channels": [] if served is None else list(served.snapshot.channels),
            }
        )
    return json_response({"collections": shown})


@router.get("/facets", response_model=Facets)
async def facets(request: Request, asked: FacetQuery) -> Response:
    """Pieces per value under the filters; each facet is counted without its own filter."""
    house = house_of(request)
    where, tiers = asked.where(), tiers_asked(cold=asked.cold)
    with house.chosen(asked.collection).lease() as served:
        counted = await facets_of(house, served, where, tiers, asked.most)
        return json_response(
            {"collection": served.manifest.collection, "snapshot_id": served.snapshot_id, **counted}
        )


@router.get("/recent", response_model=SearchAnswer)
async def recent(request: Request, asked: RecentQuery) -> Response:
    """Pieces that came in last, the newest first."""
    house = house_of(request)
    return json_response(
        await newest(
            house,
            asked.shape(),
            collection=asked.collection,
            limit=asked.page_size(house.settings),
            cursor=asked.cursor,
        )
    )


@router.get("/trends", response_model=Trends)
async def trends(
    request: Request,
    collection: Collection = None,
    facet: Annotated[str | None, Query(pattern="^(category|metal|stone|style)$")] = None,
    value: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")] = None,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None,
    days: Annotated[int, Query(ge=1, le=3_660)] = 90,
) -> Response:
    """Supply, price level and demand per day."""
    house = house_of(request)
    name = house.chosen(collection).collection
    rows = await house.pool.do(
        read_trends, house.engine, name, facet=facet, value=value, currency=currency, days=days
    )
    return json_response({"collection": name, "rows": rows})


@router.get("/stats", response_model=Stats)
async def stats(request: Request, collection: Collection = None) -> Response:
    """Figures of a collection, and of this process's caches."""
    house = house_of(request)
    live = house.chosen(collection)
    figures = await house.pool.do(collection_figures, house.engine, live.collection, live.current)
    since = house.clock() - _LAST_DAY
    recent = await house.pool.do(recent_figures, house.engine, live.collection, since=since)
    return json_response(
        {
            "collection": live.collection,
            **figures,
            "events": {"last_24_hours": recent, "process": house.recorder.figures()},
            "caches": house.cache_figures(),
        }
    )
