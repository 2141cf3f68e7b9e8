"""Addresses of the admin pages, below ``/admin``: all of them need a key of scope ``admin``.

Every change is a form's POST, so that the pages work without JavaScript.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from catalog.events.daily_quality import read_search_quality
from index_builds.promotion import rollback
from index_builds.tier_records import record_tiers
from serving.admin import admission, review_pages
from serving.admin.admission import Chosen, back, for_admins
from serving.admin.feed_pages import read_feeds, release_held
from serving.admin.reviewing import read_queue
from serving.admin.snapshot_pages import read_report, read_snapshots
from serving.errors import QueryError
from serving.guards.access import client_of, paced
from serving.house import ServedHouse
from serving.pages.rendering import page

_DAYS = 30

# Addresses are written out: an included route reports its own path to metrics, without a prefix from outside.
router = APIRouter(include_in_schema=False, dependencies=[Depends(paced)])
router.include_router(admission.router)
router.include_router(review_pages.router)


@router.get("/admin")
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

    return await for_admins(request, collection, show)


@router.get("/admin/snapshots")
async def snapshots(request: Request, collection: str | None = None, done: str | None = None) -> Response:
    """Every snapshot, where the pointer has been, and the way back."""

    async def show(house: ServedHouse, name: str) -> Response:
        listed = await house.pool.do(read_snapshots, house.store, name)
        values = {"listed": listed, "done": done, "state": house.live[name].status()}
        return page(request, "admin/snapshots.html", values, collection=collection)

    return await for_admins(request, collection, show)


@router.get("/admin/snapshots/{snapshot_id}")
async def snapshot(request: Request, snapshot_id: str, collection: str | None = None) -> Response:
    """One snapshot and its gate report."""

    async def show(house: ServedHouse, name: str) -> Response:
        report = await house.pool.do(read_report, house.store, name, snapshot_id)
        return page(request, "admin/snapshot.html", {"report": report}, collection=collection)

    return await for_admins(request, collection, show)


@router.post("/admin/rollback")
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
            house.follow_now(name)

        await house.pool.do(move)
        return back("/admin/snapshots", collection=collection, done=to)

    return await for_admins(request, collection, show)


@router.get("/admin/feeds")
async def feeds(request: Request, collection: str | None = None, done: str | None = None) -> Response:
    """What every feed holds, and the deliveries that wait for a person."""

    async def show(house: ServedHouse, name: str) -> Response:
        rows = await house.pool.do(read_feeds, house.engine, name, house.feeds.get(name, ()))
        return page(request, "admin/feeds.html", {"rows": rows, "done": done}, collection=collection)

    return await for_admins(request, collection, show)


@router.post("/admin/feeds/{feed}/release")
async def release_delivery(
    request: Request, feed: str, name: Annotated[str, Form()], collection: Chosen = None
) -> Response:
    """Let a held delivery be read as it is by the next run."""

    async def show(house: ServedHouse, chosen: str) -> Response:
        declared = house.feeds.get(chosen, ())
        await house.pool.do(release_held, house.engine, chosen, declared, feed=feed, name=name)
        return back("/admin/feeds", collection=collection, done=f"{feed}: {name}")

    return await for_admins(request, collection, show)


@router.get("/admin/quality")
async def quality(request: Request, collection: str | None = None) -> Response:
    """How good searches were, by day, kind and snapshot."""

    async def show(house: ServedHouse, name: str) -> Response:
        days = await house.pool.do(read_search_quality, house.engine, name, days=_DAYS)
        return page(request, "admin/quality.html", {"days": days, "most": _DAYS}, collection=collection)

    return await for_admins(request, collection, show)
