"""The application: routers, error handlers, and a life that follows the promoted snapshots."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from serving.admin import routes as admin
from serving.api import browse, events, metrics, pictures, pieces, search, status
from serving.body_limit import BodyLimit
from serving.events.unrecorded import Unrecorded
from serving.garbage import set_aside, take_back
from serving.guards.access import Access, Admission, paced, requires
from serving.guards.hosts import AllowedHosts
from serving.guards.pacing import Pacing
from serving.guards.time_limit import TimeLimit
from serving.house import ServedHouse
from serving.observing.house_watch import HouseWatch
from serving.observing.logs import RequestLog
from serving.observing.requests import RequestFigures
from serving.observing.traces import RequestTraces, Tracing
from serving.pages import opened, rendering
from serving.pages import routes as pages
from serving.problems import handle_problems
from serving.settings import ServingSettings

# Python's own 5 ms let one search keep the event loop, and every other request, waiting several times over.
_SWITCH_SECONDS = 0.0005


def create_app(house: ServedHouse, settings: ServingSettings, *, tracing: Tracing | None = None) -> FastAPI:
    """Return the application that serves a house.

    It is ready to take requests when every pointer has been looked at once.

    Args:
        house: What answers are made of.
        settings: Limits.
        tracing: Where spans go; default: as the settings say.
    """
    if tracing is None and settings.traces is not None:
        tracing = Tracing(settings.traces)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        sys.setswitchinterval(_SWITCH_SECONDS)
        thresholds = gc.get_threshold()
        try:
            await asyncio.to_thread(house.refresh)
            await asyncio.to_thread(set_aside, everything=True)
            house.follow()
            watching = asyncio.create_task(app.state.watch.run())
            try:
                yield
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                await asyncio.to_thread(house.stop)
                if tracing is not None:
                    await asyncio.to_thread(tracing.close)
        finally:
            take_back(thresholds)

    app = FastAPI(
        title="Loupe",
        version="1",
        description="Search pieces of jewelry by words, pictures and likeness, in promoted snapshots.",
        lifespan=life,
    )
    app.state.house = house
    app.state.watch = HouseWatch(house)
    pacing = Pacing(Path(settings.shared_folder) / "callers" if settings.shared_folder else None)
    app.state.access = Access(house.keys, settings.access, pacing, house.metrics)
    app.add_middleware(Unrecorded)
    app.add_middleware(BodyLimit, most_bytes=settings.largest_body_bytes)
    app.add_middleware(Admission, access=app.state.access)
    if "*" not in settings.allowed_hosts:
        app.add_middleware(AllowedHosts, names=settings.allowed_hosts)
    app.add_middleware(
        TimeLimit,
        arrive_seconds=settings.arrive_seconds,
        answer_seconds=settings.answer_seconds,
        metrics=house.metrics,
    )
    if tracing is not None:
        house.metrics.trace_stages(tracing.stage)
        app.add_middleware(RequestTraces, tracing=tracing)
    app.add_middleware(RequestFigures, metrics=house.metrics)
    app.add_middleware(RequestLog, writes=settings.log_requests)  # the last one is met first
    handle_problems(app)
    rendering.show_problems(app)
    for part in (search, pieces, browse):
        app.include_router(part.router, dependencies=[requires("search")])
    app.include_router(events.router, dependencies=[requires("events")])
    app.include_router(metrics.router, dependencies=[requires("metrics")])
    for part in (pictures, status):  # pictures of what is for sale, and what a load balancer asks
        app.include_router(part.router)
    app.include_router(admin.router)
    for part in (pages, opened):
        app.include_router(part.router, dependencies=[Depends(paced)])
    app.mount("/static", StaticFiles(directory=rendering.FOLDER / "static"), name="static")
    return app
