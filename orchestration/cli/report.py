"""How a summary looks on a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from orchestration.refresh import StageFailure


STATES = ("accepted", "quarantined", "review", "rejected", "failed", "pending")


def print_summary(console: Console, summary: dict[str, Any]) -> None:
    """Print every collection: its feeds' books, its pictures, its promoted snapshot, and where to look."""
    for name, held in summary["collections"].items():
        console.print()
        console.print(
            f"[bold]{name}[/bold]  {held['pieces']} pieces, {held['joined_pieces']} sold by several sources"
        )
        console.print(_feeds(held["feeds"]))
        console.print(_pictures(held["feeds"]))
        reasons = _by_reason(held["feeds"])
        if reasons:
            console.print(f"  kept out: {reasons}")
        console.print(
            f"  {held['price_spans']} price spans, {held['trend_rows']} trend rows, "
            f"{held['disagreements']} disagreements between sources"
        )
        for feed, books in held["feeds"].items():
            if books["error"]:
                console.print(f"  [yellow]{feed}: {escape(books['error'])}[/yellow]", soft_wrap=True)
        if not held["balanced"]:
            console.print(
                "  [red]the books do not balance: please report this with `loupe status --json`[/red]"
            )
        console.print(_promoted(held))


def print_held(console: Console, summary: dict[str, Any]) -> None:
    """Print what waits for a person, and the command that releases it; nothing where nothing waits."""
    for collection, books in summary["collections"].items():
        for feed, of_feed in books["feeds"].items():
            waits = of_feed["held"]
            if not waits:
                continue
            names = ", ".join(f"{one['name']}{' (pictures)' if one['pictures'] else ''}" for one in waits)
            console.print(f"[yellow]held: {collection}.{feed}: {escape(names)}[/yellow]", soft_wrap=True)
            console.print(f"  release with: loupe feeds release {collection}.{feed}", soft_wrap=True)


def print_failures(console: Console, failures: Iterable["StageFailure"]) -> None:
    """Print what did not run, one line each."""
    for failure in failures:
        console.print(
            f"[red]{failure.stage} {failure.subject}: {escape(failure.reason)}[/red]", soft_wrap=True
        )


def _feeds(feeds: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for heading in ("feed", "deliveries", "items", "accepted", "rejected", "live", "withdrawn"):
        table.add_column(heading, justify="left" if heading == "feed" else "right")
    for name, feed in feeds.items():
        table.add_row(
            name,
            *(str(feed[key]) for key in ("deliveries", "items", "accepted", "rejected", "live", "withdrawn")),
        )
    return table


def _pictures(feeds: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for heading in ("pictures", "named", *STATES):
        table.add_column(heading, justify="left" if heading == "pictures" else "right")
    for name, feed in feeds.items():
        table.add_row(name, str(feed["image_references"]), *(str(feed["images"][state]) for state in STATES))
    return table


def _by_reason(feeds: dict[str, Any]) -> str:
    total: dict[str, int] = {}
    for feed in feeds.values():
        for reason, count in [*feed["rejects_by_reason"].items(), *feed["image_reasons"].items()]:
            total[reason] = total.get(reason, 0) + count
    return ", ".join(
        f"{count} {reason}" for reason, count in sorted(total.items(), key=lambda item: -item[1])
    )


def _promoted(held: dict[str, Any]) -> str:
    promoted = held["promoted"]
    if promoted is None:
        return "  [yellow]nothing is promoted yet[/yellow]"
    tiers = ", ".join(f"{count} {tier}" for tier, count in promoted["tiers"].items() if count)
    recall = "\n".join(
        f"    recall@{figure['k']} {name}: {figure['recall']:.4f}, at least {figure['lower']:.4f} "
        f"({figure['queries']} queries)"
        for name, figure in promoted["recall_at_k"].items()
    )
    stale = (
        "" if held["latest_snapshot"] == promoted["snapshot_id"] else f"; newest is {held['latest_snapshot']}"
    )
    name, vectors = promoted["snapshot_id"], promoted["vectors"]
    return f"  [green]promoted {name}[/green]: {vectors} vectors ({tiers}){stale}\n{recall}"
