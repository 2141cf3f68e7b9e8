"""Jobs: one per partitioning, in the order in which a full refresh runs them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import dagster as dg
from sqlalchemy import Engine

from catalog.demand import DemandSettings
from catalog.events.settings import EventSettings
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from orchestration.reembed import reembed
from orchestration.releasing import release_delivery

INGEST = dg.define_asset_job(
    "ingest",
    selection=["deliveries", "listings", "rejects", "price_history"],
    description="Fetch one feed and read what is new into the catalogue.",
)
CATALOGUE = dg.define_asset_job(
    "catalogue",
    selection=[
        "images",
        "picture_relations",
        "image_verdicts",
        "pieces",
        "piece_demand",
        "trends",
        "search_quality",
        "attachments",
        "renditions",
        "searchable_images",
        "quality_docs",
    ],
    description="Fetch and judge pictures, join pieces, and say what of a collection can be searched.",
)
EMBED = dg.define_asset_job(
    "embed",
    selection=["image_embeddings", "channel_vectors"],
    description="Embed and describe accepted pictures that have no vectors yet.",
)
INDEX = dg.define_asset_job(
    "index",
    selection=["join_proposals", "piece_attributes", "index_snapshot", "promoted_index"],
    description="Propose joins, suggest attributes; build a snapshot, run its gate, promote it if it passes.",
)
PROMOTE = dg.define_asset_job(
    "promote",
    selection=["promoted_index"],
    description="Promote the newest candidate, proved again: promotion trusts no check that ran before.",
)


@dg.op(tags={"dagster/priority": "-1"})
def remove_old_snapshots(
    context: dg.OpExecutionContext,
    snapshots: dg.ResourceParam[SnapshotStore],
    index_settings: dg.ResourceParam[IndexSettings],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> None:
    """Remove snapshots past their retention, and the files that no remaining one names."""
    from index_builds.retention import collect_garbage

    keep = index_settings.retention
    report = collect_garbage(
        snapshots, keep_last=keep.keep_last, grace=keep.grace, keep_days=keep.keep_days, now=clock()
    )
    context.log.info(
        f"removed {len(report.removed_snapshots)} snapshots and {len(report.removed_objects)} objects, "
        f"kept {len(report.kept_snapshots)} snapshots"
    )


@dg.op(tags={"dagster/priority": "-1"})
def forget_old_events(
    context: dg.OpExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    event_settings: dg.ResourceParam[EventSettings],
    demand_settings: dg.ResourceParam[DemandSettings],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> None:
    """Make old events counts, and forget old searches, counts of live queries and keys of pseudonyms."""
    from catalog.events.forgetting import forget_expired
    from index_builds.service_records import remove_shadow_recall

    now = clock()
    gone = forget_expired(catalogue, event_settings, demand_settings, today=now.date())
    hours = remove_shadow_recall(catalogue, before=now - timedelta(days=event_settings.keep_days))
    context.log.info(
        f"{gone.events} events became counts; forgot {gone.searches} searches, {gone.found_counts} counts of "
        f"finds, {gone.keys} keys of pseudonyms and {hours} hours of shadow recall"
    )


@dg.job(description="Remove what retention no longer keeps.")
def retention() -> None:
    """Nightly housekeeping of the snapshot store and of what was recorded of searches."""
    remove_old_snapshots()
    forget_old_events()


JOBS = (INGEST, CATALOGUE, EMBED, INDEX, PROMOTE, reembed, release_delivery, retention)
