"""The application: routers, error handlers, and a life that follows the promoted snapshots."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from serving.api import browse, events, pictures, pieces, search, status
from serving.body_limit import BodyLimit
from serving.events.unrecorded import Unrecorded
from serving.house import ServedHouse
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
    async def life(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - Starlette's
        sys.setswitchinterval(_SWITCH_SECONDS)
        await asyncio.to_thread(house.refresh)
        house.follow()
        try:
            yield
        finally:
            await asyncio.to_thread(house.stop)

    app = FastAPI(
        title="Loupe",
        version="1",
        description="Search pieces of jewelry by words, pictures and likeness, in promoted snapshots.",
        lifespan=life,
    )
    app.state.house = house
    if "*" not in settings.allowed_hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts))
    app.add_middleware(Unrecorded)
    app.add_middleware(BodyLimit, most_bytes=settings.largest_body_bytes)
    handle_problems(app)
    for part in (search, pieces, pictures, browse, events, status):
        app.include_router(part.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"), name="static")
    return app
