"""``loupe sample``: write a sample house of any size, and show how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from orchestration.cli.session import print_json, session_of

if TYPE_CHECKING:
    from sample_feeds.house import Announce, HouseReport

FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a date; typer's options know only datetimes


def sample(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The house's folder: new, empty, or an earlier house.")],
    pieces: Annotated[int, typer.Option(help="Pieces of jewelry, 12 or more.")] = 300,
    days: Annotated[int, typer.Option(help="Days on which the house's feeds deliver.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    size_px: Annotated[int, typer.Option("--size-px", help="Side of the largest pictures.")] = 640,
    first_day: Annotated[
        datetime,
        typer.Option(
            "--first-day",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            show_default="2026-01-05",
            help="The first delivery's day.",
        ),
    ] = FIRST_DAY,
    workers: Annotated[
        int | None, typer.Option(help="Processes that take pictures; default: one for each core.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, no progress.")] = False,
) -> None:
    """Write a house of shops, a manufacturer and customers: feeds, pictures, events, and the truth."""
    from sample_feeds.house import write_house

    session = session_of(context)
    with house_progress(session.console, quiet=as_json) as announce:
        report = write_house(
            out,
            pieces=pieces,
            days=days,
            seed=seed,
            first_day=first_day.date(),
            size_px=size_px,
            workers=workers,
            announce=announce,
        )
    if as_json:
        print_json({**asdict(report), "folder": str(report.folder)})
    else:
        print_house(session.console, report)


@contextmanager
def house_progress(console: Console, *, quiet: bool = False) -> Iterator["Announce"]:
    """Show a bar for each stage of a house that is being written; they vanish when it stands."""
    columns = (
        SpinnerColumn(), TextColumn("writing {task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(*columns, console=console, transient=True, disable=quiet)
    tasks: dict[str, TaskID] = {}

    def announce(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            progress.start()  # not before: a house that stands, or is refused, shows no bar
            for earlier in tasks.values():
                progress.update(earlier, visible=False)
            tasks[stage] = progress.add_task(stage, total=total)
        progress.update(tasks[stage], completed=done, total=total)

    try:
        yield announce
    finally:
        progress.stop()


def print_house(console: Console, report: "HouseReport") -> None:
    """Say what a house holds, or that it stood already."""
    state = "written" if report.written else "stood already"
    console.print(f"Sample house {state}: {report.folder}", highlight=False)
    rows = (
        ("pieces", f"{report.pieces}, {report.pieces_of_several_sources} of them sold by several"),
        ("listings", ", ".join(f"{feed} {count}" for feed, count in report.listings.items())),
        ("customers", f"{report.contributions} contributions, {report.events} events"),
        ("deliveries", str(report.deliveries)),
        ("pictures", str(report.pictures)),
        ("faults", f"{report.faults} planted"),
    )
    for name, said in rows:
        console.print(f"  {name:<11} {said}", highlight=False)
