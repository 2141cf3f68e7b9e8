"""``loupe review``: what waits for a person, and what people decided."""

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from orchestration.cli.session import print_json, session_of

if TYPE_CHECKING:
    from catalog.review.items import ReviewItem

app = typer.Typer(help="Questions for people: what waits, and what was decided.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Collection = Annotated[
    str | None, typer.Option("--collection", "-c", help="Default: the default collection.")
]
Question = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="An id of `loupe review list` or `history`, or its beginning; or a picture's whole id, or two "
        "listings as maison:17=studio:4.",
    ),
]
Why = Annotated[str, typer.Option(help="The reason, for the record.")]
Who = Annotated[str | None, typer.Option(help="Who decides; default: your login name.")]


@app.command("list")
def list_questions(
    context: typer.Context,
    collection: Collection = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="picture, join, contradiction or attribute; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The first this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person: first what keeps most listings out of search, then the oldest."""
    from catalog.review.queue import waiting
    from catalog.review.standing import standings
    from orchestration.resources import engine_for, utc_now

    session = session_of(context)
    name = session.chosen(collection)
    engine = engine_for(session.settings.database_url)
    items = waiting(engine, name, kind or ())
    asleep = [one for one in standings(engine, name) if one.state in ("dormant", "overruled")]
    if as_json:
        rows = [_row(item) for item in items[:limit]]
        print_json({"collection": name, "waiting": len(items), "questions": rows, "asleep": len(asleep)})
        return
    table = Table(box=None, header_style="dim")
    for heading in ("id", "keeps out", "about", "days", "question"):
        justify = "left" if heading in ("id", "question") else "right"
        table.add_column(heading, justify=justify, no_wrap=heading == "id")  # ids are there to be copied
    for item in items[:limit]:
        days = "" if item.since is None else str((utc_now() - item.since).days)
        table.add_row(
            item.item_id, str(item.listings_out), str(item.live_listings), days, escape(item.question)
        )
    session.console.print(table if items else f"nothing waits for a person in {name}")
    if len(items) > limit:
        session.console.print(f"{limit} of {len(items)}: --limit shows more")
    if asleep:
        session.console.print(
            f"{len(asleep)} decisions have no effect at present: `loupe review history -c {name}` says why"
        )


@app.command("show")
def show(
    context: typer.Context,
    question: Question,
    collection: Collection = None,
    sheet: Annotated[Path | None, typer.Option(help="Write its pictures as a WebP.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a question with its evidence."""
    from catalog.review.evidence import evidence_lines
    from catalog.review.queue import find
    from catalog.review.shown import pictures_beside
    from orchestration.resources import engine_for, open_objects

    session = session_of(context)
    name = session.chosen(collection)
    engine = engine_for(session.settings.database_url)
    item = find(engine, name, question)
    if sheet is not None:
        from orchestration.cli.review_sheet import write_review_sheet

        write_review_sheet(sheet, item, pictures_beside(engine, name, item), open_objects(session.settings))
    if as_json:
        print_json({**_row(item), "evidence": item.evidence, "note": item.note})
        return
    console = session.console
    console.print(f"{item.item_id}  {escape(item.question)}", soft_wrap=True)
    console.print(
        f"  it keeps {item.listings_out} live listings out of search and is about {item.live_listings}"
    )
    for line in evidence_lines(item):
        console.print(f"  {line}", soft_wrap=True, markup=False)
    if item.decided is not None:
        console.print(f"  decided: {item.decided.decision} by {item.decided.by}", markup=False)
    if item.note:
        console.print(f"  {item.note}", markup=False)
    console.print(
        f"`loupe review decide {item.item_id} {'|'.join(item.options)} --why ...`",
        markup=False,
        soft_wrap=True,
    )


@app.command("decide")
def decide_question(
    context: typer.Context,
    question: Question,
    decision: Annotated[
        str,
        typer.Argument(
            help="accept or reject; same or different; the listing or feed that is right, a term, or none."
        ),
    ],
    why: Why,
    who: Who = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question; the next run applies it, and every run after it."""
    from catalog.review.queue import decide
    from orchestration.resources import engine_for, utc_now

    session = session_of(context)
    name = session.chosen(collection)
    item, decided = decide(
        engine_for(session.settings.database_url),
        name,
        question,
        decision,
        who=who or getpass.getuser(),
        why=why,
        decided_at=utc_now(),
    )
    if as_json:
        print_json({"id": item.item_id, **asdict(decided)})
    else:
        session.console.print(
            f"[green]{item.item_id}: {escape(decision)}[/green] (#{decided.decision_id}, by "
            f"{escape(decided.who)}); `loupe run -c {name}` applies it"
        )


@app.command("undo")
def undo_decision(
    context: typer.Context,
    question: Question,
    why: Why = "taken back on the command line",
    who: Who = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Take a decision back: its question is open again, and the next run goes by the rules."""
    from catalog.review.items import item_id
    from catalog.review.queue import undo
    from orchestration.resources import engine_for, utc_now

    session = session_of(context)
    name = session.chosen(collection)
    undone = undo(
        engine_for(session.settings.database_url),
        name,
        question,
        who=who or getpass.getuser(),
        why=why,
        decided_at=utc_now(),
    )
    if as_json:
        print_json(asdict(undone))
    else:
        session.console.print(
            f"[green]{item_id(undone.kind, undone.subject)}: #{undone.evidence['takes_back']} is taken back"
            f"[/green] (#{undone.decision_id}); `loupe run -c {name}` applies it"
        )


@app.command("history")
def history(context: typer.Context, collection: Collection = None, as_json: AsJson = False) -> None:
    """List every decision, newest first, and what became of it."""
    from catalog.review.standing import standings
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    found = standings(engine_for(session.settings.database_url), name)
    if as_json:
        print_json(
            [
                {"id": one.item_id, "state": one.state, "because": one.because, **asdict(one.decision)}
                for one in found
            ]
        )
        return
    table = Table(box=None, header_style="dim")
    for heading in ("#", "id", "decision", "who", "when", "state", "why"):
        table.add_column(heading, justify="right" if heading == "#" else "left", no_wrap=heading == "id")
    for one in found:
        table.add_row(
            str(one.decision.decision_id),
            one.item_id,
            escape(one.decision.decision),
            escape(one.decision.who),
            f"{one.decision.decided_at:%Y-%m-%d %H:%M}",
            escape(f"{one.state} {one.because}".strip()),
            escape(one.decision.why),
        )
    session.console.print(table if found else f"nothing was decided in {name} yet")


@app.command("calibration")
def calibration(context: typer.Context, collection: Collection = None, as_json: AsJson = False) -> None:
    """Say how often people agreed with each bound on pictures, and which bound would have been better."""
    from catalog.review.calibration import ENOUGH, picture_calibration, shown_best
    from orchestration.resources import engine_for

    session = session_of(context)
    name = session.chosen(collection)
    found = picture_calibration(engine_for(session.settings.database_url), name)
    if as_json:
        print_json(asdict(found))
        return
    console = session.console
    console.print(
        f"{found.pictures} pictures decided: {found.accepted} accepted, {found.rejected} rejected, "
        f"{found.rejected_that_no_rule_saw} of them without any rule having spoken"
    )
    if not found.bounds:
        return
    table = Table(box=None, header_style="dim")
    for heading in ("feeds", "rule", "bound", "leads to", "accepted", "rejected", "precision", "best bound"):
        table.add_column(heading)
    best = {(one.feed_kind, one.rule, one.unit): one for one in found.rules}
    for one in found.bounds:
        interval = f"{one.precision:.2f} ({one.precision_lower:.2f} to {one.precision_upper:.2f})"
        table.add_row(
            one.feed_kind,
            one.rule,
            f"{one.bound} {one.unit}".strip(),
            one.leads_to,
            str(one.accepted),
            str(one.rejected),
            interval if one.enough else f"[dim]{interval}, few[/dim]",
            shown_best(best.get((one.feed_kind, one.rule, one.unit))),
        )
    console.print(table)
    console.print(f"few: fewer than {ENOUGH} decisions; precision is the share that people rejected")


def _row(item: "ReviewItem") -> dict[str, Any]:
    return {
        "id": item.item_id,
        "kind": item.kind,
        "subject": item.subject,
        "question": item.question,
        "options": item.options,
        "listings_out": item.listings_out,
        "live_listings": item.live_listings,
        "since": item.since,
    }
