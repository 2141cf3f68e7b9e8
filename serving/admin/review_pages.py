"""Addresses of the review queue, below ``/admin``: a question, its pictures, its answer and the way back."""

from typing import Annotated, get_args

from fastapi import APIRouter, Form, Request, Response

from catalog.decisions import DecisionError, Kind
from catalog.review.queue import decide, undo
from serving.admin.admission import Chosen, back, for_admins
from serving.admin.reviewing import KEYED, read_queue, small_picture
from serving.guards.access import client_of
from serving.house import ServedHouse
from serving.pages.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/admin/review")
async def review(
    request: Request,
    collection: str | None = None,
    kind: str | None = None,
    item: str | None = None,
    done: str | None = None,
) -> Response:
    """One question with its evidence, and what comes next."""

    async def show(house: ServedHouse, name: str) -> Response:
        chosen = _kind_of(kind)
        queue = await house.pool.do(read_queue, house.engine, name, chosen, item)
        values = {"queue": queue, "kind": chosen, "kinds": get_args(Kind), "done": done, "keyed": KEYED}
        return page(request, "admin/review.html", values, collection=collection)

    return await for_admins(request, collection, show)


@router.post("/admin/review/{item_id}")
async def answer_question(
    request: Request,
    item_id: str,
    decision: Annotated[str, Form(max_length=500)],
    why: Annotated[str, Form(max_length=1_000)] = "",
    kind: Chosen = None,
    collection: Chosen = None,
) -> Response:
    """Record a decision, and go on to the next question."""

    async def show(house: ServedHouse, name: str) -> Response:
        shown = _kind_of(kind)
        await house.pool.do(
            decide,
            house.engine,
            name,
            item_id,
            decision,
            who=client_of(request).name,
            why=why.strip() or "looked at on the review page",
            decided_at=house.clock(),
        )
        return back("/admin/review", collection=collection, kind=shown, done=item_id)

    return await for_admins(request, collection, show)


@router.post("/admin/review/{item_id}/undo")
async def take_back(
    request: Request, item_id: str, kind: Chosen = None, collection: Chosen = None
) -> Response:
    """Take a decision back, and show its question again."""

    async def show(house: ServedHouse, name: str) -> Response:
        shown = _kind_of(kind)
        await house.pool.do(
            undo,
            house.engine,
            name,
            item_id,
            who=client_of(request).name,
            why="taken back on the review page",
            decided_at=house.clock(),
        )
        return back("/admin/review", collection=collection, kind=shown, item=item_id)

    return await for_admins(request, collection, show)


@router.get("/admin/pictures/{image_id}")
async def picture(request: Request, image_id: str) -> Response:
    """A small picture of the queue, whatever its verdict."""

    async def show(house: ServedHouse, _name: str) -> Response:
        data = await house.pool.do(small_picture, house.engine, house.objects, list(house.labels), image_id)
        return Response(data, media_type="image/webp", headers={"x-content-type-options": "nosniff"})

    return await for_admins(request, None, show)


def _kind_of(given: str | None) -> Kind | None:
    if not given:
        return None
    known: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    if given not in known:
        message = f"there are no questions of kind {given!r}: there are {', '.join(known)}"
        raise DecisionError(message)
    return known[given]
