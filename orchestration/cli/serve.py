"""``loupe serve``: answer searches over HTTP."""

import os
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from orchestration.cli.session import session_of
from orchestration.settings import CONFIG_VARIABLE, PREFIX, find_settings

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own
SHARED_VARIABLE = f"{PREFIX}SERVING__SHARED_FOLDER"


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

    from serving.guards.slow_headers import PromptHeaders
    from serving.observing.logs import logging_config
    from serving.worker_processes import WorkerProcesses

    session = session_of(context)
    settings = session.settings
    # Worker processes read the settings themselves, so they are told which were meant.
    os.environ[CONFIG_VARIABLE] = str(find_settings(session.config).resolve())
    config = uvicorn.Config(
        "orchestration.served:build_app",
        factory=True,
        host=host or settings.serving.host,
        port=settings.serving.port if port is None else port,
        workers=workers or settings.serving.workers,
        http=PromptHeaders,
        log_level=settings.log_level,
        log_config=logging_config(settings.serving.logs, settings.log_level),
        access_log=False,  # RequestLog writes a line of its own
        proxy_headers=False,  # serving.access says whose are believed
        timeout_graceful_shutdown=30,
        timeout_worker_healthcheck=30,  # a worker that opens a large snapshot may be silent for seconds
    )
    if config.workers == 1:
        server = uvicorn.Server(config)
        server.run()
        if not server.started:
            raise typer.Exit(code=3)
        return
    with TemporaryDirectory(prefix="loupe-serve-") as shared:
        os.environ[METRICS_VARIABLE] = shared  # what the workers count in, together
        os.environ[SHARED_VARIABLE] = shared
        WorkerProcesses(config, [config.bind_socket()]).run()
