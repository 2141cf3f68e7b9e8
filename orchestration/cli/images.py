"""``loupe images``: what is known of a picture, and pictures that could not be fetched."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orchestration.cli.session import print_json, session_of

if TYPE_CHECKING:
    from catalog.picture_facts import ShownBy

app = typer.Typer(
    help="What is known of a picture, and pictures that could not be fetched.", no_args_is_help=True
)


@app.command("show")
def show(
    context: typer.Context,
    picture: Annotated[str, typer.Argument(metavar="IMAGE_ID", help="The picture's whole digest.")],
    collection: Annotated[str | None, typer.Option("--collection", "-c")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a picture's measures and geometry, its verdict, and its piece's size by a stated length."""
    from catalog.picture_facts import picture_facts
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    facts = picture_facts(engine_for(session.settings.database_url), name, picture)
    if as_json:
        print_json(asdict(facts))
        return
    console = session.console
    size = "not looked at yet" if facts.format is None else f"{facts.format} {facts.width} × {facts.height}"
    console.print(f"{facts.image_id}  {facts.unreadable or size}  {facts.verdict or 'not judged yet'}")
    for reason in facts.reasons:
        console.print(f"  {reason['rule']} {reason['measured']}, {reason['required']}", markup=False)
    table = Table(box=None, show_header=False)
    for measure, value in sorted(facts.measures.items()):
        table.add_row(measure, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
    for one in facts.shown_by:
        console.print(f"  {one.listing_id}  {one.title}{_size(one)}", markup=False, soft_wrap=True)


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


def _size(shown: "ShownBy") -> str:
    if shown.size is None:
        return f": no size, {shown.refused}" if shown.refused else ""
    agrees = "".join(f", {name} agrees" for name in shown.size.agrees_with)
    return (
        f": {shown.size.width_mm:.1f} × {shown.size.height_mm:.1f} mm by its {shown.size.taken_from}{agrees}"
    )
