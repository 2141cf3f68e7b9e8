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
                    "held": len(feed.held),
                    "error": feed.error,
                }
            )
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="dim")
    headings = [heading for heading in rows[0] if heading not in ("collection", "location", "error")]
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        name = f"{row['collection']}.{row['feed']}"
        table.add_row(escape(name), *(escape(str(row[heading])) for heading in headings[1:]))
    session.console.print(table)
    # Addresses and reasons are long: below the table they wrap as whole lines, inside it letter by letter.
    for row in rows:
        name = f"{row['collection']}.{row['feed']}"
        session.console.print(f"  {name}: {row['location']}", soft_wrap=True, markup=False)
        if row["error"]:
            session.console.print(f"    {row['error']}", style="yellow", soft_wrap=True, markup=False)


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
    delivery: Annotated[
        str | None, typer.Option(help="Only this delivery, by the name that `loupe run` shows.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let what was held be read after all: the next run takes it in as it is.

    Of a feed of full deliveries that is the newest one, of increments every one.
    """
    from catalog.held import release
    from orchestration.resources import engine_for

    session = session_of(context)
    collection, _, name = feed.rpartition(".")
    collection = collection or session.settings.collection
    declaration = session.settings.feed(collection, name)
    engine = engine_for(session.settings.database_url)
    released = release(engine, collection, declaration, name=delivery)
    if as_json:
        print_json({"feed": f"{collection}.{name}", "released": released})
    elif released:
        names = escape(", ".join(released))
        session.console.print(f"[green]released {names}[/green]: the next run reads it", soft_wrap=True)
        session.console.print(f"  loupe run -c {collection}")
    else:
        session.console.print(f"{collection}.{name} holds no delivery that would change anything")


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
    if report.without_currency:
        line = f"  {report.without_currency} prices state no currency: declare `currency` on the feed"
        console.print(line, style="yellow", soft_wrap=True, markup=False)
    if report.missing_images:
        base = declaration.images or "the file's own folder"
        line = f"  {report.missing_images} picture paths are not in {base}: declare or correct `images`"
        console.print(line, style="yellow", soft_wrap=True, markup=False)
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
