"""Jobs: one per partitioning, in the order in which a full refresh runs them."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg

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


@dg.job(description="Remove what retention no longer keeps.")
def retention() -> None:
    """Nightly housekeeping of the snapshot store."""
    remove_old_snapshots()


JOBS = (INGEST, CATALOGUE, EMBED, INDEX, PROMOTE, reembed, release_delivery, retention)
