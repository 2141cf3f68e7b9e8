"""``/v1/pieces``: one piece, its offers, its prices over time, and what is like it."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine

from serving.api.answers import json_response
from serving.api.asking import Collection, SimilarQuery, house_of
from serving.api.models import Moved, Offers, PieceDocument, PriceHistory, SearchAnswer
from serving.api.search import PROBLEMS
from serving.asking import Asked, ask, document_of
from serving.errors import UnknownThingError
from serving.house import ServedHouse
from serving.neighbour_lists import is_lookup
from serving.piece_details import piece_forwarded, read_offers, read_piece, read_price_history
from serving.queries import Page, Shape, Stopwatch, paging_of

router = APIRouter(
    prefix="/v1/pieces",
    tags=["pieces"],
    responses={**PROBLEMS, 308: {"model": Moved, "description": "Merged into another piece"}},
)
_BY_LIKENESS = {
    "availability": 0.0, "conversion": 0.0, "freshness": 0.0, "popularity": 0.0, "price_fit": 0.0,
    "rating": 0.0,
}  # fmt: skip


@router.get("/{piece_id}", response_model=PieceDocument)
async def piece(request: Request, piece_id: str, collection: Collection = None) -> Response:
    """What is known of a piece: each fact with the listings that state it."""
    return await _read(request, piece_id, collection, read_piece)


@router.get("/{piece_id}/offers", response_model=Offers)
async def offers(request: Request, piece_id: str, collection: Collection = None) -> Response:
    """All sources' prices for the same piece."""

    def read(engine: Engine, name: str, piece: str) -> dict[str, Any]:
        return {"piece_id": piece, "offers": read_offers(engine, name, piece)}

    return await _read(request, piece_id, collection, read)


@router.get("/{piece_id}/price-history", response_model=PriceHistory)
async def price_history(request: Request, piece_id: str, collection: Collection = None) -> Response:
    """What a piece's listings cost, and when."""

    def read(engine: Engine, name: str, piece: str) -> dict[str, Any]:
        return {"piece_id": piece, "listings": read_price_history(engine, name, piece)}

    return await _read(request, piece_id, collection, read)


@router.get("/{piece_id}/similar", response_model=SearchAnswer)
async def similar(request: Request, piece_id: str, asked: SimilarQuery) -> Response:
    """Pieces that look like one, by likeness alone unless ranking is weighed.

    Without filters the answer comes from lists that were worked out when the snapshot was built.
    """
    house = house_of(request)
    limit, shape = asked.page_size(house.settings), asked.shape()
    lookup = is_lookup(shape)
    shape = _by_likeness(shape)
    question = Asked(liked=(piece_id,))
    if lookup:
        found = _looked_up(house, piece_id, question, shape, asked.collection, limit, asked.cursor)
        if found is not None:
            return json_response(found)
    try:
        answer = await ask(
            house, question, shape, collection=asked.collection, limit=limit, cursor=asked.cursor
        )
    except UnknownThingError:
        moved = await _moved(request, house, piece_id, asked.collection)
        if moved is None:
            raise
        return moved
    return json_response(answer)


def _looked_up(
    house: ServedHouse,
    piece_id: str,
    question: Asked,
    shape: Shape,
    collection: str | None,
    limit: int,
    cursor: str | None,
) -> dict[str, Any] | None:
    watch = Stopwatch(house.metrics.of("similar"))
    key = question.key() + shape.key()
    paging = paging_of(cursor, limit, key, most_results=house.settings.most_results)
    with house.chosen(collection).lease(paging.snapshot_id) as served:
        place = served.table.place_of.get(piece_id)
        if place is None:
            return None
        with watch.stage("lookup"):
            page: Page | None = served.neighbour_pages.page(place, paging)
        if page is None:
            return None
        return document_of(house, "similar", served, page, paging, shape, key, watch)


async def _read(
    request: Request,
    piece_id: str,
    collection: str | None,
    read: Callable[[Engine, str, str], dict[str, Any]],
) -> Response:
    house = house_of(request)
    moved = await _moved(request, house, piece_id, collection)
    if moved is not None:
        return moved
    name = house.chosen(collection).collection
    return json_response({"collection": name, **await house.pool.do(read, house.engine, name, piece_id)})


async def _moved(
    request: Request, house: ServedHouse, piece_id: str, collection: str | None
) -> Response | None:
    """Return the redirection of a merged piece; None where it stands for itself.

    Raises:
        UnknownThingError: If there never was such a piece.
    """
    name = house.chosen(collection).collection
    target = await house.pool.do(piece_forwarded, house.engine, name, piece_id)
    if target is None:
        return None
    path = request.url.path.replace(f"/v1/pieces/{piece_id}", f"/v1/pieces/{target}", 1)
    query = f"?{request.url.query}" if request.url.query else ""
    moved = json_response(
        {"collection": name, "piece_id": piece_id, "moved_to": target}, headers={"Location": path + query}
    )
    moved.status_code = 308
    return moved


def _by_likeness(shape: Shape) -> Shape:
    weights = tuple(sorted((_BY_LIKENESS | dict(shape.weights)).items()))
    return Shape(
        where=shape.where,
        tiers=shape.tiers,
        sort=shape.sort,
        currency=shape.currency,
        explain=shape.explain,
        weights=weights,
    )
