"""``loupe snapshots``: list, show, diff, verify, promote, rollback, pin, sign, gc."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from orchestration.cli.session import print_json, session_of
from orchestration.cli.snapshot_diff import diff

if TYPE_CHECKING:
    from index_builds.manifest import PieceTiers

app = typer.Typer(help="Built snapshots and the promoted pointer.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Collection = Annotated[
    str | None, typer.Option("--collection", "-c", help="Default: the default collection.")
]
SnapshotId = Annotated[str, typer.Argument(help="A snapshot's id, as `loupe snapshots list` shows it.")]


@app.command("list")
def list_snapshots(context: typer.Context, collection: Collection = None, as_json: AsJson = False) -> None:
    """List a collection's snapshots, newest first."""
    from orchestration.resources import snapshot_store

    session = session_of(context)
    store, name = snapshot_store(session.settings), session.chosen(collection)
    promoted = store.promoted(name)
    rows = [{**asdict(one), "promoted": one.snapshot_id == promoted} for one in store.list(name)]
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="dim")
    for heading in ("", "snapshot", "state", "published", "parent", "why refused"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            "→" if row["promoted"] else "",
            row["snapshot_id"],
            row["state"] + (", pinned" if row["pinned"] else ""),
            row["published_at"] or "",
            row["parent"] or "",
            (row["refusal"] or "").splitlines()[0] if row["refusal"] else "",
        )
    session.console.print(table if rows else f"collection {name} has no snapshot yet: run `loupe run`")


@app.command("show")
def show(
    context: typer.Context, snapshot: SnapshotId, collection: Collection = None, as_json: AsJson = False
) -> None:
    """Show what a snapshot holds and what its gate measured."""
    from index_builds.gate_report import judge
    from orchestration.resources import snapshot_store

    session = session_of(context)
    manifest = snapshot_store(session.settings).manifest(session.chosen(collection), snapshot)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    console = session.console
    console.print(
        f"{snapshot}: {manifest.live_vectors} vectors of {manifest.content.dimension} dimensions, "
        f"encoder {manifest.encoder_id}, parent {manifest.parent or 'none'}"
    )
    tiers = Table(box=None, header_style="dim")
    for heading in ("tier", "channel", "index", "parameters", "vectors", "kB", "why"):
        tiers.add_column(heading)
    for tier, channels in manifest.content.tiers.items():
        for channel, file in channels.items():
            tiers.add_row(
                tier,
                channel,
                file.factory,
                _pairs(file.parameters),
                str(file.vectors),
                f"{file.bytes / 1000:.0f}",
                file.reason,
            )
    console.print(tiers)
    if manifest.content.piece_tiers is not None:
        console.print(_moves(manifest.content.piece_tiers))
    strata = Table(box=None, header_style="dim")
    for heading in ("stratum", "queries", f"recall@{manifest.gate.k}", "at least"):
        strata.add_column(heading, justify="left" if heading == "stratum" else "right")
    for stratum in manifest.gate.strata:
        strata.add_row(stratum.name, str(stratum.queries), f"{stratum.recall:.4f}", f"{stratum.lower:.4f}")
    console.print(strata)
    if manifest.gate.health:
        console.print(_health(manifest.gate.health, session.settings.gate.health_limits))
    failures = judge(manifest.gate, session.settings.gate)
    for failure in failures:
        console.print(str(failure), style="red", markup=False)
    console.print("[green]the gate holds[/green]" if not failures else "[red]the gate refuses it[/red]")


@app.command("verify")
def verify(
    context: typer.Context, snapshot: SnapshotId, collection: Collection = None, as_json: AsJson = False
) -> None:
    """Check a snapshot's digests and ids, and load it in a fresh process."""
    from orchestration.resources import snapshot_store

    session = session_of(context)
    name = session.chosen(collection)
    snapshot_store(session.settings).verify(name, snapshot)
    if as_json:
        print_json({"snapshot_id": snapshot, "verified": True})
    else:
        session.console.print(f"[green]{name}/{snapshot} is whole and loads in a fresh process[/green]")


@app.command("promote")
def promote_snapshot(
    context: typer.Context, snapshot: SnapshotId, collection: Collection = None, as_json: AsJson = False
) -> None:
    """Promote a snapshot: digests, load and gate are checked again first."""
    from index_builds.promotion import promote
    from index_builds.tier_records import record_tiers
    from orchestration.resources import snapshot_store, utc_now

    session = session_of(context)
    store, name = snapshot_store(session.settings), session.chosen(collection)
    pointer = promote(
        store,
        name,
        snapshot,
        settings=session.settings.gate,
        actor=_actor(),
        moved_at=utc_now(),
    )
    record_tiers(store, name)
    _print_pointer(session, pointer, as_json=as_json)


@app.command("rollback")
def rollback_snapshot(
    context: typer.Context,
    collection: Collection = None,
    to: Annotated[str | None, typer.Option(help="Default: what was promoted before.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "asked for on the command line",
    as_json: AsJson = False,
) -> None:
    """Go back to a snapshot that was promoted before."""
    from index_builds.promotion import rollback
    from index_builds.tier_records import record_tiers
    from orchestration.resources import snapshot_store, utc_now

    session = session_of(context)
    store, name = snapshot_store(session.settings), session.chosen(collection)
    pointer = rollback(
        store,
        name,
        to=to,
        actor=_actor(),
        moved_at=utc_now(),
        reason=reason,
    )
    record_tiers(store, name)
    _print_pointer(session, pointer, as_json=as_json)
    if not as_json:
        session.console.print("automatic promotion is paused until `loupe snapshots promote ID`")


@app.command("pin")
def pin_snapshot(
    context: typer.Context,
    snapshot: SnapshotId,
    collection: Collection = None,
    release: Annotated[bool, typer.Option("--release", help="Let retention decide again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a snapshot whatever retention says; a change of the encoder pins the one it leaves."""
    from orchestration.resources import snapshot_store

    session = session_of(context)
    name = session.chosen(collection)
    snapshot_store(session.settings).pin(name, snapshot, pinned=not release)
    if as_json:
        print_json({"snapshot_id": snapshot, "pinned": not release})
    else:
        session.console.print(f"{name}/{snapshot} {'is left to retention' if release else 'stays'}")


@app.command("sign")
def sign_snapshots(
    context: typer.Context,
    collection: Collection = None,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Sign also what no trusted key has signed, as the database has it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a collection's manifests with the present key, and what is promoted anew."""
    from index_builds.endorsement import endorse
    from orchestration.resources import snapshot_store, utc_now

    session = session_of(context)
    name = session.chosen(collection)
    store = snapshot_store(session.settings)
    signed = endorse(store, name, signed_at=utc_now(), adopt=adopt)
    if as_json:
        print_json({"collection": name, "signed": signed})
    else:
        promoted = store.promoted(name)
        said = f", and anew that {promoted} is promoted" if promoted else "; nothing is promoted"
        session.console.print(f"{name}: signed {len(signed)} manifests{said}")


@app.command("gc")
def collect(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove snapshots past their retention, and files that no retained snapshot names."""
    from index_builds.retention import collect_garbage
    from orchestration.resources import snapshot_store, utc_now

    session = session_of(context)
    retention = session.settings.retention
    report = collect_garbage(
        snapshot_store(session.settings),
        keep_last=retention.keep_last,
        grace=retention.grace,
        keep_days=retention.keep_days,
        now=utc_now(),
        dry_run=dry_run,
    )
    if as_json:
        print_json(asdict(report))
        return
    verb = "would remove" if dry_run else "removed"
    session.console.print(
        f"{verb} {len(report.removed_snapshots)} snapshots and {len(report.removed_objects)} objects, "
        f"kept {len(report.kept_snapshots)} snapshots"
    )
    for name in report.removed_snapshots:
        session.console.print(f"  {name}")


app.command("diff")(diff)


def _actor() -> str:
    import getpass

    return f"loupe, {getpass.getuser()}"


def _health(health: dict[str, float], limits: dict[str, float]) -> Table:
    table = Table(box=None, header_style="dim")
    for heading in (f"beyond recall, {health['queries']:.0f} pictures asked about", "measured", "limit"):
        table.add_column(heading, justify="right" if table.columns else "left")
    for name, measured in health.items():
        if name != "queries":
            table.add_row(name, f"{measured:.4f}", f"{limits[name]:g}" if name in limits else "")
    return table


def _moves(plan: "PieceTiers") -> Table:
    """Tabulate what the plan of tiers moved, against the snapshot that was promoted then."""
    table = Table(box=None, header_style="dim", title_justify="left", title_style="")
    table.title = f"tiers of {plan.pieces} pieces, by the demand of {plan.balanced_on}"
    for heading in ("from", "to", "why", "pieces"):
        table.add_column(heading, justify="right" if heading == "pieces" else "left")
    for move in plan.moves:
        table.add_row(move.source or "came", move.target, move.reason, str(move.pieces))
    if not plan.moves:
        table.add_row("none moved", "", "", "0")
    return table


def _pairs(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _print_pointer(session, pointer, *, as_json: bool) -> None:
    if as_json:
        print_json({"snapshot_id": pointer.snapshot_id, "version": pointer.version})
    else:
        session.console.print(f"[green]{pointer.snapshot_id} is promoted (move {pointer.version})[/green]")
