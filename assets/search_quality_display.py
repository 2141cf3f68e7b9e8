"""How search quality looks in the Dagster UI: figures of the latest day, days and positions as tables."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from catalog.events.daily_quality import DayQuality, QualityReport


def search_quality_metadata(report: QualityReport, measured: Sequence[DayQuality]) -> dict[str, Any]:
    """Return what is worth watching.

    Args:
        report: Of the update.
        measured: Days, the newest first.
    """
    latest = [one for one in measured if one.day == measured[0].day]
    return {
        "days_looked_at": report.days,
        "days_changed": report.changed,
        **_figures(latest),
        "quality": dg.MetadataValue.md(_days(measured) if measured else "no search was recorded"),
        "clicks_by_position": dg.MetadataValue.md(_positions(report)),
    }


def _figures(latest: Iterable[DayQuality]) -> dict[str, Any]:
    """Return the latest day's figures by kind of search, over its snapshots together."""
    figures: dict[str, Any] = {}
    kinds: dict[str, list[Any]] = {}
    for one in latest:
        kinds.setdefault(one.measured.kind, []).append(one.measured)
        figures["latest_day"] = one.day
    for kind, some in kinds.items():
        searches = sum(one.searches for one in some)
        figures |= {
            f"searches/{kind}": searches,
            f"click_through/{kind}": round(sum(one.clicked for one in some) / searches, 4),
            f"mrr/{kind}": round(sum(one.mrr * one.searches for one in some) / searches, 4),
            f"zero_result_rate/{kind}": round(sum(one.zero_results for one in some) / searches, 4),
        }
    return figures


def _days(measured: Sequence[DayQuality]) -> str:
    lines = [
        "| day | kind | snapshot | searches | click-through | MRR | nothing found | diversity "
        "| seconds to click | purchased | latency ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for day in measured:
        one = day.measured
        lines.append(
            f"| {day.day} | {one.kind} | `{one.snapshot_id}` | {one.searches} | {one.click_through:.4f} "
            f"| {one.mrr:.4f} | {one.zero_result_rate:.4f} | {_number(one.diversity, 3)} "
            f"| {_number(one.seconds_to_click, 1)} | {one.purchased} | {one.latency_ms:.1f} |"
        )
    return "\n".join(lines)


def _positions(report: QualityReport) -> str:
    """Return clicks per position: where they fall off, people did not look, or did not find it worse."""
    lines = ["| position | shown | clicked | share |", "|---|---|---|---|"]
    lines += [
        f"| {place + 1} | {at.shown} | {at.clicked} | {at.clicked / at.shown:.4f} |"
        for place, at in sorted(report.positions.items())
    ]
    return "\n".join(lines) if report.positions else "no answer was recorded"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
