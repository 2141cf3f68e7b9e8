"""What the listings of a collection add up to: pieces, joins to decide, trends.

One partition per collection.
"""

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.encoder_in_force import encoder_id_in_force
from assets.failures import TRANSIENT, permanent
from assets.schemas import schema_metadata
from catalog import tables
from catalog.community.claims import resolve_claims
from catalog.declarations import FeedRegistry
from catalog.demand import DemandSettings, update_demand
from catalog.join_proposals import listing_facts, propose_joins
from catalog.pieces import resolve_pieces
from catalog.trends import update_trends
from catalog.vector_proposals import vector_proposals
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.embedding_parts import EmbeddingParts
from vision.encoder_loader import EncoderLoader
from vision.errors import EncoderError

# Every collection looks at every feed and day: which feeds are its own is known to the registry, not to
# Dagster.
OVER_ALL = dg.AllPartitionMapping()


@dg.asset(
    deps=["image_verdicts"],
    kinds={"sqlalchemy"},
    code_version="2",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.pieces),
)
def pieces(context: dg.AssetExecutionContext, catalogue: dg.ResourceParam[Engine]) -> dg.MaterializeResult:
    """Physical designs: listings of several sources that are one piece, by stated identity, then pictures."""
    claims = resolve_claims(catalogue, context.partition_key)
    report = resolve_pieces(catalogue, context.partition_key)
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count": report.pieces,
            "listings": report.listings,
            "joined_across_sources": report.joined,
            "disagreements": report.disagreements,
            "changed": report.changed,
            "claims": claims.claims,
            "claims_resolved": claims.resolved,
            "listings_by_rule": dict(report.by_rule),
            "decisions_overruled": [
                f"#{one.decision.decision_id} cannot hold beside {', '.join(f'#{by}' for by in one.by)}"
                for one in report.overruled
            ],
            "decisions_dormant": len(report.dormant),
        }
    )


@dg.asset(
    deps=["pieces", dg.AssetDep("image_embeddings", partition_mapping=OVER_ALL)],
    kinds={"sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.join_proposals),
)
def join_proposals(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    encoder: dg.ResourceParam[EncoderLoader],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Pairs of listings that may be one piece, by photographs or vectors: for a person to decide."""
    collection = context.partition_key
    facts = listing_facts(catalogue, collection)
    with permanent(EncoderError):
        encoder_id = encoder_id_in_force(snapshots, collection, encoder)
    vectors = EmbeddingParts(objects, encoder_id, bounds.shards, snapshots.cache)
    further = vector_proposals(facts.rows, facts.vectors(vectors.read), facts.pieces)
    counts = propose_joins(catalogue, collection, facts, further)
    return dg.MaterializeResult(
        metadata={"dagster/partition_row_count": sum(counts.values()), "proposed_by": counts}
    )


@dg.asset(
    deps=["pieces"],
    kinds={"sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.piece_demand),
)
def piece_demand(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    demand_settings: dg.ResourceParam[DemandSettings],
) -> dg.MaterializeResult:
    """How much each piece is wanted: events that lose half their worth with every half-life, and searches."""
    report = update_demand(catalogue, context.partition_key, demand_settings)
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count": report.pieces,
            "day": str(report.day),
            "demand": report.demand,
            "touches": report.touches,
        }
    )


@dg.asset(
    deps=[dg.AssetDep("price_history", partition_mapping=OVER_ALL), "pieces"],
    kinds={"sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.trends),
)
def trends(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.MaterializeResult:
    """Supply, price level and demand per day by category, metal, stone and style."""
    collection = context.partition_key
    currency = feeds.reporting_currencies.get(collection)
    written = update_trends(catalogue, collection, reporting_currency=currency)
    return dg.MaterializeResult(metadata={"rows_written": written})
