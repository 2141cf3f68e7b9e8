"""``loupe images``: pictures that could not be fetched."""

from typing import Annotated

import typer

from orchestration.cli.session import print_json, session_of

app = typer.Typer(help="Pictures that could not be fetched.", no_args_is_help=True)


@app.command("retry")
def retry(
    context: typer.Context,
    collection: Annotated[str | None, typer.Option("--collection", "-c")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Let every failed picture of a collection be fetched again by the next run, whatever it failed of."""
    from catalog.image_ledger import retry_failed
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    count = retry_failed(engine_for(session.settings.database_url), name)
    if as_json:
        print_json({"collection": name, "waiting_again": count})
    else:
        session.console.print(f"{count} pictures of {name} wait again: `loupe run -c {name}` fetches them")
