"""Asset checks: each is a statement that holds or does not, with what was measured and what is required.

The rules are elsewhere (``image_rules``, ``expectations``, ``index_builds.gate``); a check shows
them.  Blocking ones keep bad data from what is downstream; the others warn.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from catalog.accounting import books
from catalog.community.consent import NO_CONSENT
from catalog.declarations import FeedRegistry
from index_builds.gate_report import judge
from index_builds.service_recall import HourlyRecall, queries_needed, recall_and_bound
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from index_builds.standing import standing_candidate
from quality.feed_partitions import feed_and_day
from quality.remembered_results import remembering
from quality.suite_results import SuiteResult
from quality.table_suites import (
    listings_results,
    pieces_results,
    prices_results,
    references_results,
    verdicts_results,
)
from storage.handoffs import handed_on
from storage.objects import ObjectStore
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import label_of, recorded_ids

REJECTS_AT_MOST = 0.05  # share of a feed's rows
FAILED_PICTURES_AT_MOST = 0.10  # share of a feed's picture references
REFUSED_PICTURES_AT_MOST = 0.25  # share of a collection's pictures that rules kept out
SERVICE_HOURS = 24  # over which live queries are judged together


@dg.asset_check(asset="listings")
def listings_meet_expectations(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """The feed's live listings meet their great-expectations suite."""
    collection, declaration, _ = feed_and_day(context.partition_key, feeds)
    found = listings_results(catalogue, collection, declaration, remembering(objects, collection))
    return _suite_result({declaration.name: found})


@dg.asset_check(asset="price_history")
def prices_meet_expectations(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """The price history of the feed's listings meets its great-expectations suite."""
    collection, declaration, _ = feed_and_day(context.partition_key, feeds)
    found = prices_results(catalogue, collection, declaration, remembering(objects, collection))
    return _suite_result({declaration.name: found})


@dg.asset_check(asset="rejects")
def rejects_stay_rare(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """Few of the feed's rows are unreadable."""
    collection, declaration, _ = feed_and_day(context.partition_key, feeds)
    held = books(catalogue, collection, [declaration]).feeds[0]
    return _share("rejected", held.rejected, held.items, REJECTS_AT_MOST, held.rejects_by_reason)


@dg.asset_check(asset="pieces", blocking=True)
def pieces_meet_expectations(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
) -> dg.AssetCheckResult:
    """The collection's pieces meet their great-expectations suite."""
    collection = context.partition_key
    return _suite_result({"pieces": pieces_results(catalogue, collection, remembering(objects, collection))})


@dg.asset_check(asset="images", blocking=True)
def references_meet_expectations(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """The picture references of every feed meet the suites of its kind."""
    collection = context.partition_key
    return _suite_result(
        {
            one.name: references_results(catalogue, collection, one, remembering(objects, collection))
            for one in feeds.collections[collection]
        }
    )


@dg.asset_check(asset="image_verdicts", blocking=True)
def verdicts_meet_expectations(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
) -> dg.AssetCheckResult:
    """The verdicts on the collection's pictures meet their great-expectations suite."""
    collection = context.partition_key
    return _suite_result(
        {"verdicts": verdicts_results(catalogue, collection, remembering(objects, collection))}
    )


@dg.asset_check(asset="images")
def pictures_arrive(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """Nearly every picture that listings name could be fetched, and no feed's new ones mostly failed."""
    held = books(catalogue, context.partition_key, feeds.collections[context.partition_key])
    withheld = sum(feed.image_reasons.get(NO_CONSENT, 0) for feed in held.feeds)  # never asked for
    failed = sum(feed.image_states["failed"] for feed in held.feeds) - withheld
    named = sum(feed.image_references for feed in held.feeds) - withheld
    result = _share("failed", failed, named, FAILED_PICTURES_AT_MOST, _reasons(held.feeds))
    waits = {feed.feed: one.reason for feed in held.feeds for one in feed.held if one.pictures}
    return result._replace(passed=result.passed and not waits, metadata={**result.metadata, "held": waits})


@dg.asset_check(asset="image_verdicts")
def refused_pictures_stay_rare(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """Few fetched pictures are quarantined, rejected or waiting for review."""
    held = books(catalogue, context.partition_key, feeds.collections[context.partition_key])
    refused = sum(
        feed.image_states[state] for feed in held.feeds for state in ("quarantined", "review", "rejected")
    )
    judged = refused + sum(feed.image_states["accepted"] for feed in held.feeds)
    return _share("refused", refused, judged, REFUSED_PICTURES_AT_MOST, _reasons(held.feeds))


@dg.asset_check(asset="searchable_images", blocking=True)
def everything_is_accounted_for(
    context: dg.AssetCheckExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.AssetCheckResult:
    """Accepted, rejected, quarantined, in review and failed add up to what the feeds hold."""
    held = books(catalogue, context.partition_key, feeds.collections[context.partition_key])
    lines = [
        "| feed | items | accepted | rejected | pictures | states | balanced |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {feed.feed} | {feed.items} | {feed.accepted} | {feed.rejected} | {feed.image_references} "
        f"| {', '.join(f'{count} {state}' for state, count in feed.image_states.items() if count)} "
        f"| {'yes' if feed.balanced else '**no**'} |"
        for feed in held.feeds
    ]
    waiting = sum(feed.image_states["pending"] for feed in held.feeds)
    return dg.AssetCheckResult(
        passed=held.balanced,
        metadata={"books": dg.MetadataValue.md("\n".join(lines)), "pending_pictures": waiting},
    )


@dg.asset_check(asset="index_snapshot", blocking=True)
def recall_holds(
    context: dg.AssetCheckExecutionContext,
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    encoder: dg.ResourceParam[EncoderLoader],
    index_settings: dg.ResourceParam[IndexSettings],
) -> dg.AssetCheckResult:
    """Every stratum's lower recall bound clears its floor, and the incumbent is not better."""
    # Looked up, not an input: a check on a partitioned asset is given every partition's value.  And not just
    # the newest snapshot, which may be a trial of another encoder.
    collection, configured = context.partition_key, label_of(encoder.settings)
    judged = standing_candidate(
        snapshots,
        collection,
        handed_on=handed_on(objects, "index_snapshot", collection),
        configured=configured,
        configured_ids=recorded_ids(objects, configured),
    )
    if judged is None:
        description = "the collection has no snapshot of the encoder in force"
        return dg.AssetCheckResult(passed=False, description=description)
    manifest = snapshots.manifest(collection, judged)
    failures = judge(manifest.gate, index_settings.gate)
    lines = ["| stratum | measured | required | what was counted |", "|---|---|---|---|"]
    lines += [
        f"| {failure.stratum} | {failure.measured} | {failure.required} | {failure.meaning} |"
        for failure in failures
    ]
    return dg.AssetCheckResult(
        passed=not failures,
        metadata={
            "snapshot_id": manifest.snapshot_id,
            "strata": len(manifest.gate.strata),
            "failures": dg.MetadataValue.md("\n".join(lines) if failures else "none"),
        },
    )


@dg.asset_check(asset="promoted_index")
def recall_holds_in_service(
    context: dg.AssetCheckExecutionContext,
    snapshots: dg.ResourceParam[SnapshotStore],
    index_settings: dg.ResourceParam[IndexSettings],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> dg.AssetCheckResult:
    """Of the live queries of the last hours, the promoted snapshot's lower recall bound clears its floor."""
    from index_builds.service_records import recent_shadow_recall

    collection, gate = context.partition_key, index_settings.gate
    promoted = snapshots.promoted(collection)
    if promoted is None:
        return dg.AssetCheckResult(passed=True, description="nothing is promoted yet")
    measured = recent_shadow_recall(snapshots.engine, collection, promoted, now=clock(), hours=SERVICE_HOURS)
    tiers = snapshots.manifest(collection, promoted).content.tiers
    floor = min(gate.floors.of(tier).overall for tier in tiers)
    return service_result(collection, measured, floor=floor, confidence=gate.confidence)


def service_result(
    collection: str, measured: Sequence[HourlyRecall], *, floor: float, confidence: float
) -> dg.AssetCheckResult:
    """Judge what live queries found: by channel, over all hours together; too few queries say nothing."""
    needed = queries_needed(floor, confidence=confidence)
    lines = ["| channel | queries | recall | lower bound | floor | |", "|---|---|---|---|---|---|"]
    short = []
    for channel in sorted({one.channel for one in measured}):
        own = [one for one in measured if one.channel == channel]
        queries = sum(one.queries for one in own)
        recall, lower = recall_and_bound(own, confidence=confidence)
        verdict = f"fewer than {needed} queries: not judged"
        if queries >= needed:
            verdict = "" if lower >= floor else "**below its floor**"
            short += [] if lower >= floor else [f"{channel} {recall:.4f}, lower bound {lower:.4f}"]
        lines.append(f"| {channel} | {queries} | {recall:.4f} | {lower:.4f} | {floor:.4f} | {verdict} |")
    lines += ["", "| hour | channel | queries | recall |", "|---|---|---|---|"]
    lines += [
        f"| {one.hour} | {one.channel} | {one.queries} | {one.found / one.possible:.4f} |" for one in measured
    ]
    advice = (
        f"recall of live queries fell below {floor:g}: {'; '.join(short)}. `loupe snapshots rollback -c "
        f"{collection}` goes back to the snapshot before; look at its last gate first "
        "(`loupe snapshots show`)"
    )
    return dg.AssetCheckResult(
        passed=not short,
        description=advice if short else None,
        metadata={
            "queries": sum(one.queries for one in measured),
            "recall": dg.MetadataValue.md("\n".join(lines) if measured else "no live query was measured"),
        },
    )


def _share(
    what: str, part: int, whole: int, at_most: float, reasons: Mapping[str, int]
) -> dg.AssetCheckResult:
    measured = part / whole if whole else 0.0
    return dg.AssetCheckResult(
        passed=measured <= at_most,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            f"{what}_share": round(measured, 4),
            "required_at_most": at_most,
            what: part,
            "of": whole,
            "by_reason": dict(reasons),
        },
    )


def _suite_result(found: Mapping[str, Sequence[SuiteResult]]) -> dg.AssetCheckResult:
    """Return suites as one check: an error where a blocking rule is broken, otherwise at most a warning.

    Args:
        found: What was looked at (a feed, a table) and how its suites came out.
    """
    from quality.expectation_tables import findings_table

    results = [result for some in found.values() for result in some]
    blocks = any(result.blocks for result in results)
    return dg.AssetCheckResult(
        passed=all(result.passed for result in results),
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata={
            "findings": dg.MetadataValue.md(findings_table(found)),
            "unmet": sum(not finding.passed for result in results for finding in result.findings),
            "rules": sum(len(result.findings) for result in results),
        },
    )


def _reasons(feeds: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for feed in feeds:
        for reason, count in feed.image_reasons.items():
            total[reason] = total.get(reason, 0) + count
    return dict(sorted(total.items(), key=lambda item: -item[1]))


CHECKS = (
    listings_meet_expectations,
    rejects_stay_rare,
    prices_meet_expectations,
    pieces_meet_expectations,
    references_meet_expectations,
    pictures_arrive,
    verdicts_meet_expectations,
    refused_pictures_stay_rare,
    everything_is_accounted_for,
    recall_holds,
    recall_holds_in_service,
)
