"""``loupe feeds``: what is declared, and what a file would give."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.declarations import FeedDeclaration
from orchestration.cli.session import Session, print_json, session_of

if TYPE_CHECKING:
    from catalog.checking import CheckReport

MOST_REMARKS = 12

app = typer.Typer(help="Declared feeds, and what a feed file would give.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_feeds(context: typer.Context, as_json: AsJson = False) -> None:
    """List every declared feed with the state of its last check."""
    from catalog.accounting import books
    from catalog.http import shown
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
                    "location": shown(declaration.location),
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
        table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
    session.console.print(table)


@app.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A feed file; nothing is stored.")],
    feed: Annotated[
        str | None,
        typer.Option(help="Read it as this declared feed (feed, or collection.feed); default: guess."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a file without storing anything: accepted, rejected with reasons, remarks.

    Exits with 1 when a row was rejected or the file is damaged.
    """
    from catalog.checking import check_file
    from orchestration.resources import pseudonyms

    session = session_of(context)
    declared = _declared(session, feed) if feed else None
    report = check_file(file, declared, pseudonyms(session.settings))
    if as_json:
        print_json({**asdict(report), "declaration": report.declaration.model_dump(mode="json")})
    else:
        _print(session.console, report)
    if not report.good:
        raise typer.Exit(code=1)


@app.command("release")
def release_held(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(help="Its name: feed, or collection.feed.")],
    as_json: AsJson = False,
) -> None:
    """Let a held delivery be read after all: the next run takes it in as it is."""
    from catalog.deliveries import release
    from orchestration.resources import engine_for

    session = session_of(context)
    collection, _, name = feed.rpartition(".")
    collection = collection or session.settings.collection
    declaration = session.settings.feed(collection, name)
    released = release(engine_for(session.settings.database_url), collection, declaration.name)
    if as_json:
        print_json({"feed": f"{collection}.{name}", "released": released})
    elif released:
        session.console.print(f"[green]released: the next run reads it[/green] (`loupe run -c {collection}`)")
    else:
        session.console.print(f"{collection}.{name} has no held delivery")


@app.command("unmapped")
def unmapped(
    context: typer.Context,
    feed: Annotated[str | None, typer.Argument(help="feed, or collection.feed; default: every feed.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many values of each feed to print.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what live listings state that maps to nothing in our vocabulary, the most frequent first."""
    from catalog.unmapped import unmapped_values
    from orchestration.resources import engine_for

    session = session_of(context)
    engine = engine_for(session.settings.database_url)
    found = [
        {"collection": collection, **asdict(one)}
        for collection, declaration in _asked_for(session, feed)
        for one in unmapped_values(engine, collection, declaration)[: None if as_json else top]
    ]
    if as_json:
        print_json(found)
        return
    if not found:
        session.console.print("every value that live listings state maps to our vocabulary")
        return
    table = Table(box=None, header_style="dim")
    for heading in ("feed", "field", "value", "count", "example"):
        table.add_column(heading)
    for row in found:
        cells = (
            f"{row['collection']}.{row['feed']}",
            row["field"],
            row["value"],
            row["count"],
            row["example"],
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    session.console.print(table)


def _asked_for(session: Session, name: str | None) -> list[tuple[str, FeedDeclaration]]:
    if name is None:
        return [(one, feed) for one, held in session.settings.collections.items() for feed in held.feeds]
    collection, _, _feed = name.rpartition(".")
    return [(collection or session.settings.collection, _declared(session, name))]


def _declared(session: Session, name: str) -> FeedDeclaration:
    collection, _, feed = name.rpartition(".")
    return session.settings.feed(collection or session.settings.collection, feed)


def _print(console: Console, report: "CheckReport") -> None:
    declaration = report.declaration
    console.print(
        f"{report.path} read as {declaration.format}: [green]{report.accepted} accepted[/green], "
        f"{report.rejected} rejected, {report.without_images} without pictures, "
        f"{report.without_price} without price",
        soft_wrap=True,
    )
    if declaration.mapping:
        pairs = ", ".join(f"{ours}: {theirs}" for ours, theirs in declaration.mapping.items())
        console.print(f"  mapping {pairs}", soft_wrap=True, markup=False)
    for summary in report.rejects:
        console.print(f"  [red]{summary.count} {summary.reason}[/red]", soft_wrap=True)
        for example in summary.examples:
            console.print(f"    {example.place}: {example.message}", soft_wrap=True, markup=False)
    for remark in report.remarks[:MOST_REMARKS]:
        line = f"  {remark.count} x {remark.message} (first: {remark.first_place})"
        console.print(line, soft_wrap=True, markup=False)
    if len(report.remarks) > MOST_REMARKS:
        console.print(f"  and {len(report.remarks) - MOST_REMARKS} more kinds of remarks: see --json")
    if report.damage:
        line = f"  damaged at {report.damage.place}: {report.damage.message}"
        console.print(line, style="red", soft_wrap=True, markup=False)
