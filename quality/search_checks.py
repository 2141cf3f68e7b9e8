"""Checks of what searches brought: that they find something, and that a newer snapshot is clicked as much.

They warn: clicks depend on the season, the page and whoever visits it, and a person has to look.
"""

from collections.abc import Sequence

import dagster as dg
from sqlalchemy import Engine

from catalog.events.daily_quality import DayQuality, read_search_quality
from catalog.events.quality import SearchQuality, drop_in_clicks, together

ZERO_RESULTS_AT_MOST = 0.05  # share of searches that showed nothing
SEARCHES_AT_LEAST = 100  # fewer say nothing
DAYS = 7  # that are judged together
CONFIDENCE = 0.99  # that clicks did drop


@dg.asset_check(asset="search_quality")
def searches_find_something(
    context: dg.AssetCheckExecutionContext, catalogue: dg.ResourceParam[Engine]
) -> dg.AssetCheckResult:
    """Of the searches of the last measured days, few showed nothing."""
    return empty_answers_result(read_search_quality(catalogue, context.partition_key, days=DAYS))


@dg.asset_check(asset="search_quality")
def newer_snapshot_is_clicked_as_much(
    context: dg.AssetCheckExecutionContext, catalogue: dg.ResourceParam[Engine]
) -> dg.AssetCheckResult:
    """Of the last measured days, answers of the newest snapshot were clicked as often as those before it."""
    return clicks_result(read_search_quality(catalogue, context.partition_key, days=DAYS))


def empty_answers_result(measured: Sequence[DayQuality]) -> dg.AssetCheckResult:
    """Judge the share of empty answers; browsing what is new is no search."""
    asked = [one.measured for one in measured if one.measured.kind != "recent"]
    searches, empty = sum(one.searches for one in asked), sum(one.zero_results for one in asked)
    share = empty / searches if searches else 0.0
    return dg.AssetCheckResult(
        passed=searches < SEARCHES_AT_LEAST or share <= ZERO_RESULTS_AT_MOST,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if searches >= SEARCHES_AT_LEAST else f"fewer than {SEARCHES_AT_LEAST} searches",
        metadata={
            "searches": searches,
            "zero_result_rate": round(share, 4),
            "required_at_most": ZERO_RESULTS_AT_MOST,
        },
    )


def clicks_result(measured: Sequence[DayQuality]) -> dg.AssetCheckResult:
    """Judge click-through of the newest snapshot against the one before it, by kind of search."""
    lines = [
        "| kind | snapshot | searches | click-through | chance of as few | |",
        "|---|---|---|---|---|---|",
    ]
    fell = []
    for kind in sorted({one.measured.kind for one in measured}):
        own = [one.measured for one in measured if one.measured.kind == kind]
        by_snapshot = {
            name: together([one for one in own if one.snapshot_id == name])
            for name in sorted({one.snapshot_id for one in own})  # ids start with the version
        }
        enough = [one for one in by_snapshot.values() if one.searches >= SEARCHES_AT_LEAST][-2:]
        if len(enough) < 2:
            continue
        before, after = enough
        chance = drop_in_clicks(before, after)
        dropped = chance < 1 - CONFIDENCE
        lines += [_line(before, "", ""), _line(after, f"{chance:.4f}", "**fewer clicks**" if dropped else "")]
        fell += [f"{kind}: {before.click_through:.4f} to {after.click_through:.4f}"] if dropped else []
    return dg.AssetCheckResult(
        passed=not fell,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"click-through fell ({'; '.join(fell)}): compare the snapshots (`loupe snapshots diff`)"
        if fell
        else None,
        metadata={
            "clicks": dg.MetadataValue.md(
                "\n".join(lines) if len(lines) > 2 else f"no two snapshots with {SEARCHES_AT_LEAST} searches"
            )
        },
    )


def _line(one: SearchQuality, chance: str, verdict: str) -> str:
    measured = f"{one.searches} | {one.click_through:.4f}"
    return f"| {one.kind} | `{one.snapshot_id}` | {measured} | {chance} | {verdict} |"


SEARCH_CHECKS = (searches_find_something, newer_snapshot_is_clicked_as_much)
