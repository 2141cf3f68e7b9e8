"""The ``loupe`` command: its options, its subcommands, and how its errors look."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import (
    events,
    feeds,
    images,
    keys,
    reembed,
    review,
    run,
    sample,
    search,
    serve,
    snapshots,
)
from orchestration.cli.session import Session

app = typer.Typer(
    help="Turn jewelry feeds into visual-search indexes that have earned their place.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(feeds.app, name="feeds")
app.add_typer(images.app, name="images")
app.add_typer(events.app, name="events")
app.add_typer(review.app, name="review")
app.add_typer(snapshots.app, name="snapshots")
app.add_typer(keys.app, name="keys")
app.command("demo")(run.demo)
app.command("sample")(sample.sample)
app.command("run")(run.run)
app.command("status")(run.status)
app.command("dev")(run.dev)
app.command("reembed")(reembed.reembed)
app.command("search")(search.search)
app.command("serve")(serve.serve)


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; default: loupe.yaml here or above.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options of every command."""
    context.obj = Session(config=config, debug=debug)


def main() -> None:
    """Run the command; an expected error is one line on standard error and exit status 2."""
    debug = "--debug" in sys.argv
    try:
        app()
    except Exception as error:
        if debug or not _expected(error):
            raise
        for line in str(error).splitlines():
            typer.secho(f"loupe: {line}", fg="red", err=True)
        sys.exit(2)


def _expected(error: Exception) -> bool:
    """Whether an error is one of ours, written for whoever reads it."""
    from catalog.errors import CatalogError
    from index_builds.errors import IndexBuildError
    from orchestration.settings import SettingsError
    from sample_feeds.house import SampleHouseError
    from serving.errors import ServingError
    from storage.database import DatabaseError
    from storage.objects import ObjectStoreError
    from vision.errors import VisionError

    families = (
        CatalogError,
        IndexBuildError,
        SettingsError,
        DatabaseError,
        ObjectStoreError,
        SampleHouseError,
        ServingError,
        VisionError,
    )
    return isinstance(error, families)


if __name__ == "__main__":
    main()
