"""``loupe demo``, ``run``, ``status`` and ``dev``."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from orchestration.cli.report import print_failures, print_held, print_summary
from orchestration.cli.session import Session, print_json, session_of
from orchestration.settings import SettingsError, find_settings

Collections = Annotated[
    list[str] | None, typer.Option("--collection", "-c", help="Only this one; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a report.")]


def demo(context: typer.Context, as_json: AsJson = False) -> None:
    """Write the sample house if it is missing, then run everything and say what was built."""
    from orchestration.cli.sample import house_progress
    from sample_feeds.house import write_house

    session = session_of(context)
    sample = session.settings.sample
    if sample is None:
        message = (
            "this loupe.yaml has no sample section: use `loupe run`, or name the project's own with --config"
        )
        raise SettingsError(message)
    if not as_json:
        session.console.print(
            f"Sample house of {sample.pieces} pieces and {sample.days} days in {_shown(Path(sample.folder))}"
        )
    with house_progress(session.console, quiet=as_json) as announce:
        write_house(
            Path(sample.folder),
            pieces=sample.pieces,
            days=sample.days,
            seed=sample.seed,
            size_px=sample.size_px,
            first_day=session.settings.first_day,
            announce=announce,
        )
    _everything(session, list(session.settings.collections), as_json=as_json)
    if not as_json:
        _say_where_to_look(session)


def _say_where_to_look(session: Session) -> None:
    console = session.console
    console.print()
    if session.settings.encoder.seed is not None:
        console.print(
            "[yellow]The demo's encoder was never trained: what a search finds means nothing yet.[/yellow] "
            "Name a trained model under `encoder` in loupe.yaml."
        )
    console.print("Where to look:")
    console.print(
        "  make dev                                       the graph, checks and runs in the Dagster UI"
    )
    console.print('  .venv/bin/loupe search --text "emerald ring"   search what is promoted')
    console.print(
        "  .venv/bin/loupe serve                          the search page, and an API described under /docs"
    )
    console.print("  .venv/bin/loupe snapshots show ID              what the gate measured")
    console.print("  loupe.yaml, docs/feeds.md                      declare a shop of your own")


def run(context: typer.Context, collection: Collections = None, as_json: AsJson = False) -> None:
    """Fetch, judge, embed, build, prove and promote: everything once."""
    session = session_of(context)
    chosen = [session.chosen(name) for name in collection or session.settings.collections]
    _everything(session, chosen, as_json=as_json)


def status(context: typer.Context, collection: Collections = None, as_json: AsJson = False) -> None:
    """Say where every listing and picture has ended and what is promoted."""
    from orchestration.summary import summarise

    session = session_of(context)
    chosen = [session.chosen(name) for name in collection or session.settings.collections]
    summary = summarise(session.settings, chosen)
    if as_json:
        print_json(summary)
    else:
        print_summary(session.console, summary)
        print_held(session.console, summary)


def dev(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    serve_port: Annotated[
        int | None,
        typer.Option(
            help="Port of the search API; 0 takes a free one. Default: serving.port.", min=0, max=65535
        ),
    ] = None,
) -> None:
    """Start the Dagster UI with its daemon, and beside it the search API that reads what is promoted."""
    from orchestration.cli.side_by_side import run_side_by_side
    from orchestration.instance import prepare_dagster_home

    session = session_of(context)
    home = prepare_dagster_home(session.settings)
    project = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "VIRTUAL_ENV": sys.prefix}
    # The processes start in the project's folder, so they are told which settings were meant.
    environment["LOUPE_CONFIG"] = str(find_settings(session.config).resolve())
    environment.setdefault("LOUPE_SERVING__LOGS", "text")  # people read this terminal
    dg_command = shutil.which("dg", path=str(Path(sys.executable).parent)) or "dg"
    serving = session.settings.serving
    address = str(serving.port if serve_port is None else serve_port)
    ended = run_side_by_side(
        {
            "the Dagster UI": [dg_command, "dev", "--port", str(port)],
            "the search API": [
                sys.executable, "-m", "orchestration.cli.main", "serve", "--port", address,
            ],
        },
        environment=environment,
        folder=project,
    )  # fmt: skip
    if ended is not None:
        name, status = ended
        session.console.print(f"{name} ended with status {status}; the rest was ended with it: see above")
        raise typer.Exit(code=status or 1)


def _everything(session: Session, collections: list[str], *, as_json: bool) -> None:
    from orchestration.refresh import refresh
    from orchestration.summary import summarise

    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=session.console, transient=True, disable=as_json) as progress:
        task = progress.add_task("starting", total=None)

        def announce(stage: str, subject: str, done: int, total: int) -> None:
            progress.update(task, description=f"{stage} {subject}", completed=done, total=total)

        outcome = refresh(session.settings, collections, announce)
    summary: dict[str, Any] = summarise(session.settings, collections)
    if as_json:
        failures = [
            {"stage": one.stage, "subject": one.subject, "reason": one.reason} for one in outcome.failures
        ]
        print_json({**summary, "failures": failures})
    else:
        print_summary(session.console, summary)
        print_failures(session.console, outcome.failures)
        print_held(session.console, summary)
    if outcome.failures:
        raise typer.Exit(code=1)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
