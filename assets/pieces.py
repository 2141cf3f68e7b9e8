"""What the listings of a collection add up to: pieces and trends.  One partition per collection."""

import dagster as dg
from sqlalchemy import Engine

from assets.failures import TRANSIENT
from assets.schemas import schema_metadata
from catalog import tables
from catalog.community.claims import resolve_claims
from catalog.declarations import FeedRegistry
from catalog.pieces import resolve_pieces
from catalog.trends import update_trends

# Every collection looks at every feed and day: which feeds are its own is known to the registry, not to
# Dagster.
OVER_ALL = dg.AllPartitionMapping()


@dg.asset(
    deps=[dg.AssetDep("listings", partition_mapping=OVER_ALL)],
    kinds={"sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.pieces),
)
def pieces(context: dg.AssetExecutionContext, catalogue: dg.ResourceParam[Engine]) -> dg.MaterializeResult:
    """Physical designs: listings of several sources that are the same piece, joined by stated identity."""
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
