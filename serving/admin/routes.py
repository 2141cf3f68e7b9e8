"""Addresses of the admin pages, below ``/admin``: all of them need a key of scope ``admin``.

Every change is a form's POST, so that the pages work without JavaScript; a browser sends the key's cookie
with this site's own requests only, and a request made for another site's page counts as nobody's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog.decisions import DecisionError, Kind
from catalog.errors import CatalogError
from catalog.events.daily_quality import read_search_quality
from catalog.review.queue import decide, undo
from index_builds.errors import PromotionConflictError, RollbackError
from index_builds.promotion import rollback
from index_builds.tier_records import record_tiers
from serving.admin.feed_pages import read_feeds, release_held
from serving.admin.reviewing import KEYED, read_queue, small_picture
from serving.admin.snapshot_pages import read_report, read_snapshots
from serving.api.asking import house_of
from serving.errors import ForbiddenError, QueryError, UnauthenticatedError
from serving.guards.access import KEY_COOKIE, Access, client_of, paced
from serving.guards.keys import ApiKey
from serving.house import ServedHouse
from serving.pages.rendering import page, shown

_DAYS = 30
_COOKIE_SECONDS = 12 * 3_600

router = APIRouter(prefix="/admin", include_in_schema=False, dependencies=[Depends(paced)])

Show = Callable[[ServedHouse, str], Awaitable[Response]]
Chosen = Annotated[str | None, Form()]


async def _for_admins(request: Request, collection: str | None, show: Show) -> Response:
    """Return a page for who may administer; for anybody else the place to give a key, or the refusal."""

    async def admitted() -> Response:
        access: Access = request.app.state.access
        try:
            access.allow(client_of(request), "admin")
        except UnauthenticatedError as error:
            return page(
                request,
                "admin/key.html",
                {"refused": str(error) if request.cookies.get(KEY_COOKIE) else None, "to": request.url.path},
                collection=collection,
                status=401,
            )
        house = house_of(request)
        try:
            answer = await show(house, house.chosen(collection).collection)
        except (CatalogError, RollbackError, PromotionConflictError) as error:
            raise QueryError(str(error)) from error
        answer.headers["cache-control"] = "no-store"
        return answer

    return await shown(request, admitted)


@router.get("")
async def overview(request: Request, collection: str | None = None) -> Response:
    """What waits, in one place."""

    async def show(house: ServedHouse, name: str) -> Response:
        queue = await house.pool.do(read_queue, house.engine, name, None, None)
        feeds = await house.pool.do(read_feeds, house.engine, name, house.feeds.get(name, ()))
        snapshots = await house.pool.do(read_snapshots, house.store, name)
        return page(
            request,
            "admin/overview.html",
            {
                "waiting": queue.by_kind,
                "held_deliveries": sum(len(row.held) for row in feeds),
                "pointer": snapshots.pointer,
                "newest": snapshots.rows[0].entry if snapshots.rows else None,
                "state": house.live[name].status(),
                "collections": house.labels,
                "name": name,
            },
            collection=collection,
        )

    return await _for_admins(request, collection, show)


@router.post("/key")
async def take_key(
    request: Request, key: Annotated[str, Form()], to: Annotated[str, Form()] = ""
) -> Response:
    """Keep a key in a cookie that this site's own pages send, for half a day."""

    async def show() -> Response:
        proven = house_of(request).keys.proven(key.strip()) if ApiKey.parse(key.strip()) else None
        if proven is None:
            message = "the key is unknown, revoked or past its end: `loupe keys add --scope admin` makes one"
            raise UnauthenticatedError(message)
        if "admin" not in proven.scopes:
            message = f"the key of {proven.client} is for {', '.join(sorted(proven.scopes))}: it needs admin"
            raise ForbiddenError(message, scope="admin")
        answer = RedirectResponse(to if to.startswith("/admin") else "/admin", status_code=303)
        answer.set_cookie(
            KEY_COOKIE,
            key.strip(),
            max_age=_COOKIE_SECONDS,
            path="/admin",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    return await shown(request, show)


@router.post("/leave")
async def leave() -> Response:
    """Forget the key."""
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(KEY_COOKIE, path="/admin")
    return answer


@router.get("/review")
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

    return await _for_admins(request, collection, show)


@router.post("/review/{item_id}")
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
        return _back("/admin/review", collection=collection, kind=_kind_of(kind), done=item_id)

    return await _for_admins(request, collection, show)


@router.post("/review/{item_id}/undo")
async def take_back(
    request: Request, item_id: str, kind: Chosen = None, collection: Chosen = None
) -> Response:
    """Take a decision back, and show its question again."""

    async def show(house: ServedHouse, name: str) -> Response:
        await house.pool.do(
            undo,
            house.engine,
            name,
            item_id,
            who=client_of(request).name,
            why="taken back on the review page",
            decided_at=house.clock(),
        )
        return _back("/admin/review", collection=collection, kind=_kind_of(kind), item=item_id)

    return await _for_admins(request, collection, show)


@router.get("/pictures/{image_id}")
async def picture(request: Request, image_id: str) -> Response:
    """A small picture of the queue, whatever its verdict."""

    async def show(house: ServedHouse, _name: str) -> Response:
        data = await house.pool.do(small_picture, house.engine, house.objects, list(house.labels), image_id)
        return Response(data, media_type="image/webp", headers={"x-content-type-options": "nosniff"})

    return await _for_admins(request, None, show)


@router.get("/snapshots")
async def snapshots(request: Request, collection: str | None = None, done: str | None = None) -> Response:
    """Every snapshot, where the pointer has been, and the way back."""

    async def show(house: ServedHouse, name: str) -> Response:
        listed = await house.pool.do(read_snapshots, house.store, name)
        values = {"listed": listed, "done": done, "state": house.live[name].status()}
        return page(request, "admin/snapshots.html", values, collection=collection)

    return await _for_admins(request, collection, show)


@router.get("/snapshots/{snapshot_id}")
async def snapshot(request: Request, snapshot_id: str, collection: str | None = None) -> Response:
    """One snapshot and its gate report."""

    async def show(house: ServedHouse, name: str) -> Response:
        report = await house.pool.do(read_report, house.store, name, snapshot_id)
        return page(request, "admin/snapshot.html", {"report": report}, collection=collection)

    return await _for_admins(request, collection, show)


@router.post("/rollback")
async def go_back(
    request: Request,
    to: Annotated[str, Form()],
    version: Annotated[int, Form()],
    why: Annotated[str, Form(max_length=1_000)] = "",
    collection: Chosen = None,
) -> Response:
    """Move the pointer back to a snapshot that was promoted before, and serve it."""

    async def show(house: ServedHouse, name: str) -> Response:
        if not why.strip():
            message = "no reason is given: say why, for the record"
            raise QueryError(message)

        def move() -> None:
            rollback(
                house.store,
                name,
                to=to,
                actor=client_of(request).name,
                moved_at=house.clock(),
                reason=why.strip(),
                expected_pointer_version=version,
            )
            record_tiers(house.store, name)
            house.live[name].refresh()

        await house.pool.do(move)
        return _back("/admin/snapshots", collection=collection, done=to)

    return await _for_admins(request, collection, show)


@router.get("/feeds")
async def feeds(request: Request, collection: str | None = None, done: str | None = None) -> Response:
    """What every feed holds, and the deliveries that wait for a person."""

    async def show(house: ServedHouse, name: str) -> Response:
        rows = await house.pool.do(read_feeds, house.engine, name, house.feeds.get(name, ()))
        return page(request, "admin/feeds.html", {"rows": rows, "done": done}, collection=collection)

    return await _for_admins(request, collection, show)


@router.post("/feeds/{feed}/release")
async def release_delivery(
    request: Request, feed: str, name: Annotated[str, Form()], collection: Chosen = None
) -> Response:
    """Let a held delivery be read as it is by the next run."""

    async def show(house: ServedHouse, chosen: str) -> Response:
        declared = house.feeds.get(chosen, ())
        await house.pool.do(release_held, house.engine, chosen, declared, feed=feed, name=name)
        return _back("/admin/feeds", collection=collection, done=f"{feed}: {name}")

    return await _for_admins(request, collection, show)


@router.get("/quality")
async def quality(request: Request, collection: str | None = None) -> Response:
    """How good searches were, by day, kind and snapshot."""

    async def show(house: ServedHouse, name: str) -> Response:
        days = await house.pool.do(read_search_quality, house.engine, name, days=_DAYS)
        return page(request, "admin/quality.html", {"days": days, "most": _DAYS}, collection=collection)

    return await _for_admins(request, collection, show)


def _kind_of(given: str | None) -> Kind | None:
    if not given:
        return None
    known: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    if given not in known:
        message = f"there are no questions of kind {given!r}: there are {', '.join(known)}"
        raise DecisionError(message)
    return known[given]


def _back(path: str, **stated: Any) -> Response:
    kept = {name: value for name, value in stated.items() if value}
    return RedirectResponse(f"{path}?{urlencode(kept)}" if kept else path, status_code=303)
