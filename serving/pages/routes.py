"""The search's addresses: words, pieces or nothing at ``/``, a picture at ``/look``.

Everything works without JavaScript; what a search needs stands in its address, a picture excepted.
"""

import sys
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from serving.api.asking import house_of
from serving.api.search import read_pictures
from serving.asking import ask, facets_of, newest
from serving.card_details import complete_cards
from serving.encoding import AskedPicture
from serving.errors import QueryError
from serving.facets import usual_currency
from serving.house import ServedHouse
from serving.pages import browse_pages, piece_page, showing
from serving.pages.asked_picture import EDGES, bytes_of, copy_of, crop_of
from serving.pages.question import (
    CHANNELS,
    FILTERS,
    PageQuestion,
    address_of,
    is_tidy,
    read_question,
)
from serving.pages.rendering import page, plain, shown

_FACETS_SHOWN = 12
_PICTURE_HITS = 48  # a picture is not kept, so there is no second page
_LARGEST_FIELD_BYTES = 4_000_000  # the copy of a picture goes along in a form

router = APIRouter(include_in_schema=False)
router.include_router(piece_page.router)
router.include_router(browse_pages.router)


@router.get("/")
async def search(request: Request) -> Response:
    """What words, pieces or nothing finds."""

    async def show() -> Response:
        house, pairs = house_of(request), request.query_params.multi_items()
        asked = read_question(pairs, lambda name: _usual_currency(house, name))
        if not is_tidy(pairs, asked):
            return RedirectResponse(address_of(asked), status_code=303)
        return await _results(request, asked, await _found(house, asked))

    return await shown(request, show)


@router.post("/look")
async def look(request: Request) -> Response:
    """What looks like a picture that was sent; it is kept nowhere."""

    async def show() -> Response:
        house = house_of(request)
        async with request.form(max_files=2, max_part_size=_LARGEST_FIELD_BYTES) as form:
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            asked = read_question(pairs, lambda name: _usual_currency(house, name))
            if ("drop", "picture") in pairs:
                return RedirectResponse(address_of(asked), status_code=303)
            data, fresh = await _picture(form, house)
        crop = None if fresh or ("drop", "crop") in pairs else crop_of(dict(pairs))
        answer = await ask(
            house,
            asked.asked(AskedPicture(data=data, crop=crop)),
            asked.shape(),
            collection=asked.collection,
            limit=min(_PICTURE_HITS, house.settings.largest_page),
            cursor=None,
        )
        picture = {
            "copy": await house.pool.do(copy_of, data, most_pixels=house.settings.most_pixels)
            if fresh
            else str(form["copy"]),
            "crop": dict(zip(EDGES, (f"{100 * edge:g}" for edge in crop or (0, 0, 1, 1)), strict=True)),
            "cropped": crop is not None,
        }
        return await _results(request, asked, {**plain(answer), "next_cursor": None}, picture)

    return await shown(request, show)


@router.get("/look")
async def look_again(request: Request) -> Response:
    """A place to choose a picture at: the address of an answer whose picture was kept nowhere."""

    async def show() -> Response:
        return page(request, "look.html", {}, collection=None)

    return await shown(request, show)


async def _picture(form: FormData, house: ServedHouse) -> tuple[bytes, bool]:
    """Return the picture of a form, and whether it was chosen just now, or is the copy that went along."""
    files = [one for one in form.getlist("picture") if isinstance(one, UploadFile) and one.size]
    if files:
        return (await read_pictures(files[:1], house.settings))[0], True
    copy = form.get("copy")
    if isinstance(copy, str) and copy:
        return bytes_of(copy), False
    message = "no picture was chosen: choose a file, or drop one on the page"
    raise QueryError(message)


def _usual_currency(house: ServedHouse, collection: str | None) -> str | None:
    with house.chosen(collection).lease() as served:
        return usual_currency(served)


async def _found(house: ServedHouse, asked: PageQuestion) -> dict[str, Any]:
    limit = asked.page_size(house.settings)
    if asked.browses:
        found = await newest(
            house, asked.shape(), collection=asked.collection, limit=limit, cursor=asked.cursor
        )
    else:
        found = await ask(
            house,
            asked.asked(),
            asked.shape(),
            collection=asked.collection,
            limit=limit,
            cursor=asked.cursor,
        )
    return plain(found)


async def _results(
    request: Request, asked: PageQuestion, document: dict[str, Any], picture: dict[str, Any] | None = None
) -> Response:
    house = house_of(request)
    with house.chosen(asked.collection).lease(document["snapshot_id"]) as served:
        counted = await facets_of(house, served, asked.where(), asked.shape().tiers, sys.maxsize)
        named = {
            piece_id: served.table.card(place, served.table.rows_of(place).tolist())
            for piece_id in (*asked.like, *asked.unlike)
            if (place := served.table.place_of.get(piece_id)) is not None
        }
        channels = [name for name in CHANNELS if name in served.snapshot.channels]
    offered = {
        name: showing.choices(counted["facets"][name], getattr(asked, name) or [], most=_FACETS_SHOWN)
        for name in FILTERS
    }
    cards = [hit["piece"] for hit in document["hits"]] + list(named.values())
    return page(
        request,
        "results.html",
        {
            "asked": asked,
            "answer": document,
            "named": named,
            "files": await complete_cards(house, asked.collection, cards),
            "facets": {name: values for name, values in offered.items() if values},
            "currencies": sorted({*counted["prices"], *filter(None, [asked.currency])}),
            "pieces": counted["pieces"],
            "collections": house.labels,
            "collection": asked.collection or house.default_collection,
            "channels": channels,
            "picture": picture,
        },
        collection=asked.collection,
    )
