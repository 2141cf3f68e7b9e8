"""``loupe serve``: answer searches over HTTP."""

import os
from typing import Annotated

import typer

from orchestration.cli.session import session_of
from orchestration.settings import CONFIG_VARIABLE, find_settings


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: serving.host.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 takes a free one. Default: serving.port.", min=0, max=65535)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: serving.workers.", min=1, max=64)
    ] = None,
) -> None:
    """Serve what is promoted: the API under /v1, its description under /docs."""
    import uvicorn

    session = session_of(context)
    settings = session.settings
    # Worker processes read the settings themselves, so they are told which were meant.
    os.environ[CONFIG_VARIABLE] = str(find_settings(session.config).resolve())
    uvicorn.run(
        "orchestration.served:build_app",
        factory=True,
        host=host or settings.serving.host,
        port=settings.serving.port if port is None else port,
        workers=workers or settings.serving.workers,
        log_level=settings.log_level,
        access_log=False,
        timeout_graceful_shutdown=30,
    )
