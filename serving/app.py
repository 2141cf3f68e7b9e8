"""The application: routers, error handlers, and a life that follows the promoted snapshots."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from serving.api import browse, events, metrics, pictures, pieces, search, status
from serving.body_limit import BodyLimit
from serving.events.unrecorded import Unrecorded
from serving.guards.access import Access, Admission, paced, requires
from serving.guards.pacing import Pacing
from serving.house import ServedHouse
from serving.observing.house_watch import HouseWatch
from serving.observing.requests import RequestFigures
from serving.pages import rendering
from serving.pages import routes as pages
from serving.problems import handle_problems
from serving.settings import ServingSettings

# Python's own 5 ms let one search keep the event loop, and every other request, waiting several times over.
_SWITCH_SECONDS = 0.0005


def create_app(house: ServedHouse, settings: ServingSettings) -> FastAPI:
    """Return the application that serves a house.

    It is ready to take requests when every pointer has been looked at once.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        sys.setswitchinterval(_SWITCH_SECONDS)
        await asyncio.to_thread(house.refresh)
        house.follow()
        watching = asyncio.create_task(app.state.watch.run())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await asyncio.to_thread(house.stop)

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
    if "*" not in settings.allowed_hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts))
    app.add_middleware(Unrecorded)
    app.add_middleware(BodyLimit, most_bytes=settings.largest_body_bytes)
    app.add_middleware(Admission, access=app.state.access)
    app.add_middleware(RequestFigures, metrics=house.metrics)
    handle_problems(app)
    rendering.show_problems(app)
    for part in (search, pieces, browse):
        app.include_router(part.router, dependencies=[requires("search")])
    app.include_router(events.router, dependencies=[requires("events")])
    app.include_router(metrics.router, dependencies=[requires("metrics")])
    for part in (pictures, status):  # pictures of what is for sale, and what a load balancer asks
        app.include_router(part.router)
    app.include_router(pages.router, dependencies=[Depends(paced)])
    app.mount("/static", StaticFiles(directory=rendering.FOLDER / "static"), name="static")
    return app
