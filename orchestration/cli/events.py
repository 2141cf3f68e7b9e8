"""``loupe events``: what was recorded of searches and people, how good searches were, and erasure."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from orchestration.cli.session import print_json, session_of

app = typer.Typer(help="What searches and people did: counts, measures, erasure.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Collection = Annotated[
    str | None, typer.Option("--collection", "-c", help="Default: the settings' default collection.")
]


@app.command("show")
def show(context: typer.Context, collection: Collection = None, as_json: AsJson = False) -> None:
    """Count events by kind, and say how far back they are kept."""
    from catalog.events.counting import event_figures
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    figures = event_figures(engine_for(session.settings.database_url), name)
    if as_json:
        print_json({"collection": name, **figures})
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in figures["kinds"].items())
    session.console.print(f"{escape(name)}: {counts or 'no event was recorded'}")
    if figures["kept"]:
        session.console.print(
            f"  {figures['kept']} events are kept ({figures['kept_with_pseudonym']} under a pseudonym), "
            f"from {figures['oldest']:%Y-%m-%d} to {figures['latest']:%Y-%m-%d}",
            soft_wrap=True,
        )
    session.console.print(f"  {figures['searches_kept']} searches are kept")


@app.command("quality")
def quality(
    context: typer.Context,
    collection: Collection = None,
    days: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Print the daily measures of searches, as the nightly run left them."""
    from catalog.events.daily_quality import read_search_quality
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    found = read_search_quality(engine_for(session.settings.database_url), name, days=days)
    if as_json:
        print_json(
            [
                {
                    "day": one.day,
                    **asdict(one.measured),
                    "click_through": one.measured.click_through,
                    "zero_result_rate": one.measured.zero_result_rate,
                }
                for one in found
            ]
        )
        return
    if not found:
        session.console.print(f"no search of {escape(name)} was measured: the nightly run measures them")
        return
    table = Table(box=None, header_style="dim")
    for heading in (
        "day",
        "kind",
        "snapshot",
        "searches",
        "clicked",
        "MRR",
        "nothing",
        "diversity",
        "seconds",
    ):
        table.add_column(heading)
    for day in found:
        one = day.measured
        table.add_row(
            day.day,
            one.kind,
            one.snapshot_id,
            str(one.searches),
            f"{one.click_through:.3f}",
            f"{one.mrr:.3f}",
            f"{one.zero_result_rate:.3f}",
            "" if one.diversity is None else f"{one.diversity:.3f}",
            "" if one.seconds_to_click is None else f"{one.seconds_to_click:.1f}",
        )
    session.console.print(table)


@app.command("erase")
def erase_events(
    context: typer.Context,
    client: Annotated[str | None, typer.Option(help="A client, as senders of events name them.")] = None,
    visit: Annotated[
        str | None, typer.Option("--session", help="A session, as senders of events name it.")
    ] = None,
    pseudonym: Annotated[str | None, typer.Option(help="A pseudonym, as the table events has it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete every event of somebody, in all collections.

    A client or session is found by the keys that are held: with `events.pseudonym_key` for as long as events
    are kept, without it for today and yesterday; older events are nobody's any more.
    """
    from catalog.events.forgetting import erase
    from catalog.events.pseudonyms import EventPseudonyms
    from orchestration.resources import engine_for

    session = session_of(context)
    if sum(one is not None for one in (client, visit, pseudonym)) != 1:
        message = "name one of --client, --session and --pseudonym"
        raise typer.BadParameter(message)
    settings = session.settings
    engine, key = engine_for(settings.database_url), settings.events.pseudonym_key
    known = EventPseudonyms(engine, None if key is None else key.get_secret_value().encode())
    theirs = set() if pseudonym is None else {pseudonym}
    theirs |= set() if client is None else known.all_of("client", client)
    theirs |= set() if visit is None else known.all_of("session", visit)
    erased = erase(engine, theirs)
    if as_json:
        print_json({"erased": erased})
    else:
        session.console.print(f"erased {erased} events")
