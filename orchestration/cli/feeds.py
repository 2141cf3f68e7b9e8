"""``loupe feeds``: what is declared, and what a file would give."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from orchestration.cli.session import Session, print_json, session_of
from orchestration.settings import SettingsError

app = typer.Typer(help="Declared feeds, and what a feed file would give.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_feeds(context: typer.Context, as_json: AsJson = False) -> None:
    """List every declared feed with the state of its last check."""
    from catalog.accounting import books
    from orchestration.resources import engine_for

    session = session_of(context)
    settings = session.settings
    rows = []
    for collection, values in settings.collections.items():
        held = books(engine_for(settings.database_url), collection, values.feeds)
        for declaration, feed in zip(values.feeds, held.feeds, strict=True):
            rows.append(
                {
                    "collection": collection,
                    "feed": declaration.name,
                    "kind": declaration.kind,
                    "format": declaration.format,
                    "location": declaration.location,
                    "deliveries": feed.deliveries,
                    "live": feed.live,
                    "error": feed.error,
                }
            )
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="dim")
    for heading in rows[0]:
        table.add_column(heading)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    session.console.print(table)


@app.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A feed file; nothing is stored.")],
    feed: Annotated[
        str | None, typer.Option(help="Read it as this declared feed (feed, or collection.feed); default: guess.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a file without storing anything: accepted, rejected with reasons, remarks.

    Exits with 1 when a row was rejected or the file is damaged.
    """
    from catalog.checking import check_file, guess_declaration

    session = session_of(context)
    if not file.is_file():
        message = f"there is no file {file}: name a feed file"
        raise SettingsError(message)
    declaration = _declared(session, feed) if feed else guess_declaration(file)
    report = check_file(file, declaration)
    if as_json:
        print_json({"file": str(file), "format": declaration.format, **asdict(report)})
    else:
        _print(session, file, declaration.format, report)
    if report.rejected or report.damage:
        raise typer.Exit(code=1)


def _declared(session: Session, name: str):  # noqa: ANN202 - a FeedDeclaration
    collection, _, feed = name.rpartition(".")
    return session.settings.feed(collection or session.settings.collection, feed)


def _print(session: Session, file: Path, form: str, report) -> None:  # noqa: ANN001 - catalog.checking.CheckReport
    console = session.console
    console.print(f"{file} read as {form}: {report.accepted} accepted, {report.rejected} rejected")
