"""A piece's address, ``/p/{id}``: pictures, facts and who states them, offers, prices, what is like it."""

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from serving.api.asking import house_of
from serving.asking import Asked, ask
from serving.card_details import complete_cards
from serving.errors import ServingError
from serving.events.unrecorded import is_recorded
from serving.house import ServedHouse
from serving.pages.question import PageQuestion
from serving.pages.rendering import page, plain, shown
from serving.piece_details import piece_forwarded, read_offers, read_piece, read_price_history
from serving.provenance import read_provenance

_SIMILAR_SHOWN = 12
_CHEAPER_SHOWN = 6
_FRAME = "frame_360"
_LEAST_FRAMES = 3  # fewer are pictures like others

router = APIRouter(include_in_schema=False)


@router.get("/p/{piece_id}")
async def piece(request: Request, piece_id: str, collection: str | None = None) -> Response:
    """One piece: pictures, facts and who states them, offers, prices over time, what is like it."""

    async def show() -> Response:
        house = house_of(request)
        name = house.chosen(collection).collection
        moved = await house.pool.do(piece_forwarded, house.engine, name, piece_id)
        if moved is not None:
            kept = f"?{urlencode({'collection': collection})}" if collection else ""
            # Not by the route's name: the API has a route of that name, and comes first.
            return RedirectResponse(f"/p/{quote(moved, safe='')}{kept}", status_code=308)
        document = await house.pool.do(read_piece, house.engine, name, piece_id)
        listings = await house.pool.do(read_provenance, house.engine, name, piece_id)
        shops = {one["listing_id"] for one in listings if one["kind"] != "community"}
        offers = [
            offer
            for offer in await house.pool.do(read_offers, house.engine, name, piece_id)
            if offer["listing_id"] in shops
        ]
        if is_recorded():
            house.recorder.view(name, piece_id)
        best = _best(offers)
        spans = await house.pool.do(read_price_history, house.engine, name, piece_id)
        priced = any(span["price_minor"] is not None for one in spans for span in one["spans"])
        similar = await _like(house, name, PageQuestion(like=[piece_id], limit=_SIMILAR_SHOWN))
        asked_cheaper = _cheaper(piece_id, best, document, collection)
        cheaper_hits = [] if asked_cheaper is None else await _like(house, name, asked_cheaper)
        frames = [one for one in document["pictures"] if one["role"] == _FRAME]
        turns = frames if len(frames) >= _LEAST_FRAMES else []
        return page(
            request,
            "piece.html",
            {
                "piece": document,
                "pictures": [one for one in document["pictures"] if one not in turns],
                "frames": turns,
                "offers": offers,
                "best": best,
                "history": spans if priced else [],
                "listings": listings,
                "similar": similar,
                "cheaper": cheaper_hits,
                "cheaper_asked": asked_cheaper,
                "files": await complete_cards(house, name, [hit["piece"] for hit in similar + cheaper_hits]),
            },
            collection=collection,
        )

    return await shown(request, show)


def _best(offers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the offer to name first: in stock, in the currency of most offers, the cheapest."""
    priced = [one for one in offers if one["price_minor"] is not None and one["withdrawn_at"] is None]
    held = [one for one in priced if one["availability"] == "in_stock"] or priced
    counts = {one["currency"]: 0 for one in held}
    for one in held:
        counts[one["currency"]] += 1
    return min(
        held,
        key=lambda one: (-counts[one["currency"]], one["currency"], one["price_minor"]),
        default=None,
    )


def _cheaper(
    piece_id: str, best: dict[str, Any] | None, document: dict[str, Any], collection: str | None
) -> PageQuestion | None:
    """Return the question for what is like a piece and costs less; None where it has no price."""
    if best is None or best["price_minor"] < 1:
        return None
    category = document["facts"].get("category")
    return PageQuestion(
        like=[piece_id],
        category=None if category is None else [category["value"]],
        currency=best["currency"],
        price_max_minor=best["price_minor"] - 1,
        availability=["in_stock"],
        collection=collection,
        limit=_CHEAPER_SHOWN,
    )


async def _like(house: ServedHouse, collection: str, asked: PageQuestion) -> list[dict[str, Any]]:
    """Return what is like a piece; nothing where no snapshot holds it yet, which is no reason to hide it."""
    question = Asked(liked=tuple(asked.like))
    try:
        answer = await ask(
            house, question, asked.shape(), collection=collection, limit=asked.limit, cursor=None
        )
    except ServingError:
        return []
    found: list[dict[str, Any]] = plain(answer)["hits"]
    return found
