"""``loupe reembed``: another encoder beside the present one, judged, and switched to when told to."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from orchestration.cli.session import print_json, session_of
from orchestration.settings import Settings, SettingsError
from vision.encoders import EncoderSettings

if TYPE_CHECKING:
    from orchestration.reembed import ReembedOutcome


def reembed(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            help="As `encoder.model` in loupe.yaml. Default: its `next_encoder` section, else its `encoder`."
        ),
    ] = None,
    pretrained: Annotated[str | None, typer.Option(help="OpenCLIP's tag of published weights.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Weights on this machine.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random weights, for trying things out.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, float32 or bfloat16.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures encoded at once.")] = None,
    dimension: Annotated[int | None, typer.Option(help="Refuse a model of another length.")] = None,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", "-c", help="Only this one; may be repeated.")
    ] = None,
    switch: Annotated[
        bool, typer.Option("--switch/--no-switch", help="Promote the new snapshots that pass.")
    ] = False,
    even_if_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="Switch also to an encoder that finds less.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Embed every accepted picture with another encoder, judge its snapshots, and switch with --switch.

    The present encoder keeps serving meanwhile.  Run it again after an interruption: what is done is not done
    twice.
    """
    from orchestration.reembed import run_reembed

    session = session_of(context)
    settings = session.settings
    chosen = [session.chosen(name) for name in collection or settings.collections]
    asked = {
        "model": model,
        "pretrained": pretrained,
        "checkpoint": checkpoint and str(checkpoint.resolve()),
        "seed": seed,
        "precision": precision,
        "device": device,
        "batch_size": batch_size,
        "dimension": dimension,
    }
    encoder = _encoder(settings, {name: value for name, value in asked.items() if value is not None})
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=session.console, transient=True, disable=as_json) as progress:
        task = progress.add_task("starting", total=None)
        now = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal now
            if what != now:  # each kind of step has a pace of its own, and an estimate of its own
                now = what
                progress.reset(task, description=what)
            progress.update(task, description=what, completed=done, total=total)

        outcome = run_reembed(
            settings, encoder, chosen, switch=switch, even_if_worse=even_if_worse, tell=tell
        )
    if as_json:
        print_json(_document(outcome, settings, encoder))
    else:
        _print(session.console, outcome, settings, encoder)
    if outcome.failure:
        raise typer.Exit(code=1)


def _encoder(settings: Settings, asked: dict[str, Any]) -> EncoderSettings:
    if "model" not in asked:
        chosen = settings.next_encoder or settings.encoder
        asked = {**chosen.model_dump(mode="json", exclude_none=True), **asked}
    elif asked["model"].endswith(".json"):
        asked["model"] = str(Path(asked["model"]).resolve())
    elif asked["model"].startswith("local-dir:"):
        asked["model"] = f"local-dir:{Path(asked['model'].removeprefix('local-dir:')).resolve()}"
    asked.setdefault("device", settings.encoder.device)
    try:
        return EncoderSettings.model_validate(asked)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in one['loc']) or 'the encoder'}: "
            f"{one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None


def _document(outcome: "ReembedOutcome", settings: Settings, encoder: EncoderSettings) -> dict[str, Any]:
    from vision.encoder_records import label_of

    return {
        "embedded": outcome.embedded and asdict(outcome.embedded),
        "judged": [asdict(one) for one in outcome.judged],
        "switched": [asdict(one) for one in outcome.switched],
        "failure": outcome.failure,
        "configured": label_of(settings.encoder),
        "settings": _section(encoder),
    }


def _print(console: Console, outcome: "ReembedOutcome", settings: Settings, encoder: EncoderSettings) -> None:
    from vision.encoder_records import label_of

    if outcome.embedded:
        made = outcome.embedded
        console.print(
            f"[bold]{escape(made.label)}[/bold]  encoder {made.encoder_id}, {made.dimension} dimensions: "
            f"{made.embedded} pictures embedded, {made.already} were there, {made.failed} could not be",
            soft_wrap=True,
        )
    for one in outcome.judged:
        verdict = "[red]refused by its gate[/red]" if one.gate_failures else "[green]passed its gate[/green]"
        beside = f"beside {one.beside} of {one.beside_label or 'an unknown encoder'}" if one.beside else ""
        console.print(f"{one.collection}: {one.snapshot_id} {verdict} {escape(beside)}", soft_wrap=True)
        for failure in one.gate_failures:
            console.print(f"  {failure}", style="red", markup=False, soft_wrap=True)
        for figure in one.relevance:
            console.print(
                f"  {figure}", style="yellow" if figure.worse else None, markup=False, soft_wrap=True
            )
        if one.not_compared:
            console.print(f"  not compared: {one.not_compared}", markup=False, soft_wrap=True)
    for moved in outcome.switched:
        console.print(
            f"[green]{moved.collection} now serves {moved.snapshot_id} "
            f"(move {moved.pointer_version})[/green]; "
            f"`loupe snapshots rollback -c {moved.collection}` goes back",
            soft_wrap=True,
        )
    if outcome.failure:
        console.print(escape(outcome.failure), style="red", soft_wrap=True)
    if label_of(encoder) == label_of(settings.encoder):
        return
    if outcome.switched:
        console.print(
            "Runs and searches follow the switch, whatever loupe.yaml says, until its encoder is changed. "
            "Put this into it now:",
            soft_wrap=True,
        )
        section = yaml.safe_dump({"encoder": _section(encoder)}, sort_keys=False, width=10_000)
        console.print(section, markup=False, soft_wrap=True)
    elif outcome.judged and not outcome.failure:
        console.print("Nothing is switched: the same command with --switch promotes what has passed.")


def _section(encoder: EncoderSettings) -> dict[str, Any]:
    return encoder.model_dump(mode="json", exclude_defaults=True)
