"""``loupe snapshots diff``: what changed from one snapshot to another, for people and for programs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from orchestration.cli.session import print_json, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from index_builds.diff import OfferChange, RecallChange, SnapshotDiff
    from index_builds.tier_moves import MoveReasons, Moves

NOTHING = "–"
NO_REASON = "no reason kept"


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="The snapshot to start from.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The snapshot to arrive at.")],
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Default: the default collection.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many examples of each change.")] = 5,
    every: Annotated[bool, typer.Option("--all", help="Print the strata that did not change, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare two snapshots: pieces in, out, moved and why, offers, recall per stratum, files, build time."""
    from index_builds.diff import compare
    from index_builds.reading import read_rows
    from index_builds.tier_records import kept_plan
    from orchestration.resources import snapshot_store

    session = session_of(context)
    store, name = snapshot_store(session.settings), session.chosen(collection)
    manifests = [store.manifest(name, one) for one in (before, after)]
    rows = [
        read_rows(manifest.content, store.file, f"{name}/{manifest.snapshot_id}") for manifest in manifests
    ]
    found = compare(*manifests, *rows, kept_plan(manifests[1], store.file), examples=examples)
    if as_json:
        print_json(_document(found))
    else:
        _print(session.console, found, every=every)


def _document(found: "SnapshotDiff") -> dict[str, Any]:
    document = asdict(found)
    for kind in ("pieces", "pictures"):
        moves = getattr(found, kind)
        document[kind]["moved"] = [
            {"from": source, "to": target, "count": count} for (source, target), count in moves.moved.items()
        ]
    document["reasons"] |= {
        "moved": [
            {"from": source, "to": target, "reason": reason, "count": count}
            for (source, target, reason), count in found.reasons.moved.items()
        ],
        "examples": [
            {"piece_id": one.piece_id, "from": one.source, "to": one.target, "reason": one.reason}
            for one in found.reasons.examples
        ],
    }
    for stated, change in zip(document["recall"], found.recall, strict=True):
        stated |= {"difference": change.difference, "lower_difference": change.lower_difference}
    document["bytes"] = {state: found.bytes_of(state) for state in ("shared", "new", "gone")}
    return document


def _print(console: "Console", found: "SnapshotDiff", *, every: bool) -> None:
    console.print(f"{found.before} → {found.after}")
    if found.encoders[0] != found.encoders[1]:
        console.print(f"[yellow]another encoder: {found.encoders[0]} → {found.encoders[1]}[/yellow]")
    if found.k[0] != found.k[1]:
        console.print(f"[yellow]recall was measured at {found.k[0]}, then at {found.k[1]}[/yellow]")
    console.print(_held(found))
    if found.pieces.moved:
        _print_reasons(console, found.reasons)
    why = {one.piece_id: one.reason or NO_REASON for one in found.reasons.examples}
    _print_examples(console, "piece", found.pieces, why)
    _print_examples(console, "picture", found.pictures, {})
    _print_offers(console, found)
    _print_plans(console, found)
    _print_recall(console, found, every=every)
    console.print(_files(found))
    if found.build_seconds:
        console.print(_seconds(found.build_seconds))


def _held(found: "SnapshotDiff") -> Table:
    table = _table("", "before", "after", "in", "out", "moved tier")
    for what, moves in (("pieces", found.pieces), ("pictures", found.pictures)):
        moved = ", ".join(f"{count} {source} → {target}" for (source, target), count in moves.moved.items())
        figures = (moves.before, moves.after, moves.came, moves.went)
        table.add_row(what, *map(str, figures), moved or "0")
    return table


def _print_reasons(console: "Console", reasons: "MoveReasons") -> None:
    if reasons.missing is not None:
        console.print(
            f"why pieces moved: {NO_REASON}; {reasons.missing}", style="yellow", markup=False, soft_wrap=True
        )
    else:
        table = _table("from", "to", "why", "pieces", left=("from", "to", "why"))
        for (source, target, reason), count in reasons.moved.items():
            table.add_row(source, target, escape(reason or NO_REASON), str(count))
        console.print(table)


def _print_examples(console: "Console", what: str, moves: "Moves", why: Mapping[str, str]) -> None:
    moved = [
        f"{_short(one)} ({source} → {target}{f', {why[one]}' if one in why else ''})"
        for one, source, target in moves.examples_moved
    ]
    came, went = map(_short, moves.examples_came), map(_short, moves.examples_went)
    for word, names in (("in", came), ("out", went), ("moved", moved)):
        for one in names:
            console.print(f"  {what} {word}: {escape(one)}")


def _print_offers(console: "Console", found: "SnapshotDiff") -> None:
    offers = found.offers
    console.print(
        f"of {offers.common} listings in both, {offers.price} changed their price, "
        f"{offers.availability} their availability"
    )
    for one in offers.examples:
        console.print(f"  {escape(one.listing_id)}: {escape(_offer(one))}")


def _offer(one: "OfferChange") -> str:
    said = []
    if one.price_minor[0] != one.price_minor[1] or one.currency[0] != one.currency[1]:
        before, after = (
            NOTHING if price is None else f"{price} {currency or ''} (minor units)"
            for price, currency in zip(one.price_minor, one.currency, strict=True)
        )
        said.append(f"{before} → {after}")
    if one.availability[0] != one.availability[1]:
        said.append(" → ".join(one.availability))
    return ", ".join(said)


def _print_plans(console: "Console", found: "SnapshotDiff") -> None:
    for plan in found.plans:
        before, after = (
            NOTHING if factory is None else f"{factory} {_pairs(parameters or {})}".strip()
            for factory, parameters in zip(plan.factory, plan.parameters, strict=True)
        )
        console.print(f"index of {plan.name}: {before} → {after}")


def _print_recall(console: "Console", found: "SnapshotDiff", *, every: bool) -> None:
    """Print the unfiltered strata, and of the others those that changed."""
    shown = [one for one in found.recall if every or _worth_a_line(one)]
    table = _table(
        "stratum", f"recall@{found.k[0]}", f"recall@{found.k[1]}", "change", "at least", "at least", "change"
    )
    for one in shown:
        table.add_row(
            one.stratum,
            *(_formed(value, ".4f") for value in one.recall),
            _change(one.difference, 4),
            *(_formed(value, ".4f") for value in one.lower),
            _change(one.lower_difference, 4),
        )
    console.print(table)
    if len(shown) < len(found.recall):
        console.print(f"{len(found.recall) - len(shown)} more strata did not change; --all prints them")


def _worth_a_line(one: "RecallChange") -> bool:
    return one.stratum.endswith(", unfiltered") or bool(
        one.difference is None or one.difference or one.lower_difference
    )


def _files(found: "SnapshotDiff") -> Table:
    table = _table("file", "kB", "", "digest", left=("file", "", "digest"))
    for file in found.files:
        table.add_row(file.name, f"{file.bytes / 1000:.0f}", file.state, file.digest[:12])
    totals = ", ".join(f"{found.bytes_of(state) / 1000:.0f} {state}" for state in ("shared", "new", "gone"))
    table.add_row("all, kB", "", totals, "")
    return table


def _seconds(build_seconds: Mapping[str, tuple[float | None, float | None]]) -> Table:
    table = _table("seconds of the build", "before", "after", "change")
    totals = tuple(
        sum(values)
        if (values := [pair[side] for pair in build_seconds.values() if pair[side] is not None])
        else None
        for side in (0, 1)
    )
    for stage, pair in [*build_seconds.items(), ("together", totals)]:
        before, after = pair
        changed = None if before is None or after is None else after - before
        table.add_row(stage, _formed(before, ".2f"), _formed(after, ".2f"), _change(changed, 2))
    return table


def _table(
    *headings: str, left: tuple[str, ...] = ("", "stratum", "moved tier", "seconds of the build")
) -> Table:
    table = Table(box=None, header_style="dim")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right")
    return table


def _formed(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)


def _change(value: float | None, digits: int) -> str:
    if value is None:
        return NOTHING
    return "0" if round(value, digits) == 0 else f"{value:+.{digits}f}"


def _short(name: str) -> str:
    return f"{name[:16]}…" if len(name) == 64 else name  # a picture's digest: enough to find it


def _pairs(values: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())
