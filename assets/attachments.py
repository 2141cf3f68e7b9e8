"""Drawings, 3D models, certificates and documents that listings name.  One partition per collection."""

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.failures import TRANSIENT
from assets.schemas import schema_metadata
from catalog import tables
from catalog.attachments.fetching import fetch_attachments
from catalog.declarations import FeedRegistry
from catalog.locations import LocationAccess
from storage.objects import ObjectStore


@dg.asset(
    deps=["pieces"],
    kinds={"http", "file"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.attachments),
)
def attachments(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
    location_access: dg.ResourceParam[LocationAccess],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Files beside the pictures, named by their digest, and the ledger of every listing that names one."""
    by_feed = {
        declaration.name: fetch_attachments(
            catalogue, objects, context.partition_key, declaration, location_access, attempts=bounds.attempts
        )
        for declaration in feeds.collections[context.partition_key]
    }
    return dg.MaterializeResult(
        metadata={
            "fetched": sum(counts.get("fetched", 0) for counts in by_feed.values()),
            "failed": sum(counts.get("failed", 0) for counts in by_feed.values()),
            "by_feed": {feed: counts for feed, counts in by_feed.items() if counts},
        }
    )
