"""The pages' addresses: search and browse at ``/``, a picture at ``/look``, a piece at ``/p/{id}``.

Everything works without JavaScript; what a search needs stands in its address.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import ValidationError

from serving.api.asking import house_of
from serving.api.search import read_pictures
from serving.asking import Asked, ask, facets_of, newest
from serving.encoding import AskedPicture
from serving.errors import QueryError, ServingError
from serving.events.unrecorded import is_recorded
from serving.house import ServedHouse
from serving.pages import showing
from serving.pages.question import FILTERS, PageQuestion, address_of, amounts_of, read_question
from serving.piece_details import piece_forwarded, read_offers, read_piece, read_price_history
from serving.problems import problem_document

FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FACETS_SHOWN = 12
_SIMILAR_SHOWN = 12
_PICTURE_HITS = 48  # a picture is not kept, so there is no second page

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(directory=FOLDER / "templates")
_templates.env.filters |= {"words": showing.words, "field_name": showing.name_of}
_templates.env.globals |= {"money": showing.money, "fact": showing.fact, "address_of": address_of}


@router.get("/")
async def search(request: Request) -> Response:
    """What words, a piece or nothing finds."""

    async def show() -> Response:
        asked = read_question(request.query_params.multi_items())
        document = await _found(house_of(request), asked)
        return await _results(request, asked, document)

    return await _shown(request, show)


@router.post("/look")
async def look(request: Request, picture: Annotated[UploadFile, File()]) -> Response:
    """What looks like a picture that was sent; it is kept nowhere."""

    async def show() -> Response:
        house = house_of(request)
        (data,) = await read_pictures([picture], house.settings)
        if not data:
            message = "no picture was chosen: choose a file, or drop one on the page"
            raise QueryError(message)
        asked = read_question([])
        answer = await ask(
            house,
            Asked(pictures=(AskedPicture(data=data, crop=None),)),
            asked.shape(),
            collection=None,
            limit=min(_PICTURE_HITS, house.settings.largest_page),
            cursor=None,
        )
        return await _results(request, asked, {**_plain(answer), "next_cursor": None}, by_picture=True)

    return await _shown(request, show)


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
        offers = await house.pool.do(read_offers, house.engine, name, piece_id)
        history = await house.pool.do(read_price_history, house.engine, name, piece_id)
        if is_recorded():
            house.recorder.view(name, piece_id)
        return _page(
            request,
            "piece.html",
            {
                "piece": document,
                "offers": offers,
                "history": history,
                "similar": await _similar(house, piece_id, name),
                "collection": collection or "",
            },
        )

    return await _shown(request, show)


async def _found(house: ServedHouse, asked: PageQuestion) -> dict[str, Any]:
    shape = asked.shape()
    if asked.q or asked.like:
        question = Asked(words=(asked.q,) if asked.q else (), liked=(asked.like,) if asked.like else ())
        return _plain(
            await ask(
                house,
                question,
                shape,
                collection=asked.collection,
                limit=asked.page_size(house.settings),
                cursor=asked.cursor,
            )
        )
    return _plain(
        await newest(
            house,
            shape,
            collection=asked.collection,
            limit=asked.page_size(house.settings),
            cursor=asked.cursor,
        )
    )


async def _similar(house: ServedHouse, piece_id: str, collection: str) -> list[dict[str, Any]]:
    """Return what is like a piece; nothing where no snapshot holds it yet, which is no reason to hide it."""
    try:
        answer = await ask(
            house,
            Asked(liked=(piece_id,)),
            read_question([]).shape(),
            collection=collection,
            limit=_SIMILAR_SHOWN,
            cursor=None,
        )
    except ServingError:
        return []
    found: list[dict[str, Any]] = _plain(answer)["hits"]
    return found


async def _results(
    request: Request, asked: PageQuestion, document: dict[str, Any], *, by_picture: bool = False
) -> Response:
    house = house_of(request)
    with house.chosen(asked.collection).lease(document["snapshot_id"]) as served:
        counted = await facets_of(house, served, asked.where(), asked.shape().tiers, sys.maxsize)
    offered = {
        name: showing.choices(counted["facets"][name], getattr(asked, name) or [], most=_FACETS_SHOWN)
        for name in FILTERS
    }
    return _page(
        request,
        "results.html",
        {
            "asked": asked,
            "amounts": amounts_of(asked),
            "answer": document,
            "facets": {name: values for name, values in offered.items() if values},
            "currencies": sorted({*counted["prices"], *filter(None, [asked.currency])}),
            "pieces": counted["pieces"],
            "collections": house.labels,
            "collection": asked.collection or house.default_collection,
            "by_picture": by_picture,
        },
    )


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its hits read, which answers keep as JSON."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(document))
    for place, hit in enumerate(read["hits"]):
        hit["found_by"] = {"search_id": read["search_id"], "position": read["offset"] + place}
    return read


async def _shown(request: Request, show: Callable[[], Awaitable[Response]]) -> Response:
    """Return a page, or the page that says what was wrong and what to do."""
    try:
        return await show()
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(map(str, first["loc"])) or "the question"
        said = {"status": 422, "title": "The question does not fit", "detail": f"{place}: {first['msg']}"}
    except Exception as error:
        found = problem_document(error, request.url.path)
        if found is None:
            raise
        said = dict(found)
    return _page(request, "problem.html", {"problem": said}, status=int(str(said["status"])))


def _page(request: Request, template: str, values: dict[str, Any], *, status: int = 200) -> Response:
    headers = {
        "content-security-policy": _POLICY,
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return _templates.TemplateResponse(request, template, values, status_code=status, headers=headers)
